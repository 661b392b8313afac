//! The demo organisation, from a file compiled in.

mod responses;
mod scripts;

use crate::node::Stores;
use onqueue_access::DefaultRole;
use onqueue_auth as auth;
use onqueue_content as content;
use onqueue_model::{DeploymentId, DivisionId, Fault, Id, Language, OrganisationId, QueueId, SkillId, UserId};
use onqueue_proto::routing::v1::{ConversationRules, Queue as Line};
use onqueue_routing as routing;
use onqueue_server::{Context, Ids};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};
use uuid::Uuid;

/// The file.
const DEMO: &str = include_str!("../demo.toml");
/// The namespace in which names become ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f6e_7175_6575_6500_8000_6465_6d6f_0001);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    organisation: Organisation,
    skills: Vec<Skill>,
    queues: Vec<Queue>,
    users: Vec<User>,
    deployments: Vec<Deployment>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Organisation {
    slug: String,
    name: String,
    language: String,
    time_zone: String,
    /// By name, the first for whatever names none.
    divisions: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Skill {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Queue {
    name: String,
    description: String,
    #[serde(default)]
    division: String,
    limit: i32,
    skills: Vec<String>,
    languages: Vec<String>,
    labels: BTreeMap<String, String>,
    /// What its agents are led through.
    #[serde(default)]
    script: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    name: String,
    email: String,
    language: String,
    #[serde(default)]
    division: String,
    role: String,
    #[serde(default)]
    queues: Vec<String>,
    #[serde(default)]
    skills: BTreeMap<String, u16>,
    #[serde(default)]
    languages: BTreeMap<String, u16>,
    #[serde(default)]
    maximum_chats: u8,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deployment {
    name: String,
    queues: Vec<String>,
    #[serde(default)]
    greetings: BTreeMap<String, String>,
}

/// What a person or a script needs to use the demo.
#[derive(Debug, Clone, Serialize)]
pub struct Credentials {
    /// Organisation slug for logging in.
    pub organisation: String,
    /// The chat page's deployment.
    pub deployment: String,
    /// Queue ids by name.
    pub queues: BTreeMap<String, String>,
    /// Who can log in.
    pub users: Vec<Login>,
}

/// A user of the demo.
#[derive(Clone, Serialize)]
pub struct Login {
    /// E-mail address.
    pub email: String,
    /// Password, until the next start.
    pub password: String,
    /// As others see them.
    pub name: String,
    /// Their id.
    pub user_id: String,
    /// Their role's name.
    pub role: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// The demo, ready to be put into the services.
#[derive(Debug)]
pub struct Demo {
    /// For auth.
    pub auth: auth::Seed,
    /// For routing.
    pub routing: routing::Seed,
    /// For content.
    pub content: content::Seed,
    /// For content, too.
    pub scripts: content::ScriptSeed,
    /// For people.
    pub credentials: Credentials,
}

impl Demo {
    /// Puts what was never there into the database, and sets the passwords.
    pub(crate) async fn put(&self, stores: &Stores, context: &Context) -> Result<(), Fault> {
        if let (Some(auth), Some(routing)) = (stores.of("auth"), stores.of("routing")) {
            auth::seed_missing(auth, context, self.auth.clone()).await?;
            routing::seed(routing, context, self.routing.clone()).await?;
        }
        if let Some(content) = stores.of("content") {
            content::seed(content, context, self.content.clone()).await?;
            content::seed_scripts(content, context, self.scripts.clone()).await?;
        }
        Ok(())
    }

    /// Writes what people need, and what more is known, as JSON: whole or not at all, and for the owner's eyes only, for it
    /// holds passwords.
    pub(crate) fn write(&self, file: &Path, more: Value) -> Result<(), Fault> {
        let failed = |error: std::io::Error| Fault::unavailable(format!("{}: {error}", file.display()));
        let mut content = serde_json::to_value(&self.credentials).map_err(Fault::internal)?;
        if let (Value::Object(content), Value::Object(more)) = (&mut content, more) {
            content.extend(more);
        }
        let unfinished = file.with_extension("unfinished");
        let mut out = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&unfinished)
            .map_err(failed)?;
        out.write_all(content.to_string().as_bytes())
            .and_then(|()| out.sync_all())
            .map_err(failed)?;
        std::fs::rename(&unfinished, file).map_err(failed)
    }
}

/// Reads the file and makes new passwords.
pub fn load(ids: &Ids) -> Result<Demo, Fault> {
    let file: File = toml::from_str(DEMO).map_err(|error| Fault::internal(format!("demo.toml: {error}")))?;
    let credentials = credentials(&file, ids);
    Ok(Demo {
        auth: auth_seed(&file, &credentials)?,
        routing: routing_seed(&file)?,
        content: responses::load(organisation(&file), |name| division(&file, name))?,
        scripts: scripts::load(organisation(&file), |name| division(&file, name)),
        credentials,
    })
}

fn id<T>(kind: &str, name: &str) -> Id<T> {
    Id::new(Uuid::new_v5(&NAMESPACE, format!("{kind}/{name}").as_bytes()))
}

fn organisation(file: &File) -> OrganisationId {
    id("organisation", &file.organisation.slug)
}

/// The division of that name, or the first.
fn division(file: &File, name: &str) -> DivisionId {
    let first = file.organisation.divisions.first().map(String::as_str);
    let named = Some(name).filter(|name| !name.is_empty());
    id("division", named.or(first).unwrap_or_default())
}

fn user(of: &User) -> UserId {
    id("user", &of.email)
}

fn queue(name: &str) -> QueueId {
    id("queue", name)
}

fn skill(name: &str) -> SkillId {
    id("skill", name)
}

fn credentials(file: &File, ids: &Ids) -> Credentials {
    let login = |of: &User| Login {
        email: of.email.clone(),
        password: password(ids),
        name: of.name.clone(),
        user_id: user(of).to_string(),
        role: of.role.clone(),
    };
    Credentials {
        organisation: file.organisation.slug.clone(),
        deployment: file
            .deployments
            .first()
            .map(|of| deployment(of).to_string())
            .unwrap_or_default(),
        queues: file
            .queues
            .iter()
            .map(|of| (of.name.clone(), queue(&of.name).to_string()))
            .collect(),
        users: file.users.iter().map(login).collect(),
    }
}

fn deployment(of: &Deployment) -> DeploymentId {
    id("deployment", &of.name)
}

/// Sixteen letters and digits that are not easily mistaken for one another: nearly 80 bits.
pub(crate) fn password(ids: &Ids) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789x";
    let letters: String = ids
        .bytes::<16>()
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect();
    format!(
        "{}-{}-{}-{}",
        &letters[..4],
        &letters[4..8],
        &letters[8..12],
        &letters[12..]
    )
}

fn auth_seed(file: &File, credentials: &Credentials) -> Result<auth::Seed, Fault> {
    let mut users = Vec::new();
    for (of, login) in file.users.iter().zip(&credentials.users) {
        users.push(auth::seed::User {
            id: user(of),
            division: division(file, &of.division),
            name: of.name.clone(),
            email: of.email.clone(),
            language: of.language.clone(),
            password: Some(login.password.clone()),
        });
    }
    let grant = |of: &User| auth::seed::Grant {
        user: user(of),
        role: id("role", &of.role),
        division: if of.role == DefaultRole::Administrator.name() {
            DivisionId::ALL
        } else {
            division(file, &of.division)
        },
    };
    Ok(auth::Seed {
        organisation: auth::seed::Organisation {
            id: organisation(file),
            slug: file.organisation.slug.clone(),
            name: file.organisation.name.clone(),
            language: file.organisation.language.clone(),
            time_zone: file.organisation.time_zone.clone(),
        },
        divisions: file.organisation.divisions.iter().map(part(file)).collect(),
        users,
        roles: DefaultRole::ALL.iter().map(role).collect(),
        grants: file.users.iter().map(grant).collect(),
        deployments: file
            .deployments
            .iter()
            .map(|of| chat_page(file, of))
            .collect::<Result<_, _>>()?,
    })
}

fn part(file: &File) -> impl Fn(&String) -> auth::seed::Division + '_ {
    |name| auth::seed::Division {
        id: division(file, name),
        name: name.clone(),
    }
}

fn role(of: &DefaultRole) -> auth::seed::Role {
    let permissions = of.permissions().iter().map(|text| (*text).to_owned()).collect();
    auth::seed::Role {
        id: id("role", of.name()),
        name: of.name().to_owned(),
        permissions,
    }
}

fn chat_page(file: &File, of: &Deployment) -> Result<auth::seed::Deployment, Fault> {
    let chosen = file.queues.iter().filter(|queue| of.queues.contains(&queue.name));
    Ok(auth::seed::Deployment {
        id: deployment(of),
        division: division(file, ""),
        name: of.name.clone(),
        enabled: true,
        origins: Vec::new(),
        queues: chosen.map(choice).collect::<Result<_, _>>()?,
        greetings: of.greetings.clone(),
    })
}

fn choice(of: &Queue) -> Result<auth::seed::DeploymentQueue, Fault> {
    Ok(auth::seed::DeploymentQueue {
        queue_id: queue(&of.name),
        labels: of.labels.clone(),
        languages: of.languages.iter().map(|tag| language(tag)).collect::<Result<_, _>>()?,
        skill_ids: of.skills.iter().map(|name| skill(name)).collect(),
    })
}

fn language(tag: &str) -> Result<Language, Fault> {
    Language::parse(tag).ok_or_else(|| Fault::internal(format!("demo.toml: not a language: {tag}")))
}

fn routing_seed(file: &File) -> Result<routing::Seed, Fault> {
    Ok(routing::Seed {
        organisation: organisation(file),
        queues: file.queues.iter().map(|of| line(file, of)).collect::<Result<_, _>>()?,
        skills: file
            .skills
            .iter()
            .map(|of| routing::SeedSkill {
                id: skill(&of.name),
                name: of.name.clone(),
            })
            .collect(),
        agents: file
            .users
            .iter()
            .filter(|of| !of.queues.is_empty())
            .map(agent)
            .collect(),
    })
}

fn line(file: &File, of: &Queue) -> Result<Line, Fault> {
    let script = scripts::named(&of.script)?;
    let rules = script.map(|script| ConversationRules {
        script_id: script.to_string(),
        ..ConversationRules::default()
    });
    Ok(Line {
        queue_id: queue(&of.name).to_string(),
        name: of.name.clone(),
        description: of.description.clone(),
        division_id: division(file, &of.division).to_string(),
        limit: of.limit,
        conversation_rules: rules,
        ..Line::default()
    })
}

fn agent(of: &User) -> routing::SeedAgent {
    routing::SeedAgent {
        id: user(of),
        name: of.name.clone(),
        queues: of
            .queues
            .iter()
            .map(|name| routing::Membership {
                queue: queue(name),
                joined: true,
            })
            .collect(),
        skills: of.skills.iter().map(|(name, level)| (skill(name), *level)).collect(),
        languages: of.languages.clone(),
        maximum_chats: of.maximum_chats,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_is_complete() {
        let demo = load(&Ids::seeded(1)).expect("the files are well-formed");
        let of_role = |role: DefaultRole| {
            let users = demo.credentials.users.iter();
            users.filter(|user| user.role == role.name()).count()
        };
        let people = [DefaultRole::Agent, DefaultRole::Supervisor, DefaultRole::Administrator].map(of_role);
        assert_eq!(people, [8, 2, 1]);
        assert_eq!((demo.auth.divisions.len(), demo.routing.queues.len()), (2, 3));
        assert_eq!(demo.content.responses.len(), 40);
        let scripts = demo.scripts.scripts.iter().map(|script| script.script_id.as_str());
        let used = demo
            .routing
            .queues
            .iter()
            .filter_map(|queue| queue.conversation_rules.as_ref());
        let used: Vec<_> = used.map(|rules| rules.script_id.as_str()).collect();
        assert_eq!(scripts.collect::<Vec<_>>(), used);
        for response in &demo.content.responses {
            let languages = response.variants.iter().map(|variant| &*variant.language);
            assert_eq!(languages.collect::<Vec<_>>(), ["de", "en"], "{}", response.name);
        }
        let known: Vec<_> = demo
            .content
            .libraries
            .iter()
            .map(|library| &library.library_id)
            .collect();
        let named = demo.content.responses.iter().flat_map(|response| &response.library_ids);
        assert!(named.into_iter().all(|library| known.contains(&library)));
    }
}

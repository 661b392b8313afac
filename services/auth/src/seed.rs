//! Making an organisation from a description: the demo, and later the operator's first one.

use crate::{
    app::{passwords, time_zone},
    store::Tables,
};
use onqueue_bus::Subject;
use onqueue_model::{DeploymentId, DivisionId, Fault, Language, OrganisationId, Permission, RoleId, UserId};
use onqueue_server::{Context, resource::name};
use onqueue_store::Store;
use std::{collections::BTreeMap, sync::Arc};

pub use onqueue_trust::DeploymentQueue;

/// An organisation with everything in it.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The organisation.
    pub organisation: Organisation,
    /// Its divisions.
    pub divisions: Vec<Division>,
    /// Its users.
    pub users: Vec<User>,
    /// Its roles.
    pub roles: Vec<Role>,
    /// What those users hold: they hold nothing else afterwards.
    pub grants: Vec<Grant>,
    /// Its chat pages.
    pub deployments: Vec<Deployment>,
}

/// An organisation.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// Names it.
    pub id: OrganisationId,
    /// The short name by which its users log in: lower-case letters, digits and hyphens.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// BCP-47 tag that new users begin with.
    pub language: String,
    /// IANA name.
    pub time_zone: String,
}

/// A division.
#[derive(Clone, Debug)]
pub struct Division {
    /// Names it.
    pub id: DivisionId,
    /// Its name.
    pub name: String,
}

/// A user.
#[derive(Clone)]
pub struct User {
    /// Names them.
    pub id: UserId,
    /// The division they belong to.
    pub division: DivisionId,
    /// As others see them.
    pub name: String,
    /// Their address, by which they log in.
    pub email: String,
    /// BCP-47 tag of the language they work in.
    pub language: String,
    /// Set anew, and its failed logins forgotten, if there is one; otherwise as it was (at first: none, and no login).
    pub password: Option<String>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A role.
#[derive(Clone, Debug)]
pub struct Role {
    /// Names it.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// Its permissions; parts may be `*`.
    pub permissions: Vec<String>,
}

/// A user holds a role in a division.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// Who; one of the seed's users.
    pub user: UserId,
    /// What; one of the seed's roles.
    pub role: RoleId,
    /// Where; one of the seed's divisions, or [`DivisionId::ALL`].
    pub division: DivisionId,
}

/// A chat page's configuration.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Names it.
    pub id: DeploymentId,
    /// Where it belongs.
    pub division: DivisionId,
    /// Its name; unique in the organisation.
    pub name: String,
    /// Whether chats may begin from it.
    pub enabled: bool,
    /// Web origins that may use it; empty means the gateway's own origin only.
    pub origins: Vec<String>,
    /// Queues that a customer may choose.
    pub queues: Vec<DeploymentQueue>,
    /// What its page says before a chat begins, by BCP-47 tag.
    pub greetings: BTreeMap<String, String>,
}

/// Makes the organisation as described, or brings it there, in one transaction with one audit record for each thing made
/// or changed. Doing it again changes nothing but the passwords given; the trust revision moves only if something that it
/// covers has changed. FIELD_INVALID if the description contradicts itself.
pub async fn seed(store: &Store, context: &Context, seed: Seed) -> Result<(), Fault> {
    check(&seed)?;
    let now = context.clock.now();
    let hashes = hashes(context, &seed.users).await?;
    let tables = Tables::new(store.clone());
    if tables.seed(Arc::new(seed), Arc::new(hashes), now).await? {
        context.bus.publish(Subject::Trust, "");
    }
    Ok(())
}

/// Adds what of the description the organisation never had, and sets the passwords given of users who are still there. What
/// people have changed or removed since stays as they left it.
pub async fn seed_missing(store: &Store, context: &Context, seed: Seed) -> Result<(), Fault> {
    check(&seed)?;
    let now = context.clock.now();
    let hashes = hashes(context, &seed.users).await?;
    let tables = Tables::new(store.clone());
    if tables.seed_missing(Arc::new(seed), Arc::new(hashes), now).await? {
        context.bus.publish(Subject::Trust, "");
    }
    Ok(())
}

/// Makes a new organisation as described, whose users have passwords that somebody may choose. NAME_TAKEN if its slug is
/// another's.
pub async fn found(store: &Store, context: &Context, organisation: Seed) -> Result<(), Fault> {
    for password in organisation.users.iter().filter_map(|user| user.password.as_ref()) {
        passwords::check_new("user.password", password)?;
    }
    seed(store, context, organisation).await
}

async fn hashes(context: &Context, users: &[User]) -> Result<BTreeMap<UserId, String>, Fault> {
    let mut hashes = BTreeMap::new();
    for user in users {
        if let Some(password) = &user.password {
            hashes.insert(user.id, passwords::hash(password.clone(), context.ids.bytes()).await?);
        }
    }
    Ok(hashes)
}

fn check(seed: &Seed) -> Result<(), Fault> {
    let slug = &seed.organisation.slug;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if slug.is_empty() || slug.len() > 63 || !slug.bytes().all(is_plain) {
        return Err(Fault::field(
            "organisation.slug",
            "1 to 63 lower-case letters, digits and hyphens",
        ));
    }
    check_organisation(&seed.organisation)?;
    for user in &seed.users {
        if !user.email.contains('@') || user.email.len() > 254 {
            return Err(Fault::field("user.email", format!("not an address: {}", user.email)));
        }
        if Language::parse(&user.language).is_none() {
            return Err(Fault::field(
                "user.language",
                format!("not a language tag: {}", user.language),
            ));
        }
        if user
            .password
            .as_ref()
            .is_some_and(|password| !passwords::fits(password))
        {
            return Err(Fault::field("user.password", "1 to 1,024 bytes"));
        }
        known(seed, user.division)?;
    }
    for text in seed.roles.iter().flat_map(|role| &role.permissions) {
        if Permission::parse(text).is_none() {
            return Err(Fault::field("role.permissions", format!("not a permission: {text}")));
        }
    }
    seed.grants.iter().try_for_each(|grant| check_grant(seed, *grant))
}

fn check_organisation(organisation: &Organisation) -> Result<(), Fault> {
    name("organisation.name", &organisation.name)?;
    if Language::parse(&organisation.language).is_none() {
        let problem = format!("not a language tag: {}", organisation.language);
        return Err(Fault::field("organisation.language", problem));
    }
    if time_zone(&organisation.time_zone).as_ref() != Some(&organisation.time_zone) {
        let problem = format!(
            "not a time zone: {}; one is written like Europe/Berlin",
            organisation.time_zone
        );
        return Err(Fault::field("organisation.time_zone", problem));
    }
    Ok(())
}

fn check_grant(seed: &Seed, grant: Grant) -> Result<(), Fault> {
    if !seed.users.iter().any(|user| user.id == grant.user) {
        return Err(Fault::field("grant.user", "not one of the users"));
    }
    if !seed.roles.iter().any(|role| role.id == grant.role) {
        return Err(Fault::field("grant.role", "not one of the roles"));
    }
    if grant.division == DivisionId::ALL {
        return Ok(());
    }
    known(seed, grant.division)
}

fn known(seed: &Seed, division: DivisionId) -> Result<(), Fault> {
    let is_known = seed.divisions.iter().any(|known| known.id == division);
    is_known
        .then_some(())
        .ok_or_else(|| Fault::field("division", "not one of the divisions"))
}

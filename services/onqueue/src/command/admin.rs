//! `onqueue admin create`: the first organisation and its administrator.

use crate::{
    cli::AdminCreate,
    demo::password,
    node::Stores,
    output::say,
    settings::{Loaded, Settings, administrator_password},
};
use onqueue_access::DefaultRole;
use onqueue_auth::{Seed, seed};
use onqueue_bus::Bus;
use onqueue_model::{DivisionId, Fault, Reason, Timestamp};
use onqueue_server::{Clock, Context, Ids, Tasks};
use onqueue_store::Lock;
use onqueue_trust::Trust;
use std::path::Path;

/// Makes the organisation and says how to log in; the password only if nobody else knows it yet.
pub async fn create(loaded: Loaded, options: AdminCreate) -> Result<(), Fault> {
    let mut settings = loaded.settings;
    // Whose tables it fills, whatever runs in the processes that share the file.
    settings.process.services = ["auth".to_owned()].into();
    // A running installation holds the lock; it goes on, and reads what is made here within seconds.
    let _lock = Lock::take(&settings.store).ok();
    let context = context();
    let given = given(options.password_file.as_deref())?;
    let chosen = given.clone().unwrap_or_else(|| password(&context.ids));
    put(&settings, &context, organisation(&options, &context, chosen.clone()))
        .await
        .map_err(|fault| told(fault, &options))?;
    say(format_args!(
        "the organisation “{}” is made; log in at /desk as {}",
        options.organisation, options.email
    ));
    if let Some(file) = settings.store.sqlite_path() {
        say(format_args!("it is kept in {}", file.display()));
    }
    if given.is_none() {
        say(format_args!("password (it is not shown again): {chosen}"));
    }
    Ok(())
}

fn context() -> Context {
    Context {
        clock: Clock::system(),
        ids: Ids::system(),
        tasks: Tasks::new(),
        bus: Bus::in_process(),
        trust: Trust::new(),
    }
}

/// The password that somebody chose.
fn given(file: Option<&Path>) -> Result<Option<String>, Fault> {
    let Some(file) = file else {
        return Ok(administrator_password());
    };
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|error| Fault::unavailable(format!("{}: {error}", file.display())))?;
    Ok(Some(text.lines().next().unwrap_or_default().to_owned()))
}

async fn put(settings: &Settings, context: &Context, describe: impl FnOnce(Timestamp) -> Seed) -> Result<(), Fault> {
    let stores = Stores::open_at_once(settings, context).await?;
    let store = stores
        .of("auth")
        .ok_or_else(|| Fault::internal("auth has no database"))?;
    context.clock.set(store.now().await?);
    onqueue_auth::found(store, context, describe(context.clock.now())).await
}

fn organisation(options: &AdminCreate, context: &Context, password: String) -> impl FnOnce(Timestamp) -> Seed {
    let (options, ids) = (options.clone(), context.ids.clone());
    move |now| {
        let (division, user) = (ids.id(now), ids.id(now));
        let roles = DefaultRole::ALL.map(|role| (role, ids.id(now)));
        let administrators = roles.iter().filter(|(role, _)| *role == DefaultRole::Administrator);
        let grants = administrators.map(|(_, role)| seed::Grant {
            user,
            role: *role,
            division: DivisionId::ALL,
        });
        Seed {
            organisation: seed::Organisation {
                id: ids.id(now),
                name: options.name.unwrap_or_else(|| options.organisation.clone()),
                slug: options.organisation,
                language: options.language.clone(),
                time_zone: options.time_zone,
            },
            divisions: vec![seed::Division {
                id: division,
                name: options.division,
            }],
            users: vec![seed::User {
                id: user,
                division,
                name: options.administrator,
                email: options.email,
                language: options.language,
                password: Some(password),
            }],
            grants: grants.collect(),
            roles: roles
                .iter()
                .map(|(role, id)| seed::Role {
                    id: *id,
                    name: role.name().to_owned(),
                    permissions: role.permissions().iter().map(|text| (*text).to_owned()).collect(),
                })
                .collect(),
            deployments: Vec::new(),
        }
    }
}

/// What is wrong, in the words of the command line.
fn told(fault: Fault, options: &AdminCreate) -> Fault {
    let field = fault.metadata.iter().find(|(key, _)| *key == "field");
    match (fault.reason, field) {
        (Reason::NameTaken, _) => Fault::unavailable(format!(
            "there is an organisation “{}” already, and nothing was changed; log in as its administrator, or choose \
             another --organisation",
            options.organisation
        )),
        (Reason::FieldInvalid, Some((_, field))) => Fault::unavailable(format!("{}: {}", option(field), fault.message)),
        _ => fault,
    }
}

fn option(field: &str) -> &str {
    match field {
        "organisation.slug" => "--organisation",
        "organisation.name" => "--name",
        "organisation.language" | "user.language" => "--language",
        "organisation.time_zone" => "--time-zone",
        "user.email" => "--email",
        "user.password" => "the administrator's password",
        other => other,
    }
}

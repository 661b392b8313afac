//! `onqueue admin`: the first organisation with its administrator, and another password for somebody who lost theirs.

use super::password::given;
use crate::{
    cli::{AdminCreate, AdminPassword},
    demo,
    node::Stores,
    output::say,
    settings::{Loaded, Settings, is_there},
};
use onqueue_access::DefaultRole;
use onqueue_auth::{Seed, seed};
use onqueue_bus::Bus;
use onqueue_model::{DivisionId, Fault, Reason, Timestamp};
use onqueue_server::{Clock, Context, Ids, Tasks};
use onqueue_store::{Lock, Store};
use onqueue_trust::Trust;

/// Makes the organisation and says how to log in; the password only if nobody else knows it yet.
pub async fn create(loaded: Loaded, options: AdminCreate) -> Result<(), Fault> {
    let settings = of_auth(loaded);
    // A running installation holds the lock; it goes on, and reads what is made here within seconds.
    let _lock = Lock::take(&settings.store).ok();
    let context = context();
    let given = given(options.password_file.as_deref())?;
    let chosen = given.clone().unwrap_or_else(|| demo::password(&context.ids));
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

/// Gives somebody another password, and says it only if nobody else knows it yet.
pub async fn password(loaded: Loaded, options: AdminPassword) -> Result<(), Fault> {
    let settings = of_auth(loaded);
    if let Some(file) = settings.store.sqlite_path() {
        is_there(&file)?;
    }
    let _lock = Lock::take(&settings.store).ok();
    let context = context();
    let AdminPassword {
        organisation, email, ..
    } = &options;
    let given = given(options.password_file.as_deref())?;
    let chosen = given.clone().unwrap_or_else(|| demo::password(&context.ids));
    let stores = opened(&settings, &context).await?;
    onqueue_auth::reset_password(auth(&stores)?, &context, organisation, email, chosen.clone())
        .await
        .map_err(|fault| not_set(fault, &options))?;
    say(format_args!(
        "{email} of “{organisation}” has another password; who is logged in as them is logged out within 5 seconds"
    ));
    if given.is_none() {
        say(format_args!("password (it is not shown again): {chosen}"));
    }
    Ok(())
}

/// Whose tables are changed, whatever runs in the processes that share the file.
fn of_auth(loaded: Loaded) -> Settings {
    let mut settings = loaded.settings;
    settings.process.services = ["auth".to_owned()].into();
    settings
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

async fn put(settings: &Settings, context: &Context, describe: impl FnOnce(Timestamp) -> Seed) -> Result<(), Fault> {
    let stores = opened(settings, context).await?;
    onqueue_auth::found(auth(&stores)?, context, describe(context.clock.now())).await
}

/// The database, whose time is the context's from then on.
async fn opened(settings: &Settings, context: &Context) -> Result<Stores, Fault> {
    let stores = Stores::open_at_once(settings, context).await?;
    context.clock.set(auth(&stores)?.now().await?);
    Ok(stores)
}

fn auth(stores: &Stores) -> Result<&Store, Fault> {
    let missing = || Fault::internal("auth has no database");
    stores.of("auth").ok_or_else(missing)
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

/// Why there is no other password, in the words of the command line.
fn not_set(fault: Fault, options: &AdminPassword) -> Fault {
    let AdminPassword {
        organisation, email, ..
    } = options;
    let of = |key: &str| fault.metadata.iter().find(|(known, _)| *known == key);
    match (fault.reason, of("object"), of("field")) {
        (Reason::NotFound, Some((_, object)), _) if object == "organisation" => Fault::unavailable(format!(
            "--organisation: there is no organisation “{organisation}”: give the short name with which its users log in"
        )),
        (Reason::NotFound, ..) => Fault::unavailable(format!(
            "--email: nobody logs in to “{organisation}” as {email}: give the address of somebody who does"
        )),
        (Reason::FieldInvalid, _, Some((_, field))) => {
            Fault::unavailable(format!("{}: {}", option(field), fault.message))
        }
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
        "user.password" => "the password",
        other => other,
    }
}

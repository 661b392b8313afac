//! The databases of a process: one SQLite file for all services, or PostgreSQL with a schema and a role for each.

use crate::settings::{Settings, holds_something};
use onqueue_model::Fault;
use onqueue_server::{Context, Readiness};
use onqueue_store::{Pending, Profile, Store, StoreError, trust};
use std::{collections::BTreeMap, time::Duration};

/// How often a database that is not there, or not up to date, is looked at.
const PAUSE: Duration = Duration::from_millis(500);

/// The services that have a schema.
pub const OWNERS: [&str; 4] = ["auth", "session", "routing", "content"];

/// By service.
pub struct Stores(BTreeMap<&'static str, Store>);

impl Stores {
    /// Opens what the services of this process need. A SQLite file is made, unless one is there which holds nothing, and
    /// brought up to date; PostgreSQL is waited for, and for its tables.
    pub async fn open(settings: &Settings, context: &Context, readiness: &Readiness) -> Result<Self, Fault> {
        let services = settings.process.services();
        let own = OWNERS.into_iter().filter(|service| services.has(service));
        if !settings.store.is_postgres() {
            if !services.need_database() {
                return Ok(Self(BTreeMap::new()));
            }
            if let Some(file) = settings.store.sqlite_path() {
                holds_something(&file)?;
            }
            let store = Store::open(&settings.store).await?;
            for service in OWNERS {
                up(&store, service).await?;
            }
            return Ok(Self(own.map(|service| (service, store.clone())).collect()));
        }
        let mut stores = BTreeMap::new();
        let drain = context.tasks.drain_token();
        for service in own {
            let _latch = readiness.latch("database");
            let opened = drain.run_until_cancelled(waited_for(settings, service)).await;
            stores.insert(service, opened.ok_or_else(|| Fault::unavailable("told to end"))?);
        }
        Ok(Self(stores))
    }

    /// The same, but says at once what is missing instead of waiting for it.
    pub async fn open_at_once(settings: &Settings, context: &Context) -> Result<Self, Fault> {
        if !settings.store.is_postgres() {
            return Self::open(settings, context, &Readiness::new(&context.tasks)).await;
        }
        let services = settings.process.services();
        let mut stores = BTreeMap::new();
        for service in OWNERS.into_iter().filter(|service| services.has(service)) {
            let store = ready(settings, service).await.map_err(Fault::unavailable)?;
            stores.insert(service, store);
        }
        Ok(Self(stores))
    }

    /// A service's own.
    pub fn of(&self, service: &str) -> Option<&Store> {
        self.0.get(service)
    }

    /// Any of them: for what all may read.
    pub fn any(&self) -> Option<&Store> {
        self.0.values().next()
    }

    pub fn into_map(self) -> BTreeMap<&'static str, Store> {
        self.0
    }
}

/// A service's database, once it is there and has its tables.
async fn waited_for(settings: &Settings, service: &'static str) -> Store {
    let mut said = String::new();
    loop {
        let problem = match ready(settings, service).await {
            Ok(store) => return store,
            Err(problem) => problem,
        };
        if said != problem {
            tracing::warn!(service, problem, "waiting for the database");
            said = problem;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn ready(settings: &Settings, service: &'static str) -> Result<Store, String> {
    let own = settings.store.of(service);
    let store = Store::open_as(&own, &profile(service))
        .await
        .map_err(|error| error.to_string())?;
    let Pending(pending) = pending(&store, service).await.map_err(|error| error.to_string())?;
    if !pending.is_empty() {
        let pending = pending.join(", ");
        return Err(format!("tables are not up to date ({pending}): run `onqueue migrate`"));
    }
    // In other services' schemas, readable once `onqueue migrate` is through.
    trust::mark(&store)
        .await
        .map_err(|error| format!("permissions cannot be read ({error}): run `onqueue migrate`"))?;
    Ok(store)
}

fn profile(service: &'static str) -> Profile {
    match service {
        "routing" => onqueue_routing::profile(),
        "content" => onqueue_content::profile(),
        other => Profile::of(other),
    }
}

async fn pending(store: &Store, service: &str) -> Result<Pending, StoreError> {
    match service {
        "auth" => store.pending::<onqueue_auth::Migrations>().await,
        "session" => store.pending::<onqueue_session::Migrations>().await,
        "routing" => store.pending::<onqueue_routing::Migrations>().await,
        _ => store.pending::<onqueue_content::Migrations>().await,
    }
}

/// The names of migrations that were not applied to a service's tables, and of those that a newer version has applied.
pub async fn condition(store: &Store, service: &str) -> Result<(Vec<String>, Vec<String>), StoreError> {
    let Pending(pending) = pending(store, service).await?;
    let ahead = match service {
        "auth" => store.ahead::<onqueue_auth::Migrations>().await?,
        "session" => store.ahead::<onqueue_session::Migrations>().await?,
        "routing" => store.ahead::<onqueue_routing::Migrations>().await?,
        _ => store.ahead::<onqueue_content::Migrations>().await?,
    };
    Ok((pending, ahead))
}

async fn up(store: &Store, service: &str) -> Result<(), StoreError> {
    match service {
        "auth" => store.migrate::<onqueue_auth::Migrations>().await,
        "session" => store.migrate::<onqueue_session::Migrations>().await,
        "routing" => store.migrate::<onqueue_routing::Migrations>().await,
        _ => store.migrate::<onqueue_content::Migrations>().await,
    }
}

/// Brings every service's tables up to date: in the one SQLite file, or each in its schema of PostgreSQL, whose roles and
/// rights are made too.
pub async fn migrate(settings: &onqueue_store::Settings) -> Result<(), Fault> {
    if !settings.is_postgres() {
        let store = Store::open(settings).await?;
        for service in OWNERS {
            up(&store, service).await?;
        }
        return Ok(store.close().await?);
    }
    Store::prepare(settings, &OWNERS).await?;
    let owner = settings.as_owner();
    for service in OWNERS {
        let store = Store::open_as(&owner, &Profile::of(service)).await?;
        up(&store, service).await?;
        store.close().await?;
    }
    Ok(())
}

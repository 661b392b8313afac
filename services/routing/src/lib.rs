//! Queues, agents, offers and decisions: the shell of `onqueue_acd`. It owns the engines and makes their decisions durable
//! before anybody hears of them; what a conversation is, it leaves to session, whom it tells what it decided.

mod app;
mod export;
mod grpc;
mod migrations;
mod schedule;
mod seed;
mod settings;
mod store;
mod wording;

#[doc(hidden)]
pub use app::Gate;
pub use app::Owners;
pub use export::{Beginning, Export};
pub use migrations::Migrations;
pub use seed::{Membership, Seed, SeedAgent, SeedSkill, seed};
pub use settings::Settings;

use onqueue_model::Fault;
use onqueue_server::{Bound, Context, InProcess};
use onqueue_store::{Planning, Profile, Store};
use std::time::Duration;

/// How the service's store is to be opened on PostgreSQL: a paused owner keeps no locks for longer than a taker of its leases
/// may wait. The outbox and what came and has not gone are short and long by turns.
pub const fn profile() -> Profile {
    Profile {
        statement_timeout: Duration::from_secs(3),
        idle_in_transaction: Duration::from_secs(1),
        planning: Planning::EachTime,
        ..Profile::of("routing")
    }
}

/// Binds the service to its surroundings: `store` has been migrated, `session` is called as routing, `owners` gives the way
/// to another replica of routing, as routing, by the address that it was set. When this returns it owns the shards and every
/// queue is in force, or another replica owns them, to which calls are forwarded that need the owner; or neither can be told
/// yet (UNAVAILABLE until it can), or session does not answer (it is tried again in the background).
/// FIELD_INVALID names a setting that contradicts others.
pub async fn bind(
    settings: &Settings,
    store: Store,
    context: Context,
    session: InProcess,
    owners: Owners,
) -> Result<Bound, Fault> {
    bind_behind(settings, store, context, session, (owners, Gate::default())).await
}

/// [`bind`], with a gate at which a test can stop the owner as a paused process would stop.
#[doc(hidden)]
pub async fn bind_behind(
    settings: &Settings,
    store: Store,
    context: Context,
    session: InProcess,
    surroundings: (Owners, Gate),
) -> Result<Bound, Fault> {
    settings.check()?;
    let routing = app::Routing::start(settings, store, context, session, surroundings).await?;
    Ok(Bound {
        name: "routing",
        routes: grpc::routes(&routing),
    })
}

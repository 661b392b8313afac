//! Queues, agents, offers and decisions: the shell of `onqueue_acd`. It owns the engines and makes their decisions durable
//! before anybody hears of them; what a conversation is, it leaves to session, whom it tells what it decided.

mod app;
mod grpc;
mod migrations;
mod seed;
mod settings;
mod store;

#[doc(hidden)]
pub use app::Gate;
pub use migrations::Migrations;
pub use seed::{Membership, Seed, SeedAgent, SeedSkill, seed};
pub use settings::Settings;

use onqueue_model::Fault;
use onqueue_server::{Bound, Context, InProcess};
use onqueue_store::Store;

/// Binds the service to its surroundings: `store` has been migrated, `session` is called as routing. When this returns it
/// owns the shards and every queue is in force, unless another process owns them (calls are answered UNAVAILABLE until it
/// can take over) or session does not answer (it is tried again in the background).
/// FIELD_INVALID names a setting that contradicts others.
pub async fn bind(settings: &Settings, store: Store, context: Context, session: InProcess) -> Result<Bound, Fault> {
    bind_behind(settings, store, context, session, Gate::default()).await
}

/// [`bind`], with a gate at which a test can stop the owner as a paused process would stop.
#[doc(hidden)]
pub async fn bind_behind(
    settings: &Settings,
    store: Store,
    context: Context,
    session: InProcess,
    gate: Gate,
) -> Result<Bound, Fault> {
    settings.check()?;
    let routing = app::Routing::start(settings, store, context, session, gate).await;
    Ok(Bound {
        name: "routing",
        routes: grpc::routes(&routing),
    })
}

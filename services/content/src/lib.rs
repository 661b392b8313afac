//! Canned responses: libraries of texts that agents send again and again, found while they type, filled in for the
//! conversation, and moved in and out as files. Scripts: what agents are led through; which page comes next, libs/script says.
//! What a conversation is, session knows, which is asked on the caller's behalf.

mod app;
mod content;
mod fields;
mod grpc;
mod migrations;
mod mistake;
mod script;
mod search;
mod seed;
mod seed_scripts;
mod settings;
mod store;
mod template;
mod transfer;

pub use migrations::Migrations;
pub use seed::{Seed, seed};
pub use seed_scripts::{ScriptSeed, seed_scripts};
pub use settings::Settings;

use onqueue_model::Fault;
use onqueue_server::{Bound, Context, InProcess};
use onqueue_store::{Planning, Profile, Store};

/// The service's name.
pub const NAME: &str = "content";

/// How the service's store is to be opened on PostgreSQL: a file of responses makes short tables long at once.
pub const fn profile() -> Profile {
    Profile {
        planning: Planning::EachTime,
        ..Profile::of(NAME)
    }
}

/// Binds the service to its surroundings: `store` has been migrated, `session` is called as content, each time on behalf of
/// whoever called.
// Asynchronous and fallible as every service's bind is.
#[allow(clippy::unused_async, clippy::needless_pass_by_value)]
pub async fn bind(settings: &Settings, store: Store, context: Context, session: InProcess) -> Result<Bound, Fault> {
    settings.check()?;
    let (tasks, kept) = (context.tasks.clone(), settings.uses_kept());
    let content = app::Content::new(store::Tables(store), context, session);
    let (keeper, drain) = (content.clone(), tasks.drain_token().clone());
    tasks.spawn("content upkeep", async move {
        drain.run_until_cancelled(keeper.keep_up(kept)).await;
    });
    let (bringer, drain) = (content.clone(), tasks.drain_token().clone());
    tasks.spawn("content contact writes", async move {
        drain.run_until_cancelled(bringer.keep_bringing()).await;
    });
    let (forgetter, drain) = (content.clone(), tasks.drain_token().clone());
    tasks.spawn("content forgetting", async move {
        drain.run_until_cancelled(forgetter.keep_forgetting()).await;
    });
    Ok(Bound {
        name: NAME,
        routes: grpc::routes(&content),
    })
}

//! Canned responses: libraries of texts that agents send again and again, found while they type and filled in for the
//! conversation. What a conversation is, session knows, which is asked on the caller's behalf.

mod app;
mod content;
mod grpc;
mod migrations;
mod search;
mod seed;
mod settings;
mod store;
mod template;

pub use migrations::Migrations;
pub use seed::{Seed, seed};
pub use settings::Settings;

use onqueue_model::Fault;
use onqueue_server::{Bound, Context, InProcess};
use onqueue_store::Store;

/// The service's name.
pub const NAME: &str = "content";

/// Binds the service to its surroundings: `store` has been migrated, `session` is called as content, each time on behalf of
/// whoever called.
// Asynchronous and fallible as every service's bind is.
#[allow(clippy::unused_async, clippy::needless_pass_by_value)]
pub async fn bind(_settings: &Settings, store: Store, context: Context, session: InProcess) -> Result<Bound, Fault> {
    let content = app::Content::new(store::Tables(store), context, session);
    Ok(Bound {
        name: NAME,
        routes: grpc::routes(&content),
    })
}

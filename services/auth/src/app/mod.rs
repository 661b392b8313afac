//! The use cases: logging in, refreshing, logging out, and keeping keys.

mod keys;
pub mod passwords;
mod refresh_token;
mod tokens;

pub use keys::Keys;
pub use tokens::{Issued, Tokens};

use crate::store::Tables;
use onqueue_server::Context;
use std::{sync::Arc, time::Duration};

/// How often keys and tables are looked after.
const UPKEEP: Duration = Duration::from_secs(600);

/// Makes the next signing key in time and removes what has ended, until the process drains.
pub async fn upkeep(tables: Tables, keys: Arc<Keys>, context: Context) {
    loop {
        tokio::select! {
            () = context.tasks.draining() => return,
            () = context.clock.sleep(UPKEEP) => {}
        }
        if let Err(error) = keys.renew().await {
            tracing::warn!(
                context = error.context,
                "signing keys could not be renewed; tried again later"
            );
        }
        if let Err(error) = tables.tidy(context.clock.now()).await {
            tracing::warn!(%error, "what has ended could not be removed; tried again later");
        }
    }
}

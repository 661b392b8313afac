//! The use cases: logging in, refreshing, logging out, and keeping keys.

mod administration;
mod api_clients;
mod credentials;
mod deployments;
mod divisions;
mod grants;
mod keys;
mod organisation;
mod origins;
pub mod passwords;
mod permissions;
mod reach;
mod refresh_token;
mod roles;
mod tokens;
mod users;

pub use administration::Administration;
pub use api_clients::{ApiClientDraft, ApiClients};
pub use deployments::{DeploymentDraft, Deployments, Former};
pub use divisions::DivisionDraft;
pub use grants::{Explanation, GrantQuery};
pub use keys::{Keys, fresh as fresh_key};
pub use organisation::{Organisations, time_zone};
pub use origins::normal as normal_origin;
pub use permissions::{catalogue, parse as parse_permission};
pub use roles::RoleDraft;
pub use tokens::{Issued, Tokens};
pub use users::{UserDraft, UserQuery};

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
            () = keys.follow() => {}
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

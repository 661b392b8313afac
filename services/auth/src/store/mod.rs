//! The tables of auth. Every method is one transaction or one read; what is refused in a transaction that must be
//! committed all the same (a counted failure, a revocation) comes back as the inner result.

mod administrators;
mod api_clients;
mod deployments;
mod divisions;
mod entities;
mod failures;
mod grants;
mod keys;
mod listing;
mod missing;
mod objects;
mod organisations;
mod passwords;
#[cfg(test)]
mod plans;
mod roles;
mod search;
mod seed;
mod sessions;
mod staff;
mod trust;
mod users;

pub use api_clients::ApiClient;
pub use deployments::{Deployment, Listed, no_deployment};
pub use divisions::Division;
pub use grants::{Explained, GrantPlace, Granted, NewGrants, Regrant, Subject, etag as grants_etag};
pub use keys::StoredKey;
pub use objects::{Edit, Removal};
use objects::{Key, Object, Stored};
pub use organisations::{Organisation, OrganisationChange};
pub use passwords::NewPassword;
pub use roles::Role;
pub(crate) use search::address_key;
pub use search::{UserFilter, UserPlace};
pub use sessions::{Exchange, Exchanged, NewToken, Opened, Settle};
pub use users::{User, UserState};

use onqueue_model::OrganisationId;
use onqueue_store::{Scope, Store, StoreError};
use sea_orm::{DatabaseTransaction, QuerySelect as _};

/// Auth's tables.
#[derive(Clone, Debug)]
pub struct Tables(Store);

impl Tables {
    /// In that database.
    pub const fn new(store: Store) -> Self {
        Self(store)
    }
}

/// Keeps other changes of what the organisation's administrators make waiting until the transaction ends. It comes first in
/// each of them: what it reads then is the latest, its audit record follows the last, and none waits for another that waits
/// for it. On SQLite one transaction writes at a time anyway.
pub(crate) async fn lock_organisation(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
) -> Result<(), StoreError> {
    let row = Scope::of(organisation).find::<entities::organisation::Entity>();
    row.lock_exclusive().one(tx).await?;
    Ok(())
}

fn broken(error: impl std::fmt::Display) -> StoreError {
    StoreError::Broken(error.to_string())
}

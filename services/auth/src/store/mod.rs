//! The tables of auth. Every method is one transaction or one read; what is refused in a transaction that must be
//! committed all the same (a counted failure, a revocation) comes back as the inner result.

mod entities;
mod failures;
mod keys;
mod seed;
mod sessions;
mod trust;
mod users;

pub use keys::StoredKey;
pub use sessions::{Exchange, Exchanged, NewToken, Opened, Settle};
pub use users::User;

use onqueue_store::{Store, StoreError};

/// Auth's tables.
#[derive(Clone, Debug)]
pub struct Tables(Store);

impl Tables {
    /// In that database.
    pub const fn new(store: Store) -> Self {
        Self(store)
    }
}

fn broken(error: impl std::fmt::Display) -> StoreError {
    StoreError::Broken(error.to_string())
}

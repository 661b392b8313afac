//! The database for every service: opening it, transactions with retry, group commit, migrations, cursors, and the tables
//! whose shape services share (audit, trust). What the tables of a service mean stays in that service.
#![deny(missing_docs)]

mod alone;
pub mod audit;
mod backup;
mod batcher;
mod condition;
mod cursor;
mod error;
mod figures;
mod kept;
mod knock;
mod lock;
mod look;
mod migrate;
mod place;
mod pool;
mod prepare;
mod purge;
pub mod query;
mod reader;
pub mod schema;
mod scope;
mod settings;
mod store;
mod transaction;
pub mod trust;

pub use alone::Alone;
pub use backup::put_back;
pub use batcher::{Batcher, Closed, Commit};
pub use condition::Rights;
pub use cursor::{decode_token, encode_token};
pub use error::{DAMAGED, StoreError};
pub use knock::NoEntry;
pub use lock::Lock;
pub use look::Look;
pub use migrate::Pending;
pub use purge::Purged;
pub use reader::Reader;
pub use scope::{Scope, Scoped};
pub use settings::{Planning, Profile, Settings};
pub use store::{Store, now_ms};

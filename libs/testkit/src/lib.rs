//! What tests of services need: time that is moved by hand, ids that repeat, a database that goes away, servers
//! to be killed, tokens
//! for whoever is wanted, and waiting for a condition instead of sleeping.
#![deny(missing_docs)]

mod servers;
mod surroundings;
mod tokens;
mod waiting;

pub use onqueue_daemons::{Disk, Failure, NatsServer, PostgresServer, PrometheusServer, Stop, psql};
/// The chassis, for tests of what stands beside it and meets it only over a network.
pub use onqueue_server as server;
pub use servers::{PostgresDatabase, nats, own_nats, own_postgres, postgres, prometheus};
pub use surroundings::{Migrate, START, TempStore, migrated_store, running_context, still_context, temp_store, traced};
pub use tokens::{Tokens, with_token};
pub use waiting::until;

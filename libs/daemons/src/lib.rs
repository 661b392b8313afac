//! A PostgreSQL, a NATS and a Prometheus server of one's own, for tests: on free ports of the loopback address, in folders that go
//! away, run by an ordinary user, and ended with the process that started them, however that ends. Nothing of the product
//! is in here.
#![deny(missing_docs)]
// For tests only: they wait in real time.
#![allow(clippy::disallowed_methods)]

mod guard;
mod nats;
mod ports;
mod postgres;
mod prometheus;

pub use nats::NatsServer;
pub use ports::free_port;
pub use postgres::{Disk, PostgresServer, Stop, psql};
pub use prometheus::PrometheusServer;

/// Why a server could not be had; where something is missing on this machine, what to install.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

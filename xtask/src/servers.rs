//! The servers that a run of the tests shares: one PostgreSQL, one NATS.

use crate::cli::{Failure, Outcome};
use onqueue_daemons::{Disk, NatsServer, PostgresServer};
use std::env;

/// Where the tests find PostgreSQL, and NATS; whoever sets them has servers already.
const POSTGRES_URL: &str = "ONQUEUE_TEST_POSTGRES_URL";
const NATS_URL: &str = "ONQUEUE_TEST_NATS_URL";
/// The program `nats-server`, where it is not on PATH.
const NATS_SERVER: &str = "ONQUEUE_TEST_NATS_SERVER";

/// They end when this is dropped.
pub struct Servers {
    postgres: Option<PostgresServer>,
    nats: Option<NatsServer>,
}

impl Servers {
    /// Starts those that nobody has set.
    pub fn start() -> Outcome<Self> {
        let failed = |onqueue_daemons::Failure(text)| Failure(text);
        let postgres = is_unset(POSTGRES_URL).then(|| PostgresServer::start(Disk::Unsynced));
        let nats = is_unset(NATS_URL).then(|| NatsServer::start(named().as_deref()));
        Ok(Self {
            postgres: postgres.transpose().map_err(failed)?,
            nats: nats.transpose().map_err(failed)?,
        })
    }

    /// What the tests need to know of them.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let postgres = self
            .postgres
            .as_ref()
            .map(|server| (POSTGRES_URL, server.url("onqueue")));
        let nats = self.nats.as_ref().map(|server| (NATS_URL, server.url()));
        postgres.into_iter().chain(nats).collect()
    }
}

/// Whether there is a PostgreSQL server, or can be started one.
pub fn has_postgres() -> bool {
    !is_unset(POSTGRES_URL) || PostgresServer::is_installed().is_ok()
}

/// Whether a NATS server can be started: some tests need one that they can kill.
pub fn has_nats() -> bool {
    NatsServer::program(named().as_deref()).is_ok()
}

fn named() -> Option<String> {
    env::var(NATS_SERVER).ok().filter(|name| !name.is_empty())
}

fn is_unset(name: &str) -> bool {
    env::var_os(name).is_none_or(|value| value.is_empty())
}

//! The PostgreSQL and NATS servers that the tests of one process share, and a database for each test.

use onqueue_daemons::{Disk, Failure, NatsServer, PostgresServer, PrometheusServer, psql};
use onqueue_store::Settings;
use std::{
    process,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// A server that somebody else started: `postgres://…` of a superuser.
const POSTGRES_URL: &str = "ONQUEUE_TEST_POSTGRES_URL";
/// A server that somebody else started: `nats://…`.
const NATS_URL: &str = "ONQUEUE_TEST_NATS_URL";
/// The program `nats-server`, where it is not on PATH.
const NATS_SERVER: &str = "ONQUEUE_TEST_NATS_SERVER";
/// The folder with Prometheus' programs, where they are not on PATH.
const PROMETHEUS: &str = "ONQUEUE_TEST_PROMETHEUS";

/// An empty database on the PostgreSQL server that the tests of this process share. It goes when this is dropped.
#[derive(Debug)]
pub struct PostgresDatabase {
    name: String,
}

impl PostgresDatabase {
    /// Its address for a superuser.
    pub fn url(&self) -> String {
        with_database(postgres_url(), &self.name)
    }

    /// Its address for another role.
    pub fn url_as(&self, role: &str) -> String {
        with_role(&self.url(), role)
    }

    /// To open it as a superuser.
    pub fn settings(&self) -> Settings {
        Settings::postgres(&self.url())
    }

    /// Runs SQL in it, with PostgreSQL's own client, and answers the rows, a line each; panics if it fails.
    pub fn run(&self, sql: &str) -> String {
        expect(psql(&self.url(), sql))
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // It stays if the server is gone; then its data are too, or somebody else looks after them.
        let _ = psql(
            postgres_url(),
            &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
        );
    }
}

/// Makes a database for one test, on the server at ONQUEUE_TEST_POSTGRES_URL or on one that is started for this process.
/// Panics, saying what to install, if there is none to start.
pub async fn postgres() -> PostgresDatabase {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "onqueue_test_{}_{}",
        process::id(),
        MADE.fetch_add(1, Ordering::Relaxed)
    );
    let create = format!("CREATE DATABASE {name}");
    let made = blocking(move || psql(postgres_url(), &create)).await;
    expect(made);
    PostgresDatabase { name }
}

/// The address of the NATS server at ONQUEUE_TEST_NATS_URL, or of one that is started for this process. The tests share
/// it: each takes a prefix of its own. Panics, saying what to install, if there is none to start.
pub async fn nats() -> String {
    blocking(|| nats_url().to_owned()).await
}

/// Starts a NATS server that one test has to itself, to kill it for instance. Panics, saying what to install, if there is
/// none to start.
pub async fn own_nats() -> NatsServer {
    blocking(|| expect(NatsServer::start(variable(NATS_SERVER).as_deref()))).await
}

/// Starts a Prometheus server with this configuration. Panics, saying what to install, if there is none to start.
pub async fn prometheus(configuration: String) -> PrometheusServer {
    blocking(move || expect(PrometheusServer::start(variable(PROMETHEUS).as_deref(), &configuration))).await
}

/// Starts a PostgreSQL server that one test has to itself, to kill it for instance. Panics, saying what to install, if
/// there is none to start.
pub async fn own_postgres(disk: Disk) -> PostgresServer {
    blocking(move || expect(PostgresServer::start(disk))).await
}

/// The server lives as long as this process: its guard ends it.
fn postgres_url() -> &'static str {
    static URL: OnceLock<(String, Option<PostgresServer>)> = OnceLock::new();
    let (url, _) = URL.get_or_init(|| match variable(POSTGRES_URL) {
        Some(url) => (url, None),
        None => {
            let server = expect(PostgresServer::start(Disk::Unsynced));
            (server.url("onqueue"), Some(server))
        }
    });
    url
}

fn nats_url() -> &'static str {
    static URL: OnceLock<(String, Option<NatsServer>)> = OnceLock::new();
    let (url, _) = URL.get_or_init(|| match variable(NATS_URL) {
        Some(url) => (url, None),
        None => {
            let server = expect(NatsServer::start(variable(NATS_SERVER).as_deref()));
            (server.url(), Some(server))
        }
    });
    url
}

/// What is set for a run of the tests; these are no settings of the product.
#[allow(clippy::disallowed_methods)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn expect<T>(outcome: Result<T, Failure>) -> T {
    outcome.unwrap_or_else(|Failure(text)| panic!("{text}"))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

fn with_database(url: &str, name: &str) -> String {
    let (place, options) = url.split_once('?').unwrap_or((url, ""));
    let server = place
        .char_indices()
        .filter(|(_, letter)| *letter == '/')
        .nth(2)
        .map_or(place, |(at, _)| &place[..at]);
    let mark = if options.is_empty() { "" } else { "?" };
    format!("{server}/{name}{mark}{options}")
}

fn with_role(url: &str, role: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let place = rest.split_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{role}@{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_another_database_or_role() {
        for (url, expected) in [
            (
                "postgres://me:pw@db:5432/main?sslmode=disable",
                "postgres://me:pw@db:5432/t?sslmode=disable",
            ),
            ("postgres://db/main", "postgres://db/t"),
            ("postgres://db", "postgres://db/t"),
        ] {
            assert_eq!(with_database(url, "t"), expected);
        }
        assert_eq!(with_role("postgres://me:pw@db:1/x", "you"), "postgres://you@db:1/x");
        assert_eq!(with_role("postgres://db/x", "you"), "postgres://you@db/x");
    }

    #[tokio::test]
    async fn a_database_goes_with_its_test() {
        let database = postgres().await;
        let (name, url) = (database.name.clone(), database.url());
        database.run("CREATE TABLE kept (n INT)");
        assert_eq!(database.run("SELECT current_database()").trim(), name);
        drop(database);
        psql(&url, "SELECT 1").expect_err("gone");
    }
}

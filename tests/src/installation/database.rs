//! The database of an installation, and what a test puts into it or reads from it directly.

use super::Disks;
use crate::process::binary;
use onqueue::demo::Demo;
use onqueue_model::OrganisationId;
use onqueue_server::{Clock, Context};
use onqueue_store::{Profile, Settings, Store};
use onqueue_testkit::{Disk, PostgresDatabase, PostgresServer, Stop, own_postgres, postgres, psql, running_context};
use sea_orm::DatabaseConnection;
use std::{path::Path, process::Command};

/// A migrated PostgreSQL database.
pub struct Database {
    server: Server,
}

enum Server {
    Own(PostgresServer),
    Shared(PostgresDatabase),
}

impl Database {
    /// Makes it as an operator would: `onqueue migrate`.
    pub(super) async fn make(disks: Disks, folder: &Path) -> Self {
        let server = match disks {
            Disks::Own => Server::Own(own_postgres(Disk::Synced).await),
            Disks::Unsynced => Server::Own(own_postgres(Disk::Unsynced).await),
            Disks::Shared => Server::Shared(postgres().await),
        };
        let database = Self { server };
        let config = folder.join("migrate.toml");
        std::fs::write(&config, format!("[store]\nurl = \"{}\"\n", database.owner_url())).expect("writes");
        let migrate = move || {
            Command::new(binary())
                .args(["migrate", "--config"])
                .arg(config)
                .output()
        };
        let migrated = tokio::task::spawn_blocking(migrate)
            .await
            .expect("runs")
            .expect("starts");
        assert!(
            migrated.status.success(),
            "{}",
            String::from_utf8_lossy(&migrated.stderr)
        );
        database
    }

    /// Puts an organisation into it, as `onqueue demo` does, but without responses.
    pub async fn seed(&self, demo: Demo) {
        self.seed_users(demo.auth).await;
        let (store, context) = self.open("routing").await;
        onqueue_routing::seed(&store, &context, demo.routing)
            .await
            .expect("seeds routing");
        store.close().await.expect("closes");
        let (store, context) = self.open("content").await;
        onqueue_content::seed_scripts(&store, &context, demo.scripts)
            .await
            .expect("seeds scripts");
        store.close().await.expect("closes");
    }

    /// Puts the demo's responses into it, which most tests can do without.
    pub async fn seed_responses(&self, seed: onqueue_content::Seed) {
        let (store, context) = self.open("content").await;
        onqueue_content::seed(&store, &context, seed)
            .await
            .expect("seeds responses");
        store.close().await.expect("closes");
    }

    /// Puts an organisation without queues into it.
    pub async fn seed_users(&self, seed: onqueue_auth::Seed) {
        let (store, context) = self.open("auth").await;
        onqueue_auth::seed(&store, &context, seed).await.expect("seeds auth");
        store.close().await.expect("closes");
    }

    /// How many records a service's audit chain has; it is checked.
    pub async fn audit_records(&self, service: &'static str, organisation: OrganisationId) -> usize {
        let (store, _) = self.open(service).await;
        let records = onqueue_store::audit::verify(store.reader(), service, organisation).await;
        store.close().await.expect("closes");
        records.expect("whole").len()
    }

    async fn open(&self, service: &'static str) -> (Store, Context) {
        let settings = Settings::postgres(&self.owner_url());
        let store = Store::open_as(&settings, &Profile::of(service)).await.expect("opens");
        let seed = u64::try_from(Clock::system().now().millis()).expect("after 1970");
        (store, running_context(seed))
    }

    /// A connection that finds the tables of all services by their names alone.
    pub async fn connect(&self) -> DatabaseConnection {
        let path = "options[search_path]=onqueue_session,onqueue_routing,onqueue_auth";
        let mut options = sea_orm::ConnectOptions::new(format!("{}&{path}", self.owner_url()));
        options.max_connections(2).sqlx_logging(false);
        sea_orm::Database::connect(options).await.expect("connects")
    }

    /// Runs SQL as the owner and answers the rows, a line each.
    pub fn run(&self, sql: &str) -> String {
        psql(&self.owner_url(), sql).expect("SQL runs")
    }

    /// Restarts the server as a crash would.
    pub fn crash(&mut self) {
        self.own().stop(Stop::Immediate).expect("stops");
        self.own().start_again().expect("starts again");
    }

    fn own(&mut self) -> &mut PostgresServer {
        match &mut self.server {
            Server::Own(server) => server,
            Server::Shared(_) => panic!("the tests of this process share it"),
        }
    }

    /// The port of loopback on which an own server listens.
    pub fn port(&self) -> u16 {
        match &self.server {
            Server::Own(server) => server.port(),
            Server::Shared(_) => panic!("the tests of this process share it"),
        }
    }

    /// Its address for the owner of the tables.
    pub fn owner_url(&self) -> String {
        match &self.server {
            Server::Own(server) => server.url("onqueue"),
            Server::Shared(database) => database.url(),
        }
    }

    /// Its address for a member that runs a service: as the service's role, or where roles are our own as one of the
    /// member's own, which may the same, so that the server can tell members apart.
    pub(super) fn url_of(&self, service: &str, member: &str) -> String {
        match &self.server {
            Server::Own(server) => {
                self.run(&format!("CREATE ROLE \"{member}\" LOGIN IN ROLE onqueue_{service}"));
                server.url_as(member, "onqueue")
            }
            Server::Shared(database) => database.url_as(&format!("onqueue_{service}")),
        }
    }
}

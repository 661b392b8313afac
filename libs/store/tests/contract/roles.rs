//! PostgreSQL: a schema and a role for each service, and what each may do.

use crate::fixture::{Fixture, Migrations, run, sql};
use onqueue_store::{Profile, Settings, Store, StoreError, trust};
use sea_orm::{ConnectionTrait as _, DbBackend};
use sea_orm_migration::prelude::*;

const SERVICES: [&str; 4] = ["auth", "session", "routing", "content"];

/// Tables as a service has them: trust tables and others.
struct Tables(&'static str);

struct OfAuth;
struct OfSession;
struct OfRouting;

macro_rules! migrations {
    ($($of:ident $service:literal $sql:literal)*) => {$(
        #[async_trait::async_trait]
        impl MigratorTrait for $of {
            fn migrations() -> Vec<Box<dyn MigrationTrait>> {
                vec![Box::new(Tables($sql))]
            }

            fn migration_table_name() -> DynIden {
                Alias::new(concat!($service, "_migrations")).into_iden()
            }
        }
    )*};
}

migrations! {
    OfAuth "auth" "CREATE TABLE auth_trust_head (revision BIGINT); INSERT INTO auth_trust_head VALUES (7); \
        CREATE TABLE auth_users (id BIGINT)"
    OfSession "session" "CREATE TABLE session_trust_keys (kid TEXT, public_key BYTEA, expires_at BIGINT); \
        CREATE TABLE session_events (id BIGINT)"
    OfRouting "routing" "CREATE TABLE routing_queues (id BIGINT)"
}

impl MigrationName for Tables {
    fn name(&self) -> &'static str {
        "m0001_tables"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Tables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.0).await?;
        Ok(())
    }
}

async fn migrate<M: MigratorTrait>(fixture: &Fixture, service: &'static str) {
    let store = fixture.open_with(&Profile::of(service)).await;
    store.migrate::<M>().await.expect("migrates");
    assert_eq!(store.pending::<M>().await.expect("reads").0, [""; 0]);
}

/// A database as `onqueue migrate` leaves it.
async fn migrated() -> Fixture {
    let fixture = Fixture::unprepared().await;
    Store::prepare(&fixture.settings, &SERVICES).await.expect("prepares");
    migrate::<OfAuth>(&fixture, "auth").await;
    migrate::<OfSession>(&fixture, "session").await;
    migrate::<OfRouting>(&fixture, "routing").await;
    fixture
}

async fn open_as_role(fixture: &Fixture, service: &'static str) -> Store {
    let url = fixture.database().url_as(&format!("onqueue_{service}"));
    let settings = Settings {
        auth_url: url.clone(),
        session_url: url.clone(),
        routing_url: url,
        ..fixture.settings.clone()
    };
    let store = Store::open_as(&settings, &Profile::of(service)).await;
    store.expect("opens")
}

#[tokio::test]
async fn each_service_has_its_own_tables_and_reads_the_trust_of_others() {
    let fixture = migrated().await;
    let routing = open_as_role(&fixture, "routing").await;
    let mark = trust::mark(&routing).await.expect("may be read");
    assert_eq!((mark.revision, mark.session_keys), (7, Vec::new()));
    assert!(routing.pending::<OfRouting>().await.expect("may be read").0.is_empty());
    let tries = async |text: &'static str| routing.transaction(|tx| Box::pin(run(tx, text))).await;
    for (text, rows) in [
        ("INSERT INTO routing_queues VALUES (1), (2)", 2),
        ("UPDATE routing_queues SET id = 3 WHERE id = 2", 1),
        ("DELETE FROM routing_queues", 2),
    ] {
        assert_eq!(tries(text).await.expect(text), rows);
    }
    for text in [
        "SELECT * FROM auth_users",
        "SELECT * FROM session_events",
        "SELECT * FROM auth_migrations",
        "UPDATE auth_trust_head SET revision = 8",
        "INSERT INTO session_trust_keys VALUES ('mine', '', 0)",
        "CREATE TABLE mine (id BIGINT)",
        "DROP TABLE routing_queues",
    ] {
        let error = tries(text).await.expect_err(text).to_string();
        let is_denied = error.contains("permission denied") || error.contains("must be owner");
        assert!(is_denied, "{text}: {error}");
    }
}

#[tokio::test]
async fn limits_hold_on_every_connection_and_say_whose_they_are() {
    let fixture = migrated().await;
    let store = open_as_role(&fixture, "session").await;
    let show = "SELECT current_setting('statement_timeout') || ' ' || \
        current_setting('idle_in_transaction_session_timeout') || ' ' || current_setting('application_name') || ' ' || \
        current_setting('search_path') AS said";
    let rows = (0..5).map(|_| store.reader().query_one_raw(sql(DbBackend::Postgres, show)));
    for row in futures::future::join_all(rows).await {
        let said: String = row.expect("reads").expect("a row").try_get("", "said").expect("text");
        assert_eq!(said, "8s 2s onqueue_session onqueue_session,onqueue_auth");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn preparing_and_migrating_twice_and_at_once_is_doing_it_once() {
    let fixture = Fixture::unprepared().await;
    let prepared = (0..4).map(|_| Store::prepare(&fixture.settings, &SERVICES));
    for outcome in futures::future::join_all(prepared).await {
        outcome.expect("prepares");
    }
    let stores = futures::future::join_all((0..4).map(|_| fixture.open())).await;
    let migrated = stores.iter().map(Store::migrate::<Migrations>);
    for outcome in futures::future::join_all(migrated).await {
        outcome.expect("migrates");
    }
    let schemas = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'onqueue%' ORDER BY 1";
    let made = fixture.database().run(schemas);
    assert_eq!(
        made,
        "onqueue_auth\nonqueue_content\nonqueue_routing\nonqueue_session\n"
    );
}

#[tokio::test]
async fn who_lacks_the_rights_is_told_the_sql() {
    let (other, fixture) = (migrated().await, Fixture::unprepared().await);
    drop(other); // Roles belong to the server.
    let settings = Settings::postgres(&fixture.database().url_as("onqueue_routing"));
    let error = Store::prepare(&settings, &SERVICES).await.expect_err("may not");
    for schema in SERVICES {
        let sql = format!("CREATE SCHEMA onqueue_{schema};");
        assert!(error.to_string().contains(&sql), "{error}");
    }
}

#[tokio::test]
async fn without_its_schema_nothing_is_migrated() {
    let fixture = Fixture::unprepared().await;
    Store::prepare(&fixture.settings, &["auth"]).await.expect("prepares");
    let store = fixture.open_with(&Profile::of("routing")).await;
    let error = store.migrate::<OfRouting>().await.expect_err("nowhere to go");
    assert!(
        matches!(&error, StoreError::Broken(text) if text.contains("no schema onqueue_routing")),
        "{error:?}"
    );
}

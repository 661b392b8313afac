//! An empty database of either kind, and a few tables in it.

use onqueue_store::{Profile, Settings, Store, StoreError, audit};
use onqueue_testkit::{PostgresDatabase, postgres};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement};
use sea_orm_migration::{prelude::*, schema::*};
use tempfile::TempDir;

/// The one service that these tests are.
pub const PROFILE: Profile = Profile::of("session");

pub struct Migrations;

#[async_trait::async_trait]
impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(First)]
    }

    fn migration_table_name() -> DynIden {
        Alias::new("contract_migrations").into_iden()
    }
}

struct First;

impl MigrationName for First {
    fn name(&self) -> &'static str {
        "m0001_counters"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for First {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = Alias::new;
        let table = Table::create()
            .table(column("contract_counters"))
            .col(string(column("name")).primary_key())
            .col(big_integer(column("value")))
            .to_owned();
        manager.create_table(table).await?;
        manager
            .get_connection()
            .execute_unprepared("INSERT INTO contract_counters (name, value) VALUES ('n', 0)")
            .await?;
        audit::create_table(manager, "contract").await
    }
}

/// An empty database that goes when this is dropped.
pub struct Fixture {
    pub settings: Settings,
    place: Place,
}

enum Place {
    Folder(#[expect(dead_code, reason = "kept until it is dropped")] TempDir),
    Server(PostgresDatabase),
}

impl Fixture {
    pub fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self {
            settings: Settings::sqlite(&folder.path().join("sub/onqueue.db")),
            place: Place::Folder(folder),
        }
    }

    pub async fn on_postgres() -> Self {
        let fixture = Self::unprepared().await;
        Store::prepare(&fixture.settings, &[PROFILE.service])
            .await
            .expect("prepares");
        fixture
    }

    /// On PostgreSQL, without schemas.
    pub async fn unprepared() -> Self {
        let database = postgres().await;
        Self {
            settings: database.settings(),
            place: Place::Server(database),
        }
    }

    /// The PostgreSQL database.
    pub fn database(&self) -> &PostgresDatabase {
        match &self.place {
            Place::Server(database) => database,
            Place::Folder(_) => panic!("on SQLite"),
        }
    }

    pub async fn open(&self) -> Store {
        self.open_with(&PROFILE).await
    }

    pub async fn open_with(&self, profile: &Profile) -> Store {
        Store::open_as(&self.settings, profile).await.expect("opens")
    }

    pub async fn migrated(&self) -> Store {
        let store = self.open().await;
        store.migrate::<Migrations>().await.expect("migrates");
        store
    }
}

pub fn sql(backend: DbBackend, text: &str) -> Statement {
    Statement::from_string(backend, text.to_owned())
}

/// Runs one statement in a transaction, for whatever it answers.
pub async fn run(tx: &DatabaseTransaction, text: &str) -> Result<u64, StoreError> {
    let done = tx.execute_raw(sql(tx.get_database_backend(), text)).await?;
    Ok(done.rows_affected())
}

pub async fn count_up(tx: &DatabaseTransaction) -> Result<i64, StoreError> {
    let statement = sql(
        tx.get_database_backend(),
        "UPDATE contract_counters SET value = value + 1 WHERE name = 'n' RETURNING value",
    );
    let row = tx
        .query_one_raw(statement)
        .await?
        .ok_or_else(|| StoreError::Broken("no counter".to_owned()))?;
    Ok(row.try_get("", "value")?)
}

pub async fn value(store: &Store) -> i64 {
    try_value(store).await.expect("reads")
}

pub async fn try_value(store: &Store) -> Result<i64, StoreError> {
    let backend = store.reader().get_database_backend();
    let select = sql(backend, "SELECT value FROM contract_counters WHERE name = 'n'");
    let row = store.reader().query_one_raw(select).await?.expect("a row");
    Ok(row.try_get("", "value")?)
}

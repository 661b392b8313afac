//! What every database must do for us. The suite is one body for all of them; each database only says how to make an
//! empty one.

use onqueue_model::{OrganisationId, Timestamp};
use onqueue_store::{Lock, Settings, Store, StoreError, audit};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement};
use sea_orm_migration::{prelude::*, schema::*};
use std::time::Duration;
use uuid::Uuid;

struct Migrations;

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
struct Fixture {
    settings: Settings,
    _folder: tempfile::TempDir,
}

fn sqlite() -> Fixture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Fixture {
        settings: Settings::sqlite(&folder.path().join("sub/onqueue.db")),
        _folder: folder,
    }
}

impl Fixture {
    async fn open(&self) -> Store {
        Store::open(&self.settings).await.expect("opens")
    }

    async fn migrated(&self) -> Store {
        let store = self.open().await;
        store.migrate::<Migrations>().await.expect("migrates");
        store
    }
}

fn sql(backend: DbBackend, text: &str) -> Statement {
    Statement::from_string(backend, text.to_owned())
}

async fn count_up(tx: &DatabaseTransaction) -> Result<i64, StoreError> {
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

async fn value(store: &Store) -> i64 {
    let backend = store.reader().get_database_backend();
    let row = store
        .reader()
        .query_one_raw(sql(backend, "SELECT value FROM contract_counters"))
        .await
        .expect("reads")
        .expect("a row");
    row.try_get("", "value").expect("a number")
}

#[tokio::test]
async fn migrations_are_pending_until_they_are_applied_once() {
    let fixture = sqlite();
    let store = fixture.open().await;
    assert_eq!(
        store.pending::<Migrations>().await.expect("reads").0,
        ["m0001_counters"]
    );
    store.migrate::<Migrations>().await.expect("migrates");
    store.migrate::<Migrations>().await.expect("again does nothing");
    assert!(store.pending::<Migrations>().await.expect("reads").0.is_empty());
    assert_eq!(value(&store).await, 0);
}

#[tokio::test]
async fn an_error_rolls_everything_back() {
    let store = sqlite().migrated_owned().await;
    let refused: Result<(), StoreError> = store
        .0
        .transaction(|tx| {
            Box::pin(async move {
                count_up(tx).await?;
                Err(StoreError::Refused(onqueue_model::Fault::field("x", "no")))
            })
        })
        .await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!(value(&store.0).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_openers_count_densely_together() {
    let fixture = sqlite();
    fixture.migrated().await;
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = fixture.open().await;
        writers.spawn(async move {
            let mut seen = Vec::new();
            for _ in 0..50 {
                seen.push(store.transaction(|tx| Box::pin(count_up(tx))).await.expect("counts"));
            }
            seen
        });
    }
    let mut all: Vec<i64> = writers.join_all().await.concat();
    all.sort_unstable();
    assert_eq!(all, (1..=200).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_audit_chain_holds_and_tampering_is_found() {
    let (store, _fixture) = sqlite().migrated_owned().await;
    let organisation = OrganisationId::new(Uuid::from_u128(7));
    let entry = |at: i64| audit::Entry {
        organisation,
        at: Timestamp(at),
        actor: "operator".to_owned(),
        action: "queue.create".to_owned(),
        object: format!("queue:{at}"),
        before: None,
        after: Some([at.to_be_bytes()[7]; 32]),
    };
    for at in 1..=5 {
        let entry = entry(at);
        store
            .transaction(|tx| {
                let entry = entry.clone();
                Box::pin(async move { audit::append(tx, "contract", &entry).await })
            })
            .await
            .expect("appends");
    }
    let records = audit::verify(store.reader(), "contract", organisation)
        .await
        .expect("verifies");
    assert_eq!(
        records.iter().map(|record| record.number).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );

    for (tamper, first_broken) in [
        ("UPDATE contract_audit SET object = 'queue:9' WHERE number = 3", 3),
        ("DELETE FROM contract_audit WHERE number = 2", 2),
    ] {
        let backend = store.reader().get_database_backend();
        store
            .transaction(|tx| Box::pin(async move { Ok(tx.execute_raw(sql(backend, tamper)).await?) }))
            .await
            .expect("tampers");
        let found = audit::verify(store.reader(), "contract", organisation)
            .await
            .expect_err("found")
            .to_string();
        assert!(found.contains(&format!("record {first_broken}")), "{found}");
    }
}

#[tokio::test]
async fn the_database_tells_a_time_that_moves_on() {
    let store = sqlite().migrated_owned().await;
    let first = store.0.now().await.expect("time");
    assert!(first > Timestamp(1_700_000_000_000), "{first:?}");
    assert!(store.0.now().await.expect("time") >= first);
}

#[tokio::test]
async fn statements_are_counted_with_begin_and_commit() {
    let store = sqlite().migrated_owned().await;
    let before = store.0.statements();
    store.0.transaction(|tx| Box::pin(count_up(tx))).await.expect("counts");
    assert_eq!(store.0.statements() - before, 3);
}

#[tokio::test]
async fn unique_violations_are_told_apart() {
    let store = sqlite().migrated_owned().await;
    let insert = "INSERT INTO contract_counters (name, value) VALUES ('n', 1)";
    let backend = store.0.reader().get_database_backend();
    let error = store
        .0
        .transaction(|tx| Box::pin(async move { Ok(tx.execute_raw(sql(backend, insert)).await?) }))
        .await
        .expect_err("taken");
    assert!(error.is_unique(), "{error:?}");
}

#[tokio::test]
async fn what_was_committed_is_there_after_opening_anew() {
    let fixture = sqlite();
    let store = fixture.migrated().await;
    store.transaction(|tx| Box::pin(count_up(tx))).await.expect("counts");
    store.close().await.expect("closes");
    assert_eq!(value(&fixture.open().await).await, 1);
}

/// SQLite ends the transaction itself when there is no room for it, so that the rollback has nothing to end.
#[tokio::test]
async fn a_full_disk_costs_one_transaction_and_not_those_after_it() {
    let fixture = sqlite();
    let store = fixture.migrated().await;
    let full = store
        .transaction(|tx| {
            Box::pin(async move {
                count_up(tx).await?;
                tx.execute_unprepared("PRAGMA max_page_count = 1").await?;
                let big = "INSERT INTO contract_counters (name, value) VALUES ('big', zeroblob(1000000))";
                Ok(tx.execute_unprepared(big).await?)
            })
        })
        .await
        .expect_err("full");
    assert!(
        matches!(&full, StoreError::Unavailable(text) if text.contains("disk is full")),
        "{full:?}"
    );
    let refused: Result<(), StoreError> = store
        .transaction(|tx| {
            Box::pin(async move {
                count_up(tx).await?;
                Err(StoreError::Refused(onqueue_model::Fault::field("x", "no")))
            })
        })
        .await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!(store.transaction(|tx| Box::pin(count_up(tx))).await.expect("counts"), 1);
    assert_eq!(value(&fixture.open().await).await, 1, "another connection sees it");
    store.close().await.expect("closes");
    assert_eq!(value(&fixture.open().await).await, 1, "it is there after opening anew");
}

#[tokio::test]
async fn the_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let fixture = sqlite();
    let _store = fixture.migrated().await;
    let folder = fixture
        .settings
        .sqlite_path()
        .and_then(|file| file.parent().map(std::path::Path::to_owned))
        .expect("a folder");
    let rights = |path: &std::path::Path| std::fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    assert_eq!(rights(&folder), 0o700);
    for file in std::fs::read_dir(&folder).expect("readable") {
        let path = file.expect("an entry").path();
        assert_eq!(rights(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn the_second_process_on_one_file_is_told_why() {
    let fixture = sqlite();
    let first = Lock::take(&fixture.settings).expect("free");
    let second = Lock::take(&fixture.settings).expect_err("taken").to_string();
    assert!(second.contains("another onqueue process"), "{second}");
    drop(first);
    Lock::take(&fixture.settings).expect("free again");
}

#[tokio::test]
async fn a_missing_connection_is_unavailable_not_forever() {
    let mut fixture = sqlite();
    fixture.settings.acquire_timeout_ms = 50;
    let store = fixture.migrated().await;
    let held = store.transaction(|tx| {
        let store = store.clone();
        Box::pin(async move {
            count_up(tx).await?;
            // The one writing connection is in use here, so a second transaction has to give up.
            store.transaction(|tx| Box::pin(count_up(tx))).await
        })
    });
    let error = tokio::time::timeout(Duration::from_secs(5), held)
        .await
        .expect("in time")
        .expect_err("gives up");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}

impl Fixture {
    async fn migrated_owned(self) -> (Store, Self) {
        (self.migrated().await, self)
    }
}

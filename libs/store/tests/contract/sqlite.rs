//! What only SQLite does: it is a file.

use crate::fixture::{Fixture, Migrations, count_up, value};
use onqueue_model::{Cause, Fault};
use onqueue_store::{DAMAGED, Lock, Look, Store, StoreError};
use sea_orm::ConnectionTrait as _;
use std::time::Duration;

/// More than looking at a small file takes.
const ENOUGH: Duration = Duration::from_secs(60);

/// SQLite ends the transaction itself when there is no room for it, so that the rollback has nothing to end.
#[tokio::test]
async fn a_full_disk_costs_one_transaction_and_not_those_after_it() {
    let fixture = Fixture::on_sqlite();
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
                Err(StoreError::Refused(Fault::field("x", "no")))
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
async fn a_damaged_file_is_told_from_everything_else() {
    let fixture = Fixture::on_sqlite();
    fixture.migrated().await.close().await.expect("closes");
    let file = fixture.settings.sqlite_path().expect("a file");
    let whole = std::fs::read(&file).expect("read");
    let mut schema = whole.clone();
    schema[100..4_096].fill(0xff);
    for (bytes, how) in [(schema, "malformed"), (vec![b'x'; whole.len()], "not a database")] {
        std::fs::write(&file, bytes).expect("written");
        let looking = async {
            let store = Store::open(&fixture.settings).await?;
            store.pending::<Migrations>().await
        };
        let error = looking.await.expect_err("damaged");
        assert!(
            matches!(&error, StoreError::Damaged(text) if text.contains(how)),
            "{error:?}"
        );
        assert!(error.to_string().starts_with(DAMAGED), "{error}");
        assert_eq!(Fault::from(error).cause, Some(Cause::DamagedDatabase));
    }
}

/// So many rows that the file has thousands of pages.
async fn filled(fixture: &Fixture) -> Store {
    let store = fixture.migrated().await;
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) \
        INSERT INTO contract_counters (name, value) SELECT hex(randomblob(300)) || i, i FROM n";
    let filling = store.transaction(|tx| Box::pin(async move { Ok(tx.execute_unprepared(fill).await?) }));
    filling.await.expect("filled");
    store
}

#[tokio::test]
async fn one_damaged_page_among_thousands_is_found() {
    const PAGE: usize = 4_096;
    let fixture = Fixture::on_sqlite();
    let store = filled(&fixture).await;
    assert_eq!(store.look(ENOUGH).await.expect("looks"), Look::Whole);
    store.close().await.expect("closes");
    let file = fixture.settings.sqlite_path().expect("a file");
    let mut bytes = std::fs::read(&file).expect("read");
    let pages = bytes.len() / PAGE;
    assert!(pages > 2_000, "{pages}");
    let middle = pages / 2 * PAGE;
    bytes[middle..middle + PAGE].fill(0xa5);
    std::fs::write(&file, bytes).expect("written");
    let store = Store::open(&fixture.settings)
        .await
        .expect("opens: its first pages are whole");
    assert_eq!(store.pending::<Migrations>().await.expect("reads").0, [""; 0]);
    let looked = store.look(ENOUGH).await.expect("looks");
    let Look::Damaged(first) = looked else {
        panic!("{looked:?}");
    };
    assert!(first.contains("page") && !first.contains('\n'), "{first}");
}

#[tokio::test]
async fn a_look_ends_in_time_and_says_that_it_saw_a_part() {
    let fixture = Fixture::on_sqlite();
    let store = filled(&fixture).await;
    let mut looked = Look::Whole;
    // A machine that is busy may let SQLite come to its end before we are told that the time is over; not always.
    for _ in 0..50 {
        looked = store.look(Duration::ZERO).await.expect("looks");
        if looked == Look::Part {
            break;
        }
    }
    assert_eq!(looked, Look::Part);
    assert_eq!(
        store.look(ENOUGH).await.expect("looks"),
        Look::Whole,
        "it can be looked at again"
    );
    assert_eq!(store.transaction(|tx| Box::pin(count_up(tx))).await.expect("counts"), 1);
}

#[tokio::test]
async fn the_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let fixture = Fixture::on_sqlite();
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
    let fixture = Fixture::on_sqlite();
    let first = Lock::take(&fixture.settings).expect("free");
    let second = Lock::take(&fixture.settings).expect_err("taken").to_string();
    assert!(second.contains("another onqueue process"), "{second}");
    drop(first);
    Lock::take(&fixture.settings).expect("free again");
}

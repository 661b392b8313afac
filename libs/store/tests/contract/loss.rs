//! PostgreSQL: transactions that are slow, idle or lose their connection, and what others do meanwhile.

use crate::fixture::{Fixture, PROFILE, count_up, run, sql, value};
use onqueue_store::{Alone, Profile, Store, StoreError};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::timeout};

const SOON: Duration = Duration::from_secs(2);

async fn number(tx: &DatabaseTransaction, text: &str) -> Result<i64, StoreError> {
    let row = tx.query_one_raw(sql(DbBackend::Postgres, text)).await?;
    Ok(row.expect("a row").try_get("", "n")?)
}

/// Ends the connection of this transaction, as an administrator would.
async fn cut(other: &Store, tx: &DatabaseTransaction) -> Result<(), StoreError> {
    let id = number(tx, "SELECT pg_backend_pid()::bigint AS n").await?;
    // With a time limit the function waits until it is gone.
    let end = format!("SELECT pg_terminate_backend({id}, 5000)");
    other.reader().execute_unprepared(&end).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_transaction_in_another_database_stops_nothing() {
    let (here, there) = (Fixture::on_postgres().await, Fixture::on_postgres().await);
    let (store, other) = (here.migrated().await, there.migrated().await);
    let (begun, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let open = other.transaction(|tx| {
        let (begun, end) = (Arc::clone(&begun), Arc::clone(&end));
        Box::pin(async move {
            count_up(tx).await?;
            begun.notify_one();
            end.notified().await;
            Ok(())
        })
    });
    let work = async {
        begun.notified().await;
        for expected in 1..=5 {
            assert_eq!(
                store.transaction(|tx| Box::pin(count_up(tx))).await.expect("counts"),
                expected
            );
            assert_eq!(
                value(&here.open().await).await,
                expected,
                "another reader sees it at once"
            );
        }
        end.notify_one();
    };
    let (outcome, done) = tokio::join!(open, timeout(SOON, work));
    done.expect("nothing waited");
    outcome.expect("commits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_takes_too_long_is_ended_and_not_repeated() {
    let fixture = Fixture::on_postgres().await;
    fixture.migrated().await;
    let store = fixture
        .open_with(&Profile {
            statement_timeout: Duration::from_millis(100),
            ..PROFILE
        })
        .await;
    let attempts = AtomicU32::new(0);
    let slow = store.transaction(|tx| {
        attempts.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            count_up(tx).await?;
            run(tx, "SELECT pg_sleep(60)").await
        })
    });
    let error = timeout(SOON, slow).await.expect("ended").expect_err("too slow");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(attempts.into_inner(), 1);
    assert_eq!(store.transaction(|tx| Box::pin(count_up(tx))).await.expect("counts"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_idles_in_a_transaction_loses_it_and_its_locks() {
    let fixture = Fixture::on_postgres().await;
    fixture.migrated().await;
    let idle_in_transaction = Duration::from_millis(100);
    let idler = fixture
        .open_with(&Profile {
            idle_in_transaction,
            ..PROFILE
        })
        .await;
    let other = fixture.open().await;
    let attempts = AtomicU32::new(0);
    // Idle before its last statement, then before its COMMIT, then not.
    let idle = idler.transaction(|tx| {
        let attempt = attempts.fetch_add(1, Ordering::Relaxed);
        let other = other.clone();
        Box::pin(async move {
            count_up(tx).await?;
            if attempt < 2 {
                // Paused as by SIGSTOP: the other waits for the lock until the server has taken it away.
                let counted = other.transaction(|tx| Box::pin(count_up(tx)));
                timeout(SOON, counted).await.expect("the lock is free again")?;
            }
            if attempt == 0 {
                run(tx, "SELECT 1").await?;
            }
            Ok(attempt)
        })
    });
    let attempt = timeout(SOON * 3, idle)
        .await
        .expect("in time")
        .expect("counts in the end");
    assert_eq!(attempt, 2);
    assert_eq!(value(&other).await, 3, "twice the other, once the idler");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_before_commit_costs_nothing() {
    let fixture = Fixture::on_postgres().await;
    let (store, other) = (fixture.migrated().await, fixture.open().await);
    let attempts = AtomicU32::new(0);
    let counted = store.transaction(|tx| {
        let attempt = attempts.fetch_add(1, Ordering::Relaxed);
        let other = other.clone();
        Box::pin(async move {
            count_up(tx).await?;
            if attempt == 0 {
                cut(&other, tx).await?;
            }
            count_up(tx).await
        })
    });
    assert_eq!(counted.await.expect("tried again"), 2);
    assert_eq!(value(&other).await, 2);
    assert_eq!(attempts.into_inner(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_at_commit_leaves_the_outcome_unknown_and_nothing_is_repeated() {
    let fixture = Fixture::on_postgres().await;
    let (store, other) = (fixture.migrated().await, fixture.open().await);
    let attempts = AtomicU32::new(0);
    let counted = store.transaction(|tx| {
        attempts.fetch_add(1, Ordering::Relaxed);
        let other = other.clone();
        Box::pin(async move {
            count_up(tx).await?;
            cut(&other, tx).await
        })
    });
    let error = counted.await.expect_err("nobody answered");
    assert!(matches!(error, StoreError::Unknown(_)), "{error:?}");
    assert!(error.is_of_database() && !error.is_contended());
    assert_eq!(attempts.into_inner(), 1);
    store.transaction(|tx| Box::pin(count_up(tx))).await.expect("goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_alone_is_committed_or_its_outcome_is_unknown() {
    const COUNT: &str = "UPDATE contract_counters SET value = value + $1 WHERE name = 'n' RETURNING gen_random_uuid()";
    const COUNT_AND_END: &str = "WITH counted AS (UPDATE contract_counters SET value = value + $1 WHERE name = 'n' \
        RETURNING name) SELECT gen_random_uuid() FROM counted WHERE pg_terminate_backend(pg_backend_pid())";
    let fixture = Fixture::on_postgres().await;
    let store = fixture.migrated().await;
    assert!(store.takes_alone());
    let before = store.statements();
    let ids = store.alone(&Alone::new(COUNT).with(2_i64)).await.expect("counts");
    assert_eq!((ids.len(), store.statements() - before), (1, 1));
    let error = store
        .alone(&Alone::new(COUNT_AND_END).with(1_i64))
        .await
        .expect_err("cut");
    assert!(matches!(error, StoreError::Unknown(_)), "{error:?}");
    let wrong = store
        .alone(&Alone::new("SELECT id FROM nowhere"))
        .await
        .expect_err("no such table");
    assert!(matches!(wrong, StoreError::Broken(_)), "{wrong:?}");
    store.alone(&Alone::new(COUNT).with(1_i64)).await.expect("goes on");
    assert_eq!(value(&store).await, 3, "what was cut was rolled back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_alone_stay_on_a_connection_until_it_is_dead_or_the_store_is_closed() {
    const PROCESS: &str = "SELECT lpad(pg_backend_pid()::text, 32, '0')::uuid";
    let mut fixture = Fixture::on_postgres().await;
    fixture.settings.connections = 4;
    let (store, other) = (fixture.migrated().await, fixture.open().await);
    let process = || async { store.alone(&Alone::new(PROCESS)).await };
    let first = process().await.expect("answers");
    assert_eq!(process().await.expect("answers"), first);
    // All four are there for others at the same time as soon as they are needed, but for the one that is kept.
    let all =
        futures::future::join_all((0..3).map(|_| store.transaction(|tx| Box::pin(run(tx, "SELECT pg_sleep(0.05)")))));
    let (all, alone) = tokio::join!(all, process());
    assert!(all.iter().all(Result::is_ok) && alone.is_ok(), "{all:?} {alone:?}");
    let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    other.reader().execute_unprepared(end).await.expect("ends the others");
    let failed = store.reader().execute_unprepared("SELECT nowhere").await;
    failed.expect_err("raises a doubt about all connections");
    assert_ne!(process().await.expect("on another one, nothing was sent before"), first);
    timeout(SOON, store.close()).await.expect("in time").expect("closes");
    let error = process().await.expect_err("closed");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_in_a_deadlock_one_is_run_again() {
    let fixture = Fixture::on_postgres().await;
    let store = fixture.migrated().await;
    let other = "INSERT INTO contract_counters (name, value) VALUES ('m', 0)";
    store.transaction(|tx| Box::pin(run(tx, other))).await.expect("inserts");
    let (first, second) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let cross = async |one: &'static str, two: &'static str, mine: &Arc<Notify>, theirs: &Arc<Notify>| {
        let attempts = AtomicU32::new(0);
        let update = |name: &str| format!("UPDATE contract_counters SET value = value + 1 WHERE name = '{name}'");
        let work = store.transaction(|tx| {
            let attempt = attempts.fetch_add(1, Ordering::Relaxed);
            let (mine, theirs) = (Arc::clone(mine), Arc::clone(theirs));
            Box::pin(async move {
                run(tx, &update(one)).await?;
                if attempt == 0 {
                    mine.notify_one();
                    theirs.notified().await;
                }
                run(tx, &update(two)).await
            })
        });
        work.await.expect("commits");
        attempts.into_inner()
    };
    let (left, right) = tokio::join!(cross("n", "m", &first, &second), cross("m", "n", &second, &first));
    assert!(left + right > 2, "one gave way, if not both: {left} and {right}");
    assert_eq!(value(&store).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_apart_do_not_wait_for_the_others() {
    let mut fixture = Fixture::on_postgres().await;
    fixture.settings.connections = 1;
    let store = fixture.migrated().await;
    let apart = store.apart(1).await.expect("opens");
    let work = store.transaction(|tx| {
        let apart = apart.clone();
        Box::pin(async move {
            run(tx, "SELECT 1").await?;
            apart.transaction(|tx| Box::pin(count_up(tx))).await
        })
    });
    let before = store.statements();
    assert_eq!(timeout(SOON, work).await.expect("does not wait").expect("counts"), 1);
    assert_eq!(store.statements() - before, 6, "those of both");
}

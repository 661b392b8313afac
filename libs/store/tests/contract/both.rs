//! The bodies that hold on both databases.

use crate::fixture::{Fixture, Migrations, count_up, run, value};
use onqueue_model::{OrganisationId, Timestamp};
use onqueue_store::{StoreError, audit};
use std::time::Duration;
use uuid::Uuid;

macro_rules! on_both {
    ($($body:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() {
                super::$body(crate::fixture::Fixture::on_sqlite()).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() {
                super::$body(crate::fixture::Fixture::on_postgres().await).await;
            })*
        }
    };
}

on_both! {
    migrations_are_pending_until_they_are_applied_once
    an_older_version_serves_what_a_newer_one_has_expanded
    an_error_rolls_everything_back
    four_openers_count_densely_together
    the_audit_chain_holds_and_tampering_is_found
    the_database_tells_a_time_that_moves_on
    statements_are_counted_with_begin_and_commit
    unique_violations_are_told_apart
    what_was_committed_is_there_after_opening_anew
    a_missing_connection_is_unavailable_not_forever
    a_transaction_in_which_a_statement_failed_is_not_committed
}

async fn migrations_are_pending_until_they_are_applied_once(fixture: Fixture) {
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

async fn an_older_version_serves_what_a_newer_one_has_expanded(fixture: Fixture) {
    let store = fixture.migrated().await;
    let write = |text: &'static str| {
        let store = &store;
        async move {
            let written = store.transaction(move |tx| Box::pin(run(tx, text))).await;
            written.expect("writes")
        }
    };
    write("INSERT INTO contract_migrations (version, applied_at) VALUES ('m9999_later', 0)").await;
    assert_eq!(store.pending::<Migrations>().await.expect("reads").0, [""; 0]);
    assert_eq!(store.ahead::<Migrations>().await.expect("reads"), ["m9999_later"]);
    store.migrate::<Migrations>().await.expect("does nothing");
    write("DELETE FROM contract_migrations WHERE version = 'm0001_counters'").await;
    let refused = store.migrate::<Migrations>().await.expect_err("of another line");
    let said = refused.to_string();
    assert!(
        said.contains("m9999_later") && said.contains("onqueue migrate"),
        "{said}"
    );
    assert_eq!(value(&store).await, 0, "nothing was touched");
}

async fn an_error_rolls_everything_back(fixture: Fixture) {
    let store = fixture.migrated().await;
    let refused: Result<(), StoreError> = store
        .transaction(|tx| {
            Box::pin(async move {
                count_up(tx).await?;
                Err(StoreError::Refused(onqueue_model::Fault::field("x", "no")))
            })
        })
        .await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!(value(&store).await, 0);
}

async fn four_openers_count_densely_together(fixture: Fixture) {
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

async fn the_audit_chain_holds_and_tampering_is_found(fixture: Fixture) {
    let store = fixture.migrated().await;
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
        store
            .transaction(|tx| Box::pin(run(tx, tamper)))
            .await
            .expect("tampers");
        let found = audit::verify(store.reader(), "contract", organisation)
            .await
            .expect_err("found")
            .to_string();
        assert!(found.contains(&format!("record {first_broken}")), "{found}");
    }
}

async fn the_database_tells_a_time_that_moves_on(fixture: Fixture) {
    let store = fixture.migrated().await;
    let first = store.now().await.expect("time");
    assert!(first > Timestamp(1_700_000_000_000), "{first:?}");
    assert!(store.now().await.expect("time") >= first);
}

async fn statements_are_counted_with_begin_and_commit(fixture: Fixture) {
    let store = fixture.migrated().await;
    let before = store.statements();
    store.transaction(|tx| Box::pin(count_up(tx))).await.expect("counts");
    assert_eq!(store.statements() - before, 3);
}

async fn unique_violations_are_told_apart(fixture: Fixture) {
    let store = fixture.migrated().await;
    let insert = "INSERT INTO contract_counters (name, value) VALUES ('n', 1)";
    let error = store
        .transaction(|tx| Box::pin(run(tx, insert)))
        .await
        .expect_err("taken");
    assert!(error.is_unique(), "{error:?}");
}

async fn what_was_committed_is_there_after_opening_anew(fixture: Fixture) {
    let store = fixture.migrated().await;
    store.transaction(|tx| Box::pin(count_up(tx))).await.expect("counts");
    store.close().await.expect("closes");
    assert_eq!(value(&fixture.open().await).await, 1);
}

async fn a_missing_connection_is_unavailable_not_forever(fixture: Fixture) {
    let mut fixture = fixture;
    fixture.settings.acquire_timeout_ms = 500;
    fixture.settings.connections = 1;
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

/// PostgreSQL would take the COMMIT, keep nothing and not say so.
async fn a_transaction_in_which_a_statement_failed_is_not_committed(fixture: Fixture) {
    let store = fixture.migrated().await;
    let outcome = store.transaction(|tx| {
        Box::pin(async move {
            count_up(tx).await?;
            let twice = run(tx, "INSERT INTO contract_counters (name, value) VALUES ('n', 1)").await;
            assert!(twice.is_err_and(|error| error.is_unique()));
            Ok(())
        })
    });
    let error = outcome.await.expect_err("refused");
    assert!(matches!(error, StoreError::Broken(_)), "{error:?}");
    assert_eq!(value(&store).await, 0);
    assert_eq!(store.transaction(|tx| Box::pin(count_up(tx))).await.expect("counts"), 1);
}

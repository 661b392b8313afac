//! PostgreSQL does not let a role in any more whose password was changed.

use crate::fixture::{run, sql};
use onqueue_model::{Fault, Reason};
use onqueue_store::{Settings, Store, StoreError};
use onqueue_testkit::{Disk, PostgresServer, own_postgres, until};
use sea_orm::{ConnectionTrait as _, DbBackend};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

fn as_guarded(server: &PostgresServer, password: &str) -> Settings {
    let port = server.port();
    Settings {
        connections: 2,
        ..Settings::postgres(&format!(
            "postgres://guarded:{password}@127.0.0.1:{port}/onqueue?sslmode=disable"
        ))
    }
}

async fn does(owner: &Store, text: &str) {
    owner.reader().execute_unprepared(text).await.expect("done");
}

/// Asks `guarded` for a password from now on.
async fn guard(owner: &Store, server: &PostgresServer) {
    does(owner, "CREATE ROLE guarded LOGIN PASSWORD 'right'").await;
    let file = owner
        .reader()
        .query_one_raw(sql(DbBackend::Postgres, "SHOW hba_file"))
        .await;
    let file: String = file
        .expect("read")
        .expect("a row")
        .try_get("", "hba_file")
        .expect("text");
    let rules = "VALUES ('host all guarded 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust')";
    does(owner, &format!("COPY ({rules}) TO '{file}'")).await;
    does(owner, "SELECT pg_reload_conf()").await;
    // It reads its rules anew a moment after it was told to.
    until("a wrong password is refused", SOON, async || {
        let opened = Store::open(&as_guarded(server, "wrong")).await;
        matches!(opened, Err(StoreError::Barred(_)))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_was_changed_is_told_with_what_to_do_and_put_right_without_a_restart() {
    let server = own_postgres(Disk::Unsynced).await;
    let owner = Store::open(&Settings::postgres(&server.url("onqueue")))
        .await
        .expect("opens");
    guard(&owner, &server).await;
    let store = Store::open(&as_guarded(&server, "right")).await.expect("opens");
    store.now().await.expect("let in");
    does(&owner, "ALTER ROLE guarded PASSWORD 'other'").await;
    store.now().await.expect("connections that are open go on");
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'guarded'";
    does(&owner, end).await;
    until("new connections are refused", SOON, async || {
        matches!(store.now().await, Err(StoreError::Barred(_)))
    })
    .await;
    let writing = store.transaction(|tx| Box::pin(run(tx, "SELECT 1"))).await;
    let error = writing.expect_err("barred");
    assert!(
        matches!(error, StoreError::Barred(_)) && error.is_of_database(),
        "{error:?}"
    );
    let told = error.to_string();
    for part in ["guarded", "store.url", "`onqueue doctor`", "Passwords of PostgreSQL"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("right"), "{told}");
    let fault = Fault::from(error);
    assert_eq!(fault.reason, Reason::Unavailable);
    assert!(
        !fault.message.contains("guarded"),
        "its caller learns nothing of it: {fault:?}"
    );
    does(&owner, "ALTER ROLE guarded PASSWORD 'right'").await;
    until("it is let in again", SOON, async || store.now().await.is_ok()).await;
}

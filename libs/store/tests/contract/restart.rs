//! PostgreSQL goes away at once and comes back, under load.

use crate::fixture::{Fixture, Migrations, PROFILE, count_up, run, try_value, value};
use onqueue_model::Fault;
use onqueue_store::{Profile, Settings, Store, StoreError};
use onqueue_testkit::{Disk, PostgresServer, Stop, own_postgres, until};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, task::JoinSet, time::timeout};

const ROUNDS: usize = 3;
const WRITERS: usize = 8;

/// What writers were told.
#[derive(Default)]
struct Tally {
    stop: AtomicBool,
    counted: AtomicI64,
    unknown: AtomicI64,
}

async fn write(store: Store, tally: Arc<Tally>) {
    while !tally.stop.load(Ordering::Relaxed) {
        match store.transaction(|tx| Box::pin(count_up(tx))).await {
            Ok(_) => tally.counted.fetch_add(1, Ordering::Relaxed),
            Err(StoreError::Unknown(_)) => tally.unknown.fetch_add(1, Ordering::Relaxed),
            Err(StoreError::Unavailable(_) | StoreError::Lost(_)) => 0,
            Err(other) => panic!("{other:?}"),
        };
    }
}

async fn restart(mut server: PostgresServer, how: Stop) -> PostgresServer {
    let work = move || {
        server.stop(how).expect("stops");
        server.start_again().expect("starts again");
        server
    };
    tokio::task::spawn_blocking(work).await.expect("restarts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_restarts_and_work_goes_on_by_itself() {
    let mut server = own_postgres(Disk::Synced).await;
    let settings = Settings::postgres(&server.url("onqueue"));
    Store::prepare(&settings, &[PROFILE.service]).await.expect("prepares");
    let store = Store::open_as(&settings, &PROFILE).await.expect("opens");
    store.migrate::<Migrations>().await.expect("migrates");
    let tally = Arc::new(Tally::default());
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        writers.spawn(write(store.clone(), Arc::clone(&tally)));
    }
    let counted = || tally.counted.load(Ordering::Relaxed);
    for round in 0..ROUNDS {
        let before = counted();
        until("writers are at work", Duration::from_secs(5), async || {
            counted() > before + 50
        })
        .await;
        let how = if round == 1 { Stop::Killed } else { Stop::Immediate };
        server = restart(server, how).await;
        let before = counted();
        until("writers go on", Duration::from_secs(5), async || {
            counted() > before + 50
        })
        .await;
    }
    tally.stop.store(true, Ordering::Relaxed);
    writers.join_all().await;
    let (counted, unknown) = (counted(), tally.unknown.load(Ordering::Relaxed));
    let kept = value(&store).await;
    assert!(
        (counted..=counted + unknown).contains(&kept),
        "{counted} + {unknown}? ≠ {kept}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_idle_in_the_meantime_notices_nothing() {
    let server = own_postgres(Disk::Synced).await;
    let settings = Settings::postgres(&server.url("onqueue"));
    let store = Store::open(&settings).await.expect("opens");
    store.migrate::<Migrations>().await.expect("migrates");
    let reads = || futures::future::join_all((0..10).map(|_| try_value(&store)));
    reads().await;
    let _server = restart(server, Stop::Fast).await;
    for read in reads().await {
        assert_eq!(read.expect("reads"), 0);
    }
    assert_eq!(store.transaction(|tx| Box::pin(count_up(tx))).await.expect("counts"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_nothing_is_given_up_and_found_again() {
    let server = own_postgres(Disk::Unsynced).await;
    let mut settings = Settings::postgres(&server.url("onqueue"));
    Store::prepare(&settings, &[PROFILE.service]).await.expect("prepares");
    settings.acquire_timeout_ms = 1_000;
    let profile = Profile {
        statement_timeout: Duration::from_millis(200),
        ..PROFILE
    };
    let store = Store::open_as(&settings, &profile).await.expect("opens");
    store.migrate::<Migrations>().await.expect("migrates");
    let (held, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (refusing, refuse) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let work = store.transaction(|tx| {
        let (held, go_on) = (Arc::clone(&held), Arc::clone(&go_on));
        Box::pin(async move {
            count_up(tx).await?;
            held.notify_one();
            go_on.notified().await;
            count_up(tx).await
        })
    });
    // It has done nothing that another waits for.
    let refused = store.transaction(|tx| {
        let (held, go_on) = (Arc::clone(&refusing), Arc::clone(&refuse));
        Box::pin(async move {
            run(tx, "SELECT 1").await?;
            held.notify_one();
            go_on.notified().await;
            Err::<(), _>(StoreError::Refused(Fault::unavailable("refused")))
        })
    });
    let read = async {
        try_value(&store).await.expect("reads");
        held.notified().await;
        refusing.notified().await;
        server.pause();
        go_on.notify_one();
        refuse.notify_one();
        try_value(&store).await
    };
    let given_up = timeout(Duration::from_secs(10), async { tokio::join!(work, refused, read) });
    let (worked, refused, read) = given_up.await.expect("given up");
    for error in [worked.expect_err("no answer"), read.expect_err("no answer")] {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    let error = refused.expect_err("refused");
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    server.resume();
    let count = || store.transaction(|tx| Box::pin(count_up(tx)));
    until("it counts again", Duration::from_secs(10), async || {
        count().await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let mut fixture = Fixture::unprepared().await;
    fixture.settings.url = "postgres://onqueue@127.0.0.1:1/onqueue".to_owned();
    fixture.settings.acquire_timeout_ms = 100;
    let error = Store::open(&fixture.settings).await.expect_err("nobody there");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}

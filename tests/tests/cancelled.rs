//! Calls that are given up while they begin a transaction: the connection must not go back with the transaction open, or
//! what the next one writes is acknowledged and lost.
#![allow(clippy::disallowed_methods)]

use onqueue_store::{Profile, Settings, Store};
use onqueue_testkit::{Disk, own_postgres, psql, until};
use onqueue_tests::proxy::{Proxy, Way, Weather};
use sea_orm::ConnectionTrait as _;
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

const SLOW: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_begin_that_is_given_up_leaves_no_transaction_behind() {
    let server = own_postgres(Disk::Unsynced).await;
    let proxy = Proxy::start(SocketAddr::from((Ipv4Addr::LOCALHOST, server.port())))
        .await
        .expect("a proxy");
    let direct = server.url("onqueue");
    psql(
        &direct,
        "CREATE SCHEMA onqueue_session; CREATE TABLE onqueue_session.kept (n INT)",
    )
    .expect("made");
    let url = direct.replace(&format!(":{}/", server.port()), &format!(":{}/", proxy.address.port()));
    let settings = Settings {
        connections: 2,
        ..Settings::postgres(&url)
    };
    let store = Store::open_as(&settings, &Profile::of("session")).await.expect("opens");
    let slow = Way {
        delay: SLOW,
        ..Way::default()
    };
    proxy.set(Weather::both(slow));
    // Given up at different moments of its beginning.
    for step in 1..=30_u32 {
        let nothing = store.transaction(|_| Box::pin(async { Ok(()) }));
        let _ = tokio::time::timeout(SLOW * step / 8, nothing).await;
    }
    proxy.set(Weather::default());
    for n in 0..8 {
        let statement = format!("INSERT INTO kept VALUES ({n})");
        store
            .reader()
            .execute_unprepared(&statement)
            .await
            .expect("is acknowledged");
    }
    let count = || {
        psql(&direct, "SELECT count(*) FROM onqueue_session.kept")
            .expect("counts")
            .trim()
            .to_owned()
    };
    let open =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'onqueue_session' AND state LIKE 'idle in%'";
    let none_open = async || psql(&direct, open).expect("counts").trim() == "0";
    assert_eq!(count(), "8", "what was acknowledged is there");
    until("no transaction to be open", Duration::from_secs(1), none_open).await;
    store.close().await.expect("closes");
}

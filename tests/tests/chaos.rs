//! A few rounds of every fault against separate processes under a small load: what was acknowledged is there once and in
//! order, every view equals its transcript, and routing has one owner. `cargo xtask chaos all` does the same at full size.
#![allow(clippy::disallowed_methods)]

use onqueue_tests::scenario::{NAMES, Scenario, Size};
use tokio::sync::Mutex;

/// One installation at a time: the machine is small, and its stalls would be taken for the product's.
static MACHINE: Mutex<()> = Mutex::const_new(());

async fn holds(name: &str) {
    let _machine = MACHINE.lock().await;
    let is_long = std::env::var_os("ONQUEUE_LONG").is_some();
    let size = if is_long { Size::Full } else { Size::Short };
    let report = Scenario::named(name, size).expect(name).run(1).await;
    assert!(report.passed(), "{report}");
}

macro_rules! scenarios {
    ($($name:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            holds(stringify!($name)).await;
        })*

        #[test]
        fn every_scenario_is_here() {
            let here = [$(stringify!($name)),*];
            assert_eq!(here, NAMES);
        }
    };
}

scenarios! {
    calm
    kill9_gateway
    kill9_session
    kill9_routing
    kill9_auth
    kill9_content
    nats_down
    content_down
    postgres_restart
    pause_owner
    sigterm_gateway
    sigterm_session
    sigterm_routing
    sigterm_auth
    sigterm_content
    dead_replica
    streams_12000
    cut_guests
    slow_reader
    collector_gone
}

/// The checker is not blind: without the fence a paused owner's writes are accepted, and it says so within three runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_fence_stale_writes_are_found() {
    let _machine = MACHINE.lock().await;
    let scenario = Scenario::named("pause_owner", Size::Short)
        .expect("is there")
        .without_fence();
    for seed in 1..=3 {
        let report = scenario.run(seed).await;
        if report.violations.iter().any(|violation| violation.invariant == 7) {
            return;
        }
    }
    panic!("three runs without the fence, and nothing was found");
}

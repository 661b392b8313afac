//! A collector that takes connections and never answers costs the product nothing: what it does not take is counted and gone.
// The listener is outside of the product.
#![allow(clippy::disallowed_methods)]

use onqueue_telemetry::{Format, Settings, init, metrics::TELEMETRY_DROPPED};
use std::time::{Duration, Instant};

/// More than may wait.
const SPANS: u64 = 20_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_collector_costs_nothing() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let settings = Settings {
        level: "off".to_owned(),
        format: Format::Json,
        endpoint: format!("http://{}", silent.local_addr().expect("bound")),
    };
    let guard = init("onqueue-test", &settings).expect("starts without its collector");

    let began = Instant::now();
    for _ in 0..SPANS {
        drop(tracing::info_span!("work"));
    }
    let each = began.elapsed() / u32::try_from(SPANS).expect("few");
    assert!(each < Duration::from_micros(100), "{each:?} a span");
    let dropped = TELEMETRY_DROPPED.get(&["spans"]);
    assert!((SPANS - 4096..SPANS).contains(&dropped), "{dropped} dropped at once");

    let began = Instant::now();
    tokio::task::spawn_blocking(|| guard.shutdown()).await.expect("ends");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(TELEMETRY_DROPPED.get(&["metrics"]), 1, "the last report");
    drop(silent);
}

//! Wherever a message is delivered, its delivery names the call that sent it.
#![allow(clippy::disallowed_methods)] // the collector is a task of the test

mod support;

use onqueue_session::Faults;
use onqueue_telemetry::{Format, Settings, init, metrics, sink::Sink};
use std::time::Duration;
use support::{House, events};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_link_to_the_call_that_sent_on_every_replica() {
    let (sink, endpoint, serve) = Sink::open().await.expect("a free port");
    tokio::spawn(serve);
    let settings = Settings {
        level: "error".to_owned(),
        format: Format::Json,
        endpoint,
    };
    let guard = init("onqueue-test", &settings).expect("starts");
    let house = House::new(1).await;
    let (told, untold) = (
        house.replica(2, Faults::default()).await,
        house.replica_apart(3, Faults::default()).await,
    );
    let chat = house.desk.start(1).await;
    house.clock.advance(Duration::from_millis(1));
    let mut streams = Vec::new();
    for desk in [&house.desk, &told, &untold] {
        let mut stream = desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
        events(&mut stream, 2).await;
        streams.push(stream);
    }
    let (gaps, delivered) = (metrics::BUS_GAP.get(&[]), metrics::MESSAGE_DELIVERY.count(&[]));
    house
        .desk
        .send(&chat.token, &chat.id, "k", "Hallo?")
        .await
        .expect("sent");
    for stream in &mut streams {
        events(stream, 1).await;
    }
    assert_eq!(metrics::MESSAGE_DELIVERY.count(&[]) - delivered, 3);
    // On a busy machine even who was told may look before the hint is there.
    let found = metrics::BUS_GAP.get(&[]) - gaps;
    assert!((1..=2).contains(&found), "who was not told found out: {found}");
    tokio::task::spawn_blocking(|| guard.shutdown()).await.expect("flushed");
    let spans = sink.spans();
    let is_send = |name: &str| name.ends_with("SendMessage");
    let send = spans.iter().find(|span| is_send(&span.name) && span.kind == "Server");
    let send = send.expect("a span of the call");
    let link = [(send.trace.clone(), send.id.clone())];
    let deliveries: Vec<_> = spans.iter().filter(|span| span.name == "deliver").collect();
    assert_eq!(
        deliveries.len(),
        3,
        "what was there before is not delivered: {deliveries:#?}"
    );
    assert!(deliveries.iter().all(|span| span.links == link), "{deliveries:#?}");
}

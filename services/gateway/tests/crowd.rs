//! 12,000 streams through one door to one service.
#![allow(clippy::disallowed_methods)] // What is measured from outside is measured by another clock.

mod world;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use onqueue_telemetry::metrics::OPEN_STREAMS;
use onqueue_testkit::{Tokens, running_context, until};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tonic::Code;
use world::{
    CONVERSATION, hall,
    wire::{Answer, Http2, framed},
};

const CONNECTIONS: usize = 120;
/// The default limit of one connection.
const STREAMS: usize = 100;
const GUESTS_OF_CONNECTION: usize = 4;

/// Opens every stream of one connection and reads the first frame of each.
async fn crowd(client: Http2, tokens: Vec<String>) -> (Http2, Vec<Answer>) {
    let path = format!("{CONVERSATION}/Watch");
    let mut open = Vec::with_capacity(STREAMS);
    for token in tokens.iter().cycle().take(STREAMS) {
        let mut answer = client.call(&path, &[("authorization", token)], b"").await;
        assert_eq!(answer.data().await, Some(framed(&[1])));
        open.push(answer);
    }
    (client, open)
}

async fn next(open: &mut [Answer], expected: &Bytes) {
    for answer in open {
        assert_eq!(answer.data().await.as_ref(), Some(expected));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_thousand_streams_go_through_one_door() {
    let (context, (numbers, received)) = (running_context(7), watch::channel(1));
    let tokens = Tokens::new(&context);
    let address = hall::door(&context, received).await;

    let guest = |number| hall::guest(&tokens, number);
    let crowds = (0..CONNECTIONS).map(|connection| {
        let guests = (0..GUESTS_OF_CONNECTION).map(|of| guest(connection * GUESTS_OF_CONNECTION + of));
        let guests: Vec<String> = guests.collect();
        async move {
            tokio::spawn(crowd(Http2::connect(address).await, guests))
                .await
                .expect("opens")
        }
    });
    let mut crowds: Vec<_> = stream::iter(crowds).buffer_unordered(CONNECTIONS).collect().await;
    let all = i64::try_from(CONNECTIONS * STREAMS).expect("small");
    assert_eq!(OPEN_STREAMS.get(&[]), all);

    let began = Instant::now();
    let lone = Http2::connect(address).await;
    let token = guest(999_999);
    let send = lone
        .call(
            &format!("{CONVERSATION}/SendMessage"),
            &[("authorization", &token)],
            b"",
        )
        .await;
    assert_eq!(send.rest().await.1.code, Code::Ok);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());

    numbers.send(2).expect("watched");
    for (_, open) in &mut crowds {
        next(open, &framed(&[2])).await;
    }
    drop(numbers);
    for (_, open) in crowds {
        for answer in open {
            assert_eq!(answer.rest().await.1.code, Code::Ok);
        }
    }
    until("all are over", world::PATIENCE, async || OPEN_STREAMS.get(&[]) == 0).await;
}

//! 12,000 streams through one door to one service.
#![allow(clippy::disallowed_methods)] // What is measured from outside is measured by another clock.

mod world;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use onqueue_gateway::{Settings, Upstreams, bind};
use onqueue_server::{Context, InProcess, Readiness, listener};
use onqueue_telemetry::metrics::OPEN_STREAMS;
use onqueue_testkit::{Tokens, running_context, until};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, sync::watch};
use tokio_stream::wrappers::WatchStream;
use tonic::{Code, Status, body::Body};
use tower::service_fn;
use world::{
    CONVERSATION, id, organisation,
    wire::{Answer, Http2, framed},
};

const CONNECTIONS: usize = 120;
/// The default limit of one connection.
const STREAMS: usize = 100;
const GUESTS_OF_CONNECTION: usize = 4;

/// Answers streams with a frame for each number that is sent, and everything else at once.
fn broadcast(numbers: watch::Receiver<u8>) -> InProcess {
    InProcess::new(service_fn(move |request: Request<Body>| {
        let numbers = numbers.clone();
        async move {
            let trailers = || {
                Ok::<_, Status>(Frame::trailers(
                    [("grpc-status".parse().expect("a name"), 0.into())]
                        .into_iter()
                        .collect(),
                ))
            };
            let body = if request.uri().path().ends_with("/Watch") {
                let frames = WatchStream::new(numbers).map(|number| Ok(Frame::data(framed(&[number]))));
                Body::new(StreamBody::new(frames.chain(stream::iter([trailers()])).boxed()))
            } else {
                Body::new(StreamBody::new(stream::iter([
                    Ok(Frame::data(framed(b""))),
                    trailers(),
                ])))
            };
            Ok(Response::builder()
                .header("content-type", "application/grpc")
                .body(body)
                .expect("a response"))
        }
    }))
}

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

/// Opens the door with default limits to whoever comes from this machine.
async fn door(context: &Context, numbers: watch::Receiver<u8>) -> SocketAddr {
    let service = || broadcast(numbers.clone());
    let upstreams = Upstreams {
        auth: service(),
        routing: service(),
        session: service(),
        content: service(),
    };
    let readiness = Readiness::new(&context.tasks);
    let bound = bind(&Settings::default(), context.clone(), readiness, upstreams).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let limits = listener::Limits {
        exempt: vec!["127.0.0.0/8".parse().expect("a network")],
        ..listener::Limits::default()
    };
    bound.expect("binds").serve(listener, limits);
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_thousand_streams_go_through_one_door() {
    let (context, (numbers, received)) = (running_context(7), watch::channel(1));
    let tokens = Tokens::new(&context);
    let address = door(&context, received).await;

    let guest = |number: usize| {
        let number = u128::try_from(number).expect("small");
        let token = tokens.guest(
            organisation(),
            id(1_000_000 + number).into(),
            id(2_000_000 + number).into(),
        );
        format!("Bearer {token}")
    };
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

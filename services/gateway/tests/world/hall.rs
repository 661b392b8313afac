//! A door with default limits in front of a service whose streams all say the same.

use super::{id, organisation, wire::framed};
use futures::{StreamExt as _, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use onqueue_gateway::{Settings, Upstreams, bind};
use onqueue_server::{Context, InProcess, Readiness, listener};
use onqueue_testkit::Tokens;
use std::net::SocketAddr;
use tokio::{net::TcpListener, sync::watch};
use tokio_stream::wrappers::WatchStream;
use tonic::{Status, body::Body};
use tower::service_fn;

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

/// Opens the door with default limits to whoever comes from this machine; nobody is asked whether they are still there.
pub async fn door(context: &Context, numbers: watch::Receiver<u8>) -> SocketAddr {
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
        keepalive_ms: 3_600_000,
        ..listener::Limits::default()
    };
    bound.expect("binds").serve(listener, limits);
    address
}

/// What the guest of that number shows: each takes part in a conversation of their own.
pub fn guest(tokens: &Tokens, number: usize) -> String {
    let number = u128::try_from(number).expect("small");
    let (conversation, participant) = (id(1_000_000 + number), id(2_000_000 + number));
    let token = tokens.guest(organisation(), conversation.into(), participant.into());
    format!("Bearer {token}")
}

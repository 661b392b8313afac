//! Calls that come as frames of one stream pass the same layers as all others.

use crate::world::{Connection, FEED, PATIENCE, REPORT, SEND, World};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, channel::mpsc};
use http::{HeaderMap, Request, StatusCode};
use http_body::Frame as Part;
use http_body_util::{BodyExt as _, StreamBody};
use onqueue_proto::carrier::{self, Answer, Frame, Reader, write_call};
use onqueue_server::listener::Limits;
use std::convert::Infallible;
use tokio::time::timeout;
use tonic::{Code, body::Body};

/// A carrier's stream, as bytes.
struct Stream {
    say: mpsc::UnboundedSender<Bytes>,
    heard: Body,
    reader: Reader,
}

impl Stream {
    async fn open(connection: &mut Connection) -> Self {
        let (say, said) = mpsc::unbounded();
        let said = said.map(|bytes| Ok::<_, Infallible>(Part::data(bytes)));
        let request = Request::post(format!("https://session{}", carrier::PATH));
        let request = request.body(Body::new(StreamBody::new(said))).expect("a request");
        let answer = timeout(PATIENCE, connection.sender.send_request(request)).await;
        let answer = answer.expect("in time").expect("answered");
        assert_eq!(answer.headers()["content-type"], carrier::CONTENT_TYPE);
        Self {
            say,
            heard: Body::new(answer.into_body()),
            reader: Reader::new(carrier::LARGEST_ANSWER),
        }
    }

    fn call(&self, id: u32, path: &str, headers: &HeaderMap) {
        let mut out = BytesMut::new();
        assert!(write_call(&mut out, id, path, headers, &Bytes::from_static(&[0; 5])));
        self.say.unbounded_send(out.freeze()).expect("open");
    }

    /// `None` when it has ended.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.reader.frame().expect("well formed") {
                return Some(frame);
            }
            let part = timeout(PATIENCE, self.heard.frame()).await.expect("in time")?;
            self.reader.push(part.ok()?.into_data().expect("data"));
        }
    }

    async fn answer(&mut self) -> (u32, Answer) {
        match self.next().await {
            Some(Frame::Answer(id, answer)) => (id, answer),
            other => unreachable!("{other:?}"),
        }
    }
}

fn code(answer: &Answer) -> Code {
    let headers = answer.headers.get("grpc-status");
    let code = headers.or_else(|| answer.trailers.as_ref()?.get("grpc-status"));
    Code::from_bytes(code.expect("a status").as_bytes())
}

#[tokio::test]
async fn carried_calls_pass_the_same_layers() {
    let world = World::new(Limits::internal()).await;
    let mut connection = world.connect(world.of("routing")).await.expect("let in");
    let mut stream = Stream::open(&mut connection).await;
    for (id, path, expected) in [
        (7, REPORT, Code::Ok),
        (8, SEND, Code::Unauthenticated),
        (9, "/onqueue.session.v1.Unheard/Of", Code::Unimplemented),
    ] {
        stream.call(id, path, &HeaderMap::new());
        let (answered, answer) = stream.answer().await;
        assert_eq!(
            (answered, answer.status, code(&answer)),
            (id, StatusCode::OK, expected),
            "{path}"
        );
    }
    assert_eq!(world.reached(), ["routing"]);
    stream.call(10, FEED, &HeaderMap::new());
    assert_eq!(
        stream.next().await,
        Some(Frame::Apart(10)),
        "streams have one of their own"
    );
    assert_eq!(world.reached(), ["routing"], "and nothing was done");
}

#[tokio::test]
async fn others_may_not_what_their_certificate_does_not_say() {
    let world = World::new(Limits::internal()).await;
    let mut connection = world.connect(world.of("content")).await.expect("let in");
    let mut stream = Stream::open(&mut connection).await;
    stream.call(1, REPORT, &HeaderMap::new());
    let (_, answer) = stream.answer().await;
    assert_eq!((code(&answer), world.reached().len()), (Code::PermissionDenied, 0));
}

#[tokio::test]
async fn nonsense_ends_the_stream_and_nothing_else() {
    let world = World::new(Limits::internal()).await;
    let mut connection = world.connect(world.of("routing")).await.expect("let in");
    for nonsense in [
        &b"\xff\xff\xff\xff"[..],
        b"\0\0\0\x05\x63\0\0\0\x01",
        b"\0\0\0\x0a\x01\0\0\0\x01\0\x01*\0\0",
        b"\0\0\0\0",
    ] {
        let mut stream = Stream::open(&mut connection).await;
        stream.call(1, REPORT, &HeaderMap::new());
        assert_eq!(stream.answer().await.0, 1);
        let said = Bytes::from_static(nonsense);
        stream.say.unbounded_send(said).expect("open");
        assert_eq!(stream.next().await, None, "{nonsense:?}");
        let response = connection.call(REPORT, &[]).await.expect("the connection goes on");
        assert_eq!(response.headers()["grpc-status"], "0");
    }
}

#[tokio::test]
async fn the_end_of_what_is_asked_is_the_end_of_what_is_answered() {
    let world = World::new(Limits::internal()).await;
    let mut connection = world.connect(world.of("routing")).await.expect("let in");
    let mut stream = Stream::open(&mut connection).await;
    stream.call(1, REPORT, &HeaderMap::new());
    stream.say.close_channel();
    assert_eq!(stream.answer().await.0, 1);
    assert_eq!(stream.next().await, None);
}

//! A gateway on a real port, in front of services that the test itself plays: each call that reaches one is handed to the
//! test, which answers it.
#![allow(dead_code, reason = "each test file uses its part of this")]

pub mod hall;
pub mod wire;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt as _, StreamBody};
use onqueue_client::Affinity;
use onqueue_gateway::{Gateway, Settings, Upstreams, bind};
use onqueue_model::{DivisionId, OrganisationId, UserId};
use onqueue_server::{Context, InProcess, Readiness, listener};
use onqueue_testkit::{Tokens, running_context};
use prost::Message;
use std::{
    collections::VecDeque,
    net::SocketAddr,
    pin::Pin,
    task::{self, Poll},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, body::Body};
use tower::service_fn;
use uuid::Uuid;

/// Longer than anything takes that works.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub const CONVERSATION: &str = "/onqueue.session.v1.ConversationService";

/// A call that has reached a service.
pub struct Call {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Where the gateway would like it to go.
    pub nearness: Option<u64>,
    reply: oneshot::Sender<Reply>,
}

enum Reply {
    Response(Response<Body>),
    Panic,
}

/// The service's end of a stream.
pub struct Sender(mpsc::Sender<Result<Frame<Bytes>, Status>>);

impl Call {
    /// Answers with one message.
    pub fn answer(self, message: &impl Message) {
        self.answer_bytes(&message.encode_to_vec());
    }

    /// Answers with one message as it is.
    pub fn answer_bytes(self, message: &[u8]) {
        let frames = [Ok(Frame::data(wire::framed(message))), Ok(ended())];
        let body = StreamBody::new(stream::iter(frames.map(|frame: Result<_, Status>| frame)));
        self.respond(Reply::Response(grpc(Body::new(body))));
    }

    /// Answers with one message that is all there and says how long it is, as one from another process does.
    pub fn answer_at_once(self, message: &[u8]) {
        let message = wire::framed(message);
        let body = Whole {
            length: message.len() as u64,
            frames: [Frame::data(message), ended()].into(),
        };
        self.respond(Reply::Response(grpc(Body::new(body))));
    }

    /// Refuses.
    pub fn refuse(self, status: Status) {
        self.respond(Reply::Response(status.into_http()));
    }

    /// Answers with a stream.
    pub fn stream(self) -> Sender {
        let (sender, frames) = mpsc::channel(16);
        let body = StreamBody::new(ReceiverStream::new(frames).boxed());
        self.respond(Reply::Response(grpc(Body::new(body))));
        Sender(sender)
    }

    /// Panics in the service's handler.
    pub fn panic(self) {
        self.respond(Reply::Panic);
    }

    /// Returns when the caller no longer waits.
    pub async fn cancelled(mut self) {
        timeout(PATIENCE, self.reply.closed()).await.expect("cancelled");
    }

    /// What the call says.
    pub fn message<M: Message + Default>(&self) -> M {
        M::decode(&self.body[5..]).expect("a message")
    }

    fn respond(self, reply: Reply) {
        assert!(self.reply.send(reply).is_ok(), "nobody waits for {}", self.path);
    }
}

impl Sender {
    /// Sends a frame.
    pub async fn send(&self, message: &impl Message) {
        let frame = Frame::data(wire::framed(&message.encode_to_vec()));
        self.0.send(Ok(frame)).await.expect("the stream is open");
    }

    /// Sends bytes as they are.
    pub async fn send_bytes(&self, bytes: &[u8]) {
        let frame = Frame::data(Bytes::copy_from_slice(bytes));
        self.0.send(Ok(frame)).await.expect("the stream is open");
    }

    /// Breaks off, as when the connection to the service is gone.
    pub async fn break_off(self) {
        let gone = Status::unknown("h2 protocol error");
        self.0.send(Err(gone)).await.expect("the stream is open");
    }

    /// Ends the stream in order.
    pub async fn end(self) {
        self.0.send(Ok(ended())).await.expect("the stream is open");
    }

    /// Ends the stream with a refusal.
    pub async fn fail(self, status: Status) {
        let mut trailers = HeaderMap::new();
        status.add_header(&mut trailers).expect("trailers");
        self.0
            .send(Ok(Frame::trailers(trailers)))
            .await
            .expect("the stream is open");
    }

    /// Returns when nobody reads any more.
    pub async fn cancelled(&self) {
        timeout(PATIENCE, self.0.closed()).await.expect("cancelled");
    }
}

/// An answer that is all there.
struct Whole {
    length: u64,
    frames: VecDeque<Frame<Bytes>>,
}

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Poll::Ready(self.frames.pop_front().map(Ok))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

fn ended() -> Frame<Bytes> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", 0.into());
    Frame::trailers(trailers)
}

fn grpc(body: Body) -> Response<Body> {
    Response::builder()
        .header("content-type", "application/grpc")
        .body(body)
        .expect("a response")
}

/// Hands each call to the test.
pub fn played(calls: mpsc::Sender<Call>) -> InProcess {
    InProcess::new(service_fn(move |request: Request<Body>| {
        let calls = calls.clone();
        async move {
            let (parts, body) = request.into_parts();
            let (reply, answer) = oneshot::channel();
            let call = Call {
                path: parts.uri.path().to_owned(),
                headers: parts.headers,
                nearness: parts.extensions.get::<Affinity>().map(|affinity| affinity.0),
                body: body.collect().await?.to_bytes(),
                reply,
            };
            calls
                .send(call)
                .await
                .map_err(|_| Status::unavailable("the test is over"))?;
            match answer.await {
                Ok(Reply::Response(response)) => Ok(response),
                Ok(Reply::Panic) => panic!("the handler panics"),
                Err(_) => Err(Status::unavailable("the test did not answer")),
            }
        }
    }))
}

/// The gateway and what it stands in.
pub struct World {
    pub address: SocketAddr,
    pub context: Context,
    pub tokens: Tokens,
    calls: Mutex<mpsc::Receiver<Call>>,
}

impl World {
    pub async fn new() -> Self {
        Self::with(Settings::default(), listener::Limits::default(), running_context(3)).await
    }

    pub async fn with(settings: Settings, limits: listener::Limits, context: Context) -> Self {
        let (calls, received) = mpsc::channel(64);
        let service = || played(calls.clone());
        let upstreams = Upstreams {
            auth: service(),
            routing: service(),
            session: service(),
            content: service(),
        };
        Self::before(upstreams, received, settings, limits, context).await
    }

    /// The same with sessions elsewhere.
    pub async fn with_session(session: InProcess, context: Context) -> Self {
        let (calls, received) = mpsc::channel(64);
        let service = || played(calls.clone());
        let upstreams = Upstreams {
            auth: service(),
            routing: service(),
            session,
            content: service(),
        };
        let limits = listener::Limits::default();
        Self::before(upstreams, received, Settings::default(), limits, context).await
    }

    async fn before(
        upstreams: Upstreams,
        received: mpsc::Receiver<Call>,
        settings: Settings,
        limits: listener::Limits,
        context: Context,
    ) -> Self {
        let readiness = Readiness::new(&context.tasks);
        let gateway: Gateway = bind(&settings, context.clone(), readiness, upstreams)
            .await
            .expect("binds");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        gateway.serve(listener, limits);
        Self {
            address,
            tokens: Tokens::new(&context),
            context,
            calls: Mutex::new(received),
        }
    }

    /// The next call that reaches a service.
    pub async fn call(&self) -> Call {
        let mut calls = self.calls.lock().await;
        timeout(PATIENCE, calls.recv())
            .await
            .expect("a call arrives")
            .expect("open")
    }

    /// The next call, which must be of this rpc.
    pub async fn call_of(&self, path: &str) -> Call {
        let call = self.call().await;
        assert_eq!(call.path, path);
        call
    }

    /// Nothing has reached a service that was not taken.
    pub async fn nothing_arrived(&self) -> bool {
        self.calls.lock().await.try_recv().is_err()
    }

    pub fn guest(&self) -> String {
        self.tokens.guest(organisation(), id(4).into(), id(5).into())
    }

    /// A token of the one user, who may do this.
    pub fn user(&self, permissions: &[&str]) -> String {
        let division: DivisionId = id(3).into();
        self.tokens.grant(organisation(), user(), division, permissions);
        self.tokens.user(organisation(), user(), "Ada")
    }
}

pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub fn organisation() -> OrganisationId {
    id(1).into()
}

pub fn user() -> UserId {
    id(2).into()
}

//! The layers around a service, called as another service in the same process calls them: nothing but the layers is there
//! to enforce anything.
#![allow(clippy::disallowed_methods)] // Deadlines are measured against the machine's clock, from outside.

use axum::{Router, routing::any};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use onqueue_model::{Reason, Timestamp};
use onqueue_proto::{
    auth::v1::{LoginRequest, token_service_client::TokenServiceClient},
    rpc::{ErrorInfo, Status as Carried, unpack},
};
use onqueue_server::{
    Bound, Context, Deadline, InProcess, Limits, as_peer, deadline, layered, layered_within, parse_timeout,
};
use onqueue_telemetry::metrics;
use onqueue_testkit::{Tokens, still_context};
use prost::Message as _;
use std::{
    convert::Infallible,
    sync::{Arc, Mutex, atomic::AtomicUsize, atomic::Ordering},
    time::{Duration, Instant},
};
use tonic::{Code, Status, body::Body};
use tower::ServiceExt as _;
use uuid::Uuid;

const CONVERSATION: &str = "/onqueue.session.v1.ConversationService";

fn ok() -> Response<Body> {
    Status::ok("").into_http()
}

/// Counts how many handlers' streams are open.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn panicking_handler() {
    panic!("the handler panics");
}

/// Routes that answer, hang, panic or stream, under the names of real rpcs.
fn routes(open: &Arc<AtomicUsize>) -> Router {
    let (of_stream, of_hang) = (Arc::clone(open), Arc::clone(open));
    let endless = move |panics: bool| {
        of_stream.fetch_add(1, Ordering::SeqCst);
        let guard = Open(Arc::clone(&of_stream));
        let first = stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[0, 0, 0, 0, 0])))]);
        let rest = stream::once(async move {
            let _guard = guard;
            assert!(!panics, "the stream panics");
            std::future::pending().await
        });
        Response::new(Body::new(StreamBody::new(first.chain(rest))))
    };
    let panicking = endless.clone();
    let path = |method: &str| format!("{CONVERSATION}/{method}");
    Router::new()
        .route(&path("Watch"), any(move || async move { endless(false) }))
        .route(&path("WatchMine"), any(move || async move { panicking(true) }))
        .route(
            &path("GetConversation"),
            any(move || async move {
                of_hang.fetch_add(1, Ordering::SeqCst);
                let _guard = Open(of_hang);
                std::future::pending::<()>().await;
            }),
        )
        .route(&path("EndConversation"), any(panicking_handler))
        .route(
            &path("SendMessage"),
            any(|request: Request<axum::body::Body>| async {
                match Body::new(request.into_body()).collect().await {
                    Ok(_) => ok(),
                    Err(status) => status.into_http(),
                }
            }),
        )
        .route("/onqueue.routing.v1.QueueService/ListQueues", any(|| async { ok() }))
        .route("/onqueue.routing.v1.AgentService/GoOnQueue", any(|| async { ok() }))
        .route("/onqueue.routing.v1.AgentService/GetAgent", any(|| async { ok() }))
        .route("/onqueue.session.v1.FeedService/Feed", any(|| async { ok() }))
        .route("/onqueue.auth.v1.TokenService/Login", any(|| async { ok() }))
        .route(
            "/onqueue.session.v1.ConversationService/Undeclared",
            any(|| async { ok() }),
        )
}

struct World {
    context: Context,
    tokens: Tokens,
    service: InProcess,
    open: Arc<AtomicUsize>,
}

impl World {
    fn new() -> Self {
        let (context, _) = still_context(11);
        let open = Arc::default();
        let bound = Bound {
            name: "test",
            routes: routes(&open).into(),
        };
        Self {
            tokens: Tokens::new(&context),
            service: layered(bound, &context),
            context,
            open,
        }
    }

    fn user(&self, permissions: &[&str]) -> String {
        let id = |number| Uuid::from_u128(number);
        self.tokens.ungrant(id(2).into());
        self.tokens.grant(id(1).into(), id(2).into(), id(3).into(), permissions);
        self.tokens.user(id(1).into(), id(2).into(), "Ada")
    }

    fn guest(&self) -> String {
        let id = |number| Uuid::from_u128(number);
        self.tokens.guest(id(1).into(), id(4).into(), id(5).into())
    }

    async fn call(&self, request: Request<Body>) -> Response<Body> {
        self.service.clone().oneshot(request).await.expect("layers answer")
    }
}

fn request(path: &str, headers: &[(&'static str, &str)]) -> Request<Body> {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).expect("a request")
}

fn with(path: &str, token: &str) -> Request<Body> {
    request(path, &[("authorization", &format!("Bearer {token}"))])
}

fn told(headers: &HeaderMap) -> (Code, Option<Reason>) {
    let status = Status::from_header_map(headers).expect("a status");
    let details = Carried::decode(status.details()).expect("details").details;
    let info = unpack::<ErrorInfo>("google.rpc.ErrorInfo", &details);
    (status.code(), info.and_then(|info| Reason::parse(&info.reason)))
}

#[tokio::test]
async fn each_declared_access_is_enforced() {
    let world = World::new();
    let (user, guest) = (world.user(&["routing:queue:*"]), world.guest());
    let (queues, agent) = (
        "/onqueue.routing.v1.QueueService/ListQueues",
        "/onqueue.routing.v1.AgentService/GetAgent",
    );
    let (login, send) = (
        "/onqueue.auth.v1.TokenService/Login",
        &*format!("{CONVERSATION}/SendMessage"),
    );
    let feed = "/onqueue.session.v1.FeedService/Feed";
    for (path, token, expected) in [
        (queues, None, Some(Reason::TokenInvalid)),
        (queues, Some("forged"), Some(Reason::TokenInvalid)),
        (queues, Some(&*guest), Some(Reason::PermissionMissing)),
        (queues, Some(&*user), None),
        (
            "/onqueue.routing.v1.AgentService/GoOnQueue",
            Some(&*user),
            Some(Reason::PermissionMissing),
        ),
        (agent, None, Some(Reason::TokenInvalid)),
        (agent, Some(&*guest), Some(Reason::CallerNotAllowed)),
        (agent, Some(&*user), None),
        (login, None, None),
        (login, Some("forged"), None),
        (send, None, Some(Reason::TokenInvalid)),
        (send, Some(&*guest), None),
        (feed, Some(&*user), Some(Reason::CallerNotAllowed)),
        (
            "/onqueue.session.v1.ConversationService/Undeclared",
            Some(&*user),
            Some(Reason::Unimplemented),
        ),
        ("/nobody.v1.Nothing/Nope", Some(&*user), Some(Reason::Unimplemented)),
    ] {
        let asked = token.map_or_else(|| request(path, &[]), |token| with(path, token));
        let (code, reason) = told(world.call(asked).await.headers());
        assert_eq!(
            (code == Code::Ok, reason),
            (expected.is_none(), expected),
            "{path} {token:?}"
        );
    }
}

#[tokio::test]
async fn internal_rpcs_are_for_the_services_named() {
    let world = World::new();
    let path = "/onqueue.session.v1.FeedService/Feed";
    for (name, expected) in [("routing", Code::Ok), ("gateway", Code::PermissionDenied)] {
        let peer = as_peer(world.service.clone(), name);
        let response = peer.oneshot(request(path, &[])).await.expect("answered");
        assert_eq!(told(response.headers()).0, expected, "{name}");
    }
    let handed_on = request(path, &[("x-onqueue-from-outside", "1")]);
    let peer = as_peer(world.service.clone(), "routing");
    let response = peer.oneshot(handed_on).await.expect("answered");
    let expected = (Code::PermissionDenied, Some(Reason::CallerNotAllowed));
    assert_eq!(told(response.headers()), expected, "from whoever called them");
}

#[tokio::test]
async fn stale_trust_refuses_changes_but_not_reading() {
    let world = World::new();
    let token = world.user(&["routing:*:*"]);
    let stale = onqueue_trust::Trust::new();
    stale.install(world.context.trust.bundle(), Timestamp(0));
    let context = Context {
        trust: stale,
        ..world.context.clone()
    };
    let service = around(&context, routes(&world.open));
    let ask = async |path| {
        told(
            service
                .clone()
                .oneshot(with(path, &token))
                .await
                .expect("answered")
                .headers(),
        )
    };
    assert_eq!(ask("/onqueue.routing.v1.QueueService/ListQueues").await.0, Code::Ok);
    let change = ask("/onqueue.routing.v1.AgentService/GoOnQueue").await;
    assert_eq!(change, (Code::Unavailable, Some(Reason::TrustStale)));
}

#[tokio::test]
async fn requests_above_their_size_class_are_refused() {
    let world = World::new();
    let token = world.guest();
    for (bytes, chunk, expected) in [
        (64 * 1024 + 5, 64 * 1024 + 5, Code::Ok),
        (64 * 1024 + 6, 64 * 1024 + 6, Code::ResourceExhausted),
        (64 * 1024 + 6, 1_000, Code::ResourceExhausted),
    ] {
        let frames = vec![0_u8; bytes];
        let frames = frames.chunks(chunk).map(Bytes::copy_from_slice).collect::<Vec<_>>();
        let frames = stream::iter(frames.into_iter().map(|data| Ok::<_, Infallible>(Frame::data(data))));
        let asked = with(&format!("{CONVERSATION}/SendMessage"), &token).map(|_| Body::new(StreamBody::new(frames)));
        let (code, reason) = told(world.call(asked).await.headers());
        assert_eq!(code, expected, "{bytes} in chunks of {chunk}");
        assert_eq!(reason, (code != Code::Ok).then_some(Reason::MessageTooLarge));
    }
    let mut said = with(&format!("{CONVERSATION}/SendMessage"), &token).map(|_| Body::new(Full::new(Bytes::new())));
    said.headers_mut().insert("content-length", 70_000.into());
    assert_eq!(told(world.call(said).await.headers()).0, Code::ResourceExhausted);
}

/// The shortest of five runs, none of them shorter than `within`: a busy machine may be late now and then, not each time.
async fn soonest(within: Duration, mut run: impl AsyncFnMut()) -> Duration {
    let mut soonest = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        run().await;
        let took = began.elapsed();
        assert!(took >= within, "too early: {took:?}");
        soonest = soonest.min(took);
    }
    soonest
}

#[tokio::test]
async fn a_deadline_ends_unary_calls_and_streams() {
    let world = World::new();
    let (token, within) = (format!("Bearer {}", world.guest()), Duration::from_millis(100));
    let late = within + Duration::from_millis(50);
    let headers = [("authorization", &*token), ("grpc-timeout", "100m")];

    let unary = async || {
        let response = world
            .call(request(&format!("{CONVERSATION}/GetConversation"), &headers))
            .await;
        let expected = (Code::DeadlineExceeded, Some(Reason::DeadlineExceeded));
        assert_eq!(told(response.headers()), expected);
    };
    let took = soonest(within, unary).await;
    assert!(took <= late, "unary: {took:?}");

    let stream = async || {
        let response = world.call(request(&format!("{CONVERSATION}/Watch"), &headers)).await;
        assert!(response.headers().get("grpc-status").is_none());
        let body = response.into_body().collect().await.expect("ends with trailers");
        assert_eq!(told(body.trailers().expect("trailers")).0, Code::DeadlineExceeded);
        assert_eq!(body.to_bytes().len(), 5);
    };
    let took = soonest(within, stream).await;
    assert!(took <= late, "stream: {took:?}");
    assert_eq!(world.open.load(Ordering::SeqCst), 0, "the handlers were dropped");

    let malformed = [("authorization", &*token), ("grpc-timeout", "5")];
    let response = world.call(request(&format!("{CONVERSATION}/Watch"), &malformed)).await;
    let expected = (Code::InvalidArgument, Some(Reason::FieldInvalid));
    assert_eq!(told(response.headers()), expected);
}

const LOGIN: &str = "/onqueue.auth.v1.TokenService/Login";

fn around(context: &Context, router: Router) -> InProcess {
    around_within(context, router, &Limits::default())
}

fn around_within(context: &Context, router: Router, limits: &Limits) -> InProcess {
    let routes = router.into();
    layered_within(Bound { name: "test", routes }, context, limits)
}

#[tokio::test]
async fn what_is_left_of_a_deadline_is_easily_passed_on() {
    let ((context, _), heard) = (still_context(14), Arc::new(Mutex::new(Vec::new())));
    let hears = Arc::clone(&heard);
    let hears = async move |request: Request<axum::body::Body>| {
        let asked = parse_timeout(request.headers())
            .expect("well formed")
            .expect("passed on");
        let left = deadline(&tonic::Request::from_http(request)).expect("a deadline");
        assert!(left <= asked);
        hears.lock().expect("what was heard").push(asked);
        ok()
    };
    let owner = around(&context, Router::new().route(LOGIN, any(hears)));
    // Bytes that are handed on, and a request that is made anew.
    let forwarding = owner.clone();
    let forwards = move |request: Request<axum::body::Body>| async move {
        let mut out = self::request(LOGIN, &[]);
        let deadline = request.extensions().get::<Deadline>().expect("a deadline");
        deadline.write(out.headers_mut());
        forwarding.oneshot(out).await.expect("answered")
    };
    let calls = move |request: Request<axum::body::Body>| async move {
        let left = deadline(&tonic::Request::from_http(request)).expect("a deadline");
        let mut made = tonic::Request::new(LoginRequest::default());
        made.set_timeout(left);
        let answer = TokenServiceClient::new(owner).login(made).await;
        answer.map_or_else(Status::into_http, |_| ok())
    };
    for handler in [any(forwards), any(calls)] {
        let service = around(&context, Router::new().route(LOGIN, handler));
        for (asked, most) in [(None, 10_000), (Some("500m"), 500), (Some("1H"), 60_000)] {
            let headers: Vec<_> = asked.map(|asked| ("grpc-timeout", asked)).into_iter().collect();
            let response = service.clone().oneshot(request(LOGIN, &headers)).await;
            response.expect("layers answer");
            let heard = heard.lock().expect("what was heard").pop().expect("it was called");
            let most = Duration::from_millis(most);
            assert!(most / 2 < heard && heard <= most, "{asked:?}: {heard:?}");
        }
    }
}

/// What is asked with each letter that somebody types.
const FIND: &str = "/onqueue.content.v1.ResponseService/SearchResponses";

/// What brings thousands of rows in at once.
const IMPORT: &str = "/onqueue.content.v1.ResponseTransferService/ImportResponses";

#[tokio::test]
async fn an_rpc_may_get_less_or_more_time_than_others() {
    let (context, _) = still_context(15);
    let (tokens, organisation, user) = (Tokens::new(&context), Uuid::from_u128(1), Uuid::from_u128(2));
    let permissions = ["responses:response:view", "responses:response:add"];
    tokens.grant(
        organisation.into(),
        user.into(),
        Uuid::from_u128(3).into(),
        &permissions,
    );
    let token = format!("Bearer {}", tokens.user(organisation.into(), user.into(), "Ada"));
    let heard = Arc::new(Mutex::new(None));
    let hears = Arc::clone(&heard);
    let handler = async move |request: Request<axum::body::Body>| {
        *hears.lock().expect("what was heard") = deadline(&tonic::Request::from_http(request));
        ok()
    };
    let routes = Router::new()
        .route(FIND, any(handler.clone()))
        .route(IMPORT, any(handler));
    let limits = Limits {
        unary_default_ms: 10_000,
        unary_maximum_ms: 10_000,
        ..Limits::default()
    };
    let service = around_within(&context, routes, &limits);
    for (rpc, asked, most) in [
        (FIND, None, 2_000),
        (FIND, Some("500m"), 500),
        (FIND, Some("1H"), 2_000),
        (IMPORT, None, 60_000),
        (IMPORT, Some("500m"), 500),
        (IMPORT, Some("1H"), 60_000),
    ] {
        let mut headers = vec![("authorization", &*token)];
        headers.extend(asked.map(|asked| ("grpc-timeout", asked)));
        let response = service.clone().oneshot(request(rpc, &headers)).await;
        response.expect("layers answer");
        let heard = heard.lock().expect("what was heard").take().expect("it was called");
        let most = Duration::from_millis(most);
        assert!(most / 2 < heard && heard <= most, "{rpc} {asked:?}: {heard:?}");
    }
}

#[tokio::test]
async fn unary_calls_have_a_deadline_and_a_place_or_are_refused() {
    let (context, _) = still_context(12);
    let tokens = Tokens::new(&context);
    let token = tokens.guest(
        Uuid::from_u128(1).into(),
        Uuid::from_u128(4).into(),
        Uuid::from_u128(5).into(),
    );
    let limits = Limits {
        unary_default_ms: 60,
        unary_calls: 1,
        ..Limits::default()
    };
    let service = around_within(&context, routes(&Arc::default()), &limits);
    let ask = async || {
        let asked = with(&format!("{CONVERSATION}/GetConversation"), &token);
        told(service.clone().oneshot(asked).await.expect("answered").headers())
    };
    let shed = metrics::SHED.get(&["busy"]);
    let (first, second) = tokio::join!(ask(), ask());
    assert_eq!(first.0, Code::DeadlineExceeded);
    assert_eq!(second, (Code::Unavailable, Some(Reason::Unavailable)));
    assert_eq!(metrics::SHED.get(&["busy"]), shed + 1);
    assert_eq!(ask().await.0, Code::DeadlineExceeded, "the place was given back");
}

#[tokio::test]
async fn a_request_that_does_not_arrive_is_not_waited_for() {
    let (context, _) = still_context(13);
    let token = Tokens::new(&context).guest(
        Uuid::from_u128(1).into(),
        Uuid::from_u128(4).into(),
        Uuid::from_u128(5).into(),
    );
    let limits = Limits {
        request_ms: 50,
        ..Limits::default()
    };
    let never = stream::pending::<Result<Frame<Bytes>, Infallible>>();
    let asked = with(&format!("{CONVERSATION}/SendMessage"), &token).map(|_| Body::new(StreamBody::new(never)));
    let service = around_within(&context, routes(&Arc::default()), &limits);
    let began = Instant::now();
    let response = service.oneshot(asked).await.expect("answered");
    assert_eq!(told(response.headers()).0, Code::DeadlineExceeded);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_panic_is_an_internal_error_of_its_own_call() {
    let world = World::new();
    let (guest, user) = (world.guest(), world.user(&[]));
    let mut other = world
        .call(with(&format!("{CONVERSATION}/Watch"), &guest))
        .await
        .into_body();
    assert!(other.frame().await.expect("a frame").is_ok());

    let response = world
        .call(with(&format!("{CONVERSATION}/EndConversation"), &guest))
        .await;
    assert_eq!(told(response.headers()), (Code::Internal, Some(Reason::Internal)));
    let said = response
        .headers()
        .get("grpc-message")
        .expect("a message")
        .to_str()
        .expect("ascii");
    assert!(!said.contains("panic"), "{said}");

    let body = world
        .call(with(&format!("{CONVERSATION}/WatchMine"), &user))
        .await
        .into_body();
    let body = body.collect().await.expect("ends with trailers");
    assert_eq!(told(body.trailers().expect("trailers")).0, Code::Internal);
    assert_eq!(world.open.load(Ordering::SeqCst), 1, "the other stream lives");
    assert!(!world.context.tasks.drain_token().is_cancelled());
}

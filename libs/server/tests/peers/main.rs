//! Services that call one another over real sockets: who is let in, as whom, and how connections end.
#![allow(clippy::disallowed_methods)] // Clients run beside the service, and are measured by another clock.

mod carried;
mod world;

use http::HeaderMap;
use http_body_util::BodyExt as _;
use onqueue_credentials::authority;
use onqueue_model::Reason;
use onqueue_proto::rpc::{ErrorInfo, Status as Carried, unpack};
use onqueue_server::listener::Limits;
use onqueue_testkit::Tokens;
use prost::Message as _;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, version::TLS12},
};
use tonic::{Code, Status, body::Body};
use uuid::Uuid;
use world::{Connection, FEED, PATIENCE, REPORT, SEND, Signer, World, nameless};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: session\r\n\r\n";

fn told(headers: &HeaderMap) -> (Code, Option<Reason>) {
    let status = Status::from_header_map(headers).expect("a status");
    let details = Carried::decode(status.details()).expect("details").details;
    let info = unpack::<ErrorInfo>("google.rpc.ErrorInfo", &details);
    (status.code(), info.and_then(|info| Reason::parse(&info.reason)))
}

fn guest(world: &World) -> String {
    let id = |number| Uuid::from_u128(number);
    let token = Tokens::new(&world.context).guest(id(1).into(), id(4).into(), id(5).into());
    format!("Bearer {token}")
}

/// Whether the other side ends the connection, whatever it says before.
async fn ends(mut io: impl tokio::io::AsyncRead + Unpin) -> Vec<u8> {
    let mut read = Vec::new();
    // A reset is an end too.
    let _ = timeout(PATIENCE, io.read_to_end(&mut read)).await.expect("it ends");
    read
}

async fn is_served(world: &World) {
    let mut routing = world.connect(world.of("routing")).await.expect("let in");
    let response = routing.call(REPORT, &[]).await.expect("answered");
    assert_eq!(told(response.headers()), (Code::Ok, None));
}

#[tokio::test]
async fn peers_are_who_their_certificates_say_whatever_their_requests_say() {
    let world = World::new(Limits::internal()).await;
    let guest = guest(&world);
    let claims: &[(&'static str, &str)] = &[("peer", "routing"), ("x-onqueue-peer", "routing"), ("host", "routing")];
    let bearer: &[(&'static str, &str)] = &[("authorization", &guest)];
    let refused = (Code::PermissionDenied, Some(Reason::CallerNotAllowed));
    for (peer, headers, expected) in [
        ("routing", &[][..], (Code::Ok, None)),
        ("routing", bearer, (Code::Ok, None)),
        ("gateway", &[], refused),
        ("gateway", claims, refused),
        ("gateway", bearer, refused),
        ("session", &[], refused),
        ("auth", &[], refused),
        ("content", &[], refused),
    ] {
        let mut connection = world.connect(world.of(peer)).await.expect("let in");
        let response = connection.call(REPORT, headers).await.expect("answered");
        assert_eq!(told(response.headers()), expected, "{peer} {headers:?}");
    }
    assert_eq!(world.reached(), ["routing"; 2]);
    // The guest's own rpc is passed on by the gateway.
    world.answer.notify_one();
    let mut gateway = world.connect(world.of("gateway")).await.expect("let in");
    let response = gateway.call(SEND, bearer).await.expect("answered");
    assert_eq!(told(response.headers()), (Code::Ok, None));
    assert_eq!(world.reached(), ["routing", "routing", "gateway"]);
}

#[tokio::test]
async fn who_speaks_without_tls_is_not_heard() {
    let world = World::new(Limits::internal()).await;
    for said in [PREFACE, REQUEST] {
        let mut io = TcpStream::connect(world.address).await.expect("connected");
        io.write_all(said).await.expect("written");
        let answer = ends(io).await;
        assert!(!answer.starts_with(b"HTTP") && answer.len() < 20, "{answer:?}");
    }
    assert!(world.reached().is_empty());
    is_served(&world).await;
}

#[tokio::test]
async fn who_shows_no_good_certificate_is_not_let_in() {
    let world = World::new(Limits::internal()).await;
    let folder = world.folder.path();
    let now = OffsetDateTime::from_unix_timestamp(world_seconds()).expect("a time");
    let (ago, soon) = (now - time::Duration::minutes(1), now + time::Duration::days(1));
    let (own, foreign) = (Signer::of(folder), Signer::foreign());
    let routing = "routing.onqueue.internal";
    for (what, config) in [
        ("no certificate", nameless(folder)),
        ("foreign authority", foreign.client(folder, routing, soon)),
        ("no name of ours", own.client(folder, "guest.onqueue.internal", soon)),
        ("another domain", own.client(folder, "routing.example", soon)),
        ("every name", own.client(folder, "*.onqueue.internal", soon)),
        ("expired", own.client(folder, routing, ago)),
        ("an older TLS", own.client_of(&TLS12, folder, routing, soon)),
    ] {
        // With TLS 1.3 a client learns with the first answer that it was refused.
        let refused = match world.connect(config).await {
            Ok(mut connection) => connection.call(REPORT, &[]).await.is_err(),
            Err(_) => true,
        };
        assert!(refused, "{what}");
    }
    assert!(world.reached().is_empty());
    let good = own.client(folder, routing, soon);
    let mut connection = world
        .connect(good)
        .await
        .expect("the certificates differ in one thing each");
    let response = connection.call(REPORT, &[]).await.expect("answered");
    assert_eq!(told(response.headers()), (Code::Ok, None));
}

/// The machine's time, by which certificates are judged.
fn world_seconds() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_secs()).expect("a time")
}

#[tokio::test]
async fn who_expects_another_service_does_not_call() {
    let world = World::new(Limits::internal()).await;
    let refused = world.connect_to(world.of("gateway"), "routing").await;
    let error = refused.err().expect("session is not routing").to_string();
    assert!(error.contains("routing.onqueue.internal"), "{error}");
    assert!(world.reached().is_empty());
}

async fn shaken(world: &World, config: Arc<ClientConfig>) -> impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin {
    let io = TcpStream::connect(world.address).await.expect("connected");
    let name = onqueue_credentials::server_name("session");
    TlsConnector::from(config).connect(name, io).await.expect("let in")
}

#[tokio::test]
async fn peers_speak_http_2_and_say_so_in_time() {
    let limits = Limits {
        first_words_ms: 200,
        ..Limits::internal()
    };
    let world = World::new(limits).await;
    let mut old = shaken(&world, world.of("routing")).await;
    old.write_all(REQUEST).await.expect("written");
    assert_eq!(ends(old).await, b"");
    // Neither of these holds up the others, nor is waited for.
    let silent = TcpStream::connect(world.address).await.expect("connected");
    let wordless = shaken(&world, world.of("routing")).await;
    is_served(&world).await;
    assert_eq!(ends(silent).await, b"");
    assert_eq!(ends(wordless).await, b"");
}

/// A stream that has begun.
async fn streaming(connection: &mut Connection) -> Body {
    let mut stream = connection.call(FEED, &[]).await.expect("answered").into_body();
    assert!(stream.frame().await.expect("a frame").is_ok());
    stream
}

/// That stream ends as one that goes on elsewhere.
async fn moves(stream: Body) {
    let rest = timeout(PATIENCE, stream.collect()).await.expect("in time");
    let rest = rest.expect("it ends in order");
    let told = told(rest.trailers().expect("trailers"));
    assert_eq!(told, (Code::Unavailable, Some(Reason::Unavailable)));
}

async fn ended_in_order(connection: Connection) {
    let ended = timeout(PATIENCE, connection.ended).await.expect("in time");
    ended.expect("no panic").expect("it ends in order");
}

#[tokio::test]
async fn renewed_certificates_hold_at_once_and_older_connections_end_in_order() {
    let limits = Limits {
        grace_ms: 1_000,
        ..Limits::internal()
    };
    let world = World::new(limits).await;
    tokio::spawn(world.identity.clone().follow(Duration::from_millis(5)));
    let mut changed = world.identity.changed();
    let former = world.of("routing");
    let mut connection = world.connect(Arc::clone(&former)).await.expect("let in");
    let stream = streaming(&mut connection).await;
    // Another authority: what it did not sign is no longer let in.
    std::fs::remove_dir_all(world.folder.path().join("ca")).expect("removed");
    authority::make(world.folder.path(), 1).expect("renewed");
    let renewed = Instant::now();
    timeout(PATIENCE, changed.changed())
        .await
        .expect("in time")
        .expect("followed");
    is_served(&world).await;
    let refused = world.connect(former).await;
    assert!(refused.is_err(), "a former authority is trusted no longer");
    let response = connection
        .call(REPORT, &[])
        .await
        .expect("the connection goes on for now");
    assert_eq!(told(response.headers()), (Code::Ok, None));
    moves(stream).await;
    assert!(renewed.elapsed() >= Duration::from_millis(500), "not all at once");
    ended_in_order(connection).await;
}

#[tokio::test]
async fn an_aged_connection_ends_its_streams_and_lets_calls_finish() {
    let limits = Limits {
        age_ms: 300,
        ..Limits::internal()
    };
    let world = World::new(limits).await;
    let guest = guest(&world);
    let mut connection = world.connect(world.of("routing")).await.expect("let in");
    let stream = streaming(&mut connection).await;
    let mut caller = Connection {
        sender: connection.sender.clone(),
        ended: tokio::spawn(std::future::pending()),
    };
    let headers = [("authorization", &*guest)];
    let ends = async {
        moves(stream).await;
        world.answer.notify_one();
    };
    let (response, ()) = tokio::join!(caller.call(SEND, &headers), ends);
    assert_eq!(told(response.expect("it finishes").headers()), (Code::Ok, None));
    ended_in_order(connection).await;
}

#[tokio::test]
async fn in_a_drain_streams_may_say_goodbye_before_they_are_ended() {
    let limits = Limits {
        grace_ms: 1_000,
        ..Limits::internal()
    };
    let world = World::new(limits).await;
    let mut connection = world.connect(world.of("routing")).await.expect("let in");
    let stream = streaming(&mut connection).await;
    let began = Instant::now();
    world.context.tasks.drain();
    moves(stream).await;
    assert!(began.elapsed() >= Duration::from_millis(500), "{:?}", began.elapsed());
    ended_in_order(connection).await;
    assert!(world.context.tasks.finish(PATIENCE).await);
    assert!(TcpStream::connect(world.address).await.is_err(), "nobody listens");
}

//! What the port bears, as a raw client sees it.
#![allow(clippy::disallowed_methods)] // What is measured from outside is measured by another clock.

mod world;

use onqueue_gateway::{Rate, Settings};
use onqueue_model::Reason;
use onqueue_server::listener;
use onqueue_testkit::{running_context, still_context};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic::Code;
use world::{CONVERSATION, World, wire::Http1, wire::Http2};

const SEND: &str = "/onqueue.session.v1.ConversationService/SendMessage";
const GET: &str = "/onqueue.session.v1.ConversationService/GetConversation";
const WATCH: &str = "/onqueue.session.v1.ConversationService/Watch";

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[tokio::test]
async fn the_settings_frame_shows_the_limits() {
    let world = World::new().await;
    let mut io = TcpStream::connect(world.address).await.expect("connected");
    io.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .expect("written");
    let mut head = [0; 9];
    io.read_exact(&mut head).await.expect("a frame");
    assert_eq!(head[3], 4, "SETTINGS comes first");
    let mut payload = vec![0; usize::from(head[2])];
    io.read_exact(&mut payload).await.expect("its payload");
    let value = |id: u8| {
        let entry = payload.chunks(6).find(|entry| entry[1] == id).expect("announced");
        u32::from_be_bytes([entry[2], entry[3], entry[4], entry[5]])
    };
    assert_eq!(value(3), 100, "SETTINGS_MAX_CONCURRENT_STREAMS");
    assert_eq!(value(6), 8 * 1024, "SETTINGS_MAX_HEADER_LIST_SIZE");
}

#[tokio::test]
async fn large_requests_and_headers_do_not_pass() {
    let world = World::new().await;
    let (client, token) = (Http2::connect(world.address).await, bearer(&world.guest()));
    let authorized = [("authorization", token.as_str())];
    for (path, bytes) in [
        (SEND, 64 * 1024 + 1),
        (GET, 4 * 1024 + 1),
        ("/onqueue.session.v1.Unheard/Of", 64 * 1024 + 1),
    ] {
        let told = client.refusal(path, &authorized, &vec![0; bytes]).await;
        assert_eq!(told.code, Code::ResourceExhausted, "{path}");
        assert_eq!(told.reason, Some(Reason::MessageTooLarge), "{path}");
    }
    let long = "x".repeat(9 * 1024);
    match client
        .send(GET, &[("authorization", &token), ("x-long", &long)], b"")
        .await
    {
        Ok(answer) => assert_eq!(answer.headers["x-http-status"], "431"),
        Err(error) => assert!(error.is_reset() || error.is_go_away(), "{error}"),
    }
    assert!(world.nothing_arrived().await);
    let client = Http2::connect(world.address).await;
    let largest = vec![0; 64 * 1024];
    tokio::join!(client.call(SEND, &authorized, &largest), async {
        let call = world.call_of(SEND).await;
        assert_eq!(call.body.len(), 64 * 1024 + 5);
        call.answer_bytes(b"");
    });
}

/// The shortest of five runs: a busy machine may be late now and then, not each time.
async fn soonest(mut run: impl AsyncFnMut()) -> Duration {
    let mut soonest = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        run().await;
        soonest = soonest.min(began.elapsed());
    }
    soonest
}

#[tokio::test]
async fn deadlines_are_answered_within_50_ms_for_calls_and_streams() {
    let world = World::new().await;
    let (client, token) = (Http2::connect(world.address).await, bearer(&world.guest()));
    let headers = [("authorization", token.as_str()), ("grpc-timeout", "100m")];
    let (within, late) = (Duration::from_millis(100), Duration::from_millis(150));

    let unary = async || {
        let (told, ()) = tokio::join!(client.refusal(GET, &headers, b""), async {
            world.call_of(GET).await.cancelled().await;
        });
        assert_eq!(
            (told.code, told.reason),
            (Code::DeadlineExceeded, Some(Reason::DeadlineExceeded))
        );
    };
    let took = soonest(unary).await;
    assert!((within..=late).contains(&took), "unary: {took:?}");

    let stream = async || {
        let answer = async { client.call(WATCH, &headers, b"").await.rest().await };
        let ((bytes, told), ()) = tokio::join!(answer, async {
            let sender = world.call_of(WATCH).await.stream();
            sender.send(&String::from("frame")).await;
            sender.cancelled().await;
        });
        assert_eq!((bytes.len(), told.code), (12, Code::DeadlineExceeded));
    };
    let took = soonest(stream).await;
    assert!((within..=late).contains(&took), "stream: {took:?}");
}

#[tokio::test]
async fn unary_calls_get_ten_seconds_at_most_and_streams_what_they_ask() {
    let world = World::new().await;
    let (client, token) = (Http2::connect(world.address).await, bearer(&world.guest()));
    for (path, asked, least, most) in [
        (GET, Some("60S"), 9_000_000, 10_000_000),
        (GET, None, 9_000_000, 10_000_000),
        (GET, Some("2S"), 1_000_000, 2_000_000),
        (WATCH, Some("60S"), 59_000_000, 60_000_000),
    ] {
        let mut headers = vec![("authorization", token.as_str())];
        headers.extend(asked.map(|timeout| ("grpc-timeout", timeout)));
        let (_, passed) = tokio::join!(client.call(path, &headers, b""), async {
            let call = world.call_of(path).await;
            let passed = call.headers["grpc-timeout"].to_str().expect("ascii").to_owned();
            call.answer_bytes(b"");
            passed
        });
        let micros: u64 = passed
            .strip_suffix('u')
            .expect("microseconds")
            .parse()
            .expect("a number");
        assert!((least..=most).contains(&micros), "{path} {asked:?}: {passed}");
    }
    let authorized = [("authorization", token.as_str())];
    let (_, passed) = tokio::join!(client.call(WATCH, &authorized, b""), async {
        let call = world.call_of(WATCH).await;
        let passed = call.headers.get("grpc-timeout").cloned();
        call.answer_bytes(b"");
        passed
    });
    assert_eq!(passed, None);
}

#[tokio::test]
async fn who_calls_too_often_is_told_when_to_come_back() {
    let (context, hand) = still_context(4);
    let settings = Settings {
        login_rate: Rate::per_minute(10, 2),
        chat_rate: Rate::per_minute(60, 1),
        guest_message_rate: Rate::per_second(2, 1),
        typing_rate: Rate::per_second(4, 1),
        ..Settings::default()
    };
    let world = World::with(settings, listener::Limits::default(), context).await;
    let (client, token) = (Http2::connect(world.address).await, bearer(&world.guest()));
    let authorized = [("authorization", token.as_str())];
    let start = format!("{CONVERSATION}/StartConversation");
    let typing = format!("{CONVERSATION}/SendTyping");
    let login = "/onqueue.auth.v1.TokenService/Login";
    for (path, burst, wait) in [(login, 2, 6_000), (&start, 1, 1_000), (SEND, 1, 500), (&typing, 1, 250)] {
        for _ in 0..burst {
            let passed = client.call(path, &authorized, b"");
            tokio::join!(passed, async { world.call_of(path).await.answer_bytes(b"") });
        }
        let told = client.refusal(path, &authorized, b"").await;
        assert_eq!(
            (told.code, told.reason),
            (Code::ResourceExhausted, Some(Reason::RateLimited)),
            "{path}"
        );
        assert_eq!(told.retry_after, Some(Duration::from_millis(wait)), "{path}");
        hand.advance(Duration::from_millis(wait));
        let passed = client.call(path, &authorized, b"");
        tokio::join!(passed, async { world.call_of(path).await.answer_bytes(b"") });
    }
    // A user writes faster than a guest may.
    let user = bearer(&world.user(&[]));
    let authorized = [("authorization", user.as_str())];
    for _ in 0..5 {
        let passed = client.call(SEND, &authorized, b"");
        tokio::join!(passed, async { world.call_of(SEND).await.answer_bytes(b"") });
    }
}

#[tokio::test]
async fn an_address_whose_calls_are_refused_too_often_has_to_wait() {
    let (context, hand) = still_context(14);
    let settings = Settings {
        call_rate: Rate::per_second(2, 3),
        ..Settings::default()
    };
    let world = World::with(settings, listener::Limits::default(), context).await;
    let (client, token) = (Http2::connect(world.address).await, bearer(&world.guest()));
    let ask = async |token: &str| {
        let told = client.refusal(GET, &[("authorization", token)], b"").await;
        (told.code, told.reason, told.retry_after)
    };
    for attempt in 0..3 {
        let forged = bearer(&format!("forged.{attempt}"));
        let (code, reason, _) = ask(&forged).await;
        assert_eq!((code, reason), (Code::Unauthenticated, Some(Reason::TokenInvalid)));
    }
    let wait = Duration::from_millis(500);
    let limited = (Code::ResourceExhausted, Some(Reason::RateLimited), Some(wait));
    assert_eq!(ask("Bearer forged").await, limited);
    assert_eq!(ask(&token).await, limited, "nothing from there is looked at");
    hand.advance(wait);
    let authorized = [("authorization", token.as_str())];
    tokio::join!(client.call(GET, &authorized, b""), async {
        world.call_of(GET).await.answer_bytes(b"");
    });
}

#[tokio::test]
async fn an_address_that_loads_pages_too_often_has_to_wait() {
    let (context, hand) = still_context(15);
    let settings = Settings {
        page_rate: Rate::per_second(1, 2),
        ..Settings::default()
    };
    let world = World::with(settings, listener::Limits::default(), context).await;
    let ask = async |method, path| {
        let mut browser = Http1::connect(world.address).await;
        browser
            .request(method, path, &[("origin", "http://gateway.example")])
            .await;
        browser.head().await
    };
    assert!(ask("GET", "/").await.starts_with("http/1.1 307"));
    assert!(ask("OPTIONS", "/").await.starts_with("http/1.1 200"));
    for (method, path) in [("GET", "/"), ("GET", "/assets/some.js"), ("OPTIONS", SEND)] {
        let head = ask(method, path).await;
        assert!(
            head.starts_with("http/1.1 429") && head.contains("retry-after: 1\r\n"),
            "{method} {path}: {head}"
        );
    }
    hand.advance(Duration::from_secs(1));
    assert!(ask("GET", "/").await.starts_with("http/1.1 307"));
}

#[tokio::test]
async fn one_caller_has_its_share_of_streams() {
    let settings = Settings {
        streams_per_caller: 2,
        ..Settings::default()
    };
    let world = World::with(settings, listener::Limits::default(), running_context(16)).await;
    let client = Http2::connect(world.address).await;
    let (guest, user) = (bearer(&world.guest()), bearer(&world.user(&[])));
    let open = async |token: &str| {
        let headers = [("authorization", token)];
        tokio::join!(client.call(WATCH, &headers, b""), async {
            world.call_of(WATCH).await.stream()
        })
    };
    let (first, second, _other) = (open(&guest).await, open(&guest).await, open(&user).await);
    for path in [WATCH, "/onqueue.session.v1.ConversationService/Unheard"] {
        let told = client.refusal(path, &[("authorization", &guest)], b"").await;
        let limited = (Code::ResourceExhausted, Some(Reason::RateLimited));
        assert_eq!((told.code, told.reason), limited, "{path}");
    }
    let authorized = [("authorization", guest.as_str())];
    tokio::join!(client.call(GET, &authorized, b""), async {
        world.call_of(GET).await.answer_bytes(b"");
    });

    // One that the caller leaves and one that ends make room.
    drop(first.0);
    first.1.cancelled().await;
    let third = open(&guest).await;
    second.1.end().await;
    assert_eq!(second.0.rest().await.1.code, Code::Ok);
    let fourth = open(&guest).await;
    let told = client.refusal(WATCH, &authorized, b"").await;
    assert_eq!(told.reason, Some(Reason::RateLimited));
    drop((third, fourth));
}

#[tokio::test]
async fn one_address_has_its_share_of_connections() {
    let limits = listener::Limits {
        connections_per_address: 2,
        ..listener::Limits::default()
    };
    let world = World::with(Settings::default(), limits, running_context(5)).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut connection = Http1::connect(world.address).await;
        connection.request("GET", "/", &[]).await;
        assert!(connection.head().await.starts_with("http/1.1 307"));
        open.push(connection);
    }
    let mut third = TcpStream::connect(world.address).await.expect("the machine accepts");
    let mut byte = [0];
    let read = third.read(&mut byte).await;
    assert!(matches!(read, Ok(0) | Err(_)), "closed at once: {read:?}");
    open.pop();
    onqueue_testkit::until("the place is free again", world::PATIENCE, async || {
        let mut next = TcpStream::connect(world.address).await.expect("the machine accepts");
        let written = next.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.is_ok();
        written && matches!(next.read(&mut [0; 64]).await, Ok(count) if count > 0)
    })
    .await;
}

//! What a browser gets: gRPC-Web over HTTP/1.1, the rules for foreign origins, and the pages.

mod world;

use onqueue_gateway::Settings;
use onqueue_server::listener;
use onqueue_testkit::running_context;
use onqueue_trust::Deployment;
use tonic::Status;
use world::{World, id, organisation, wire::Http1};

const SEND: &str = "/onqueue.session.v1.ConversationService/SendMessage";
const LOGIN: &str = "/onqueue.auth.v1.TokenService/Login";
const WATCH: &str = "/onqueue.session.v1.ConversationService/Watch";

#[tokio::test]
async fn grpc_web_calls_streams_and_errors_over_http_1() {
    let world = World::new().await;
    let token = format!("Bearer {}", world.guest());
    let authorized = [("authorization", token.as_str())];
    let mut browser = Http1::connect(world.address).await;

    browser.grpc_web(SEND, &authorized, b"\x0a\x01x").await;
    let call = world.call_of(SEND).await;
    assert_eq!(
        (call.body.as_ref(), &call.headers["content-type"]),
        (
            &b"\0\0\0\0\x03\x0a\x01x"[..],
            &"application/grpc".parse().expect("a value")
        )
    );
    call.answer_bytes(b"\x0a\x06answer");
    let read = browser.read_until("\r\n0\r\n\r\n").await;
    assert!(
        read.starts_with("HTTP/1.1 200 OK\r\n") && read.contains("content-type: application/grpc-web+proto"),
        "{read}"
    );
    assert!(read.contains("answer") && read.contains("grpc-status:0"), "{read}");

    browser.grpc_web(SEND, &authorized, b"").await;
    world
        .call_of(SEND)
        .await
        .refuse(Status::failed_precondition("it is over"));
    let read = browser.head().await;
    assert!(
        read.contains("grpc-status: 9") && read.contains("grpc-message: it%20is%20over"),
        "{read}"
    );

    let mut browser = Http1::connect(world.address).await;
    browser.grpc_web(WATCH, &authorized, b"").await;
    let sender = world.call_of(WATCH).await.stream();
    sender.send(&String::from("first")).await;
    browser.read_until("first").await;
    sender.send(&String::from("second")).await;
    browser.read_until("second").await;
    sender.fail(Status::aborted("moved")).await;
    browser.read_until("grpc-status:10").await;
}

/// The length is that of the messages, and browsers find the status behind them. Calls that may be repeated come without it.
#[tokio::test]
async fn an_answer_of_known_length_has_its_status() {
    let world = World::new().await;
    let mut browser = Http1::connect(world.address).await;
    browser.grpc_web(LOGIN, &[], b"").await;
    world.call_of(LOGIN).await.answer_at_once(b"\x0a\x06answer");
    let read = browser.read_until("grpc-status:0").await;
    assert!(read.contains("answer"), "{read}");
}

#[tokio::test]
async fn a_browser_that_goes_away_is_noticed_upstream() {
    let world = World::new().await;
    let token = format!("Bearer {}", world.guest());
    let authorized = [("authorization", token.as_str())];
    let mut browser = Http1::connect(world.address).await;
    browser.grpc_web(WATCH, &authorized, b"").await;
    let sender = world.call_of(WATCH).await.stream();
    sender.send(&String::from("first")).await;
    browser.read_until("first").await;
    drop(browser);
    sender.cancelled().await;

    let mut browser = Http1::connect(world.address).await;
    browser.grpc_web(SEND, &authorized, b"").await;
    let call = world.call_of(SEND).await;
    drop(browser);
    call.cancelled().await;
}

fn deployment(enabled: bool, origin: &str) -> Deployment {
    Deployment {
        id: id(if enabled { 7 } else { 8 }).into(),
        organisation: organisation(),
        name: "Shop".to_owned(),
        enabled,
        origins: vec![origin.to_owned()],
        queues: Vec::new(),
        greetings: std::collections::BTreeMap::new(),
        identity_keys: Vec::new(),
    }
}

#[tokio::test]
async fn only_named_origins_may_read_answers() {
    let settings = Settings {
        origins: vec!["https://chat.example".to_owned()],
        ..Settings::default()
    };
    let world = World::with(settings, listener::Limits::default(), running_context(6)).await;
    world.tokens.deploy(deployment(true, "https://shop.example"));
    world.tokens.deploy(deployment(false, "https://closed.example"));
    for (origin, allowed) in [
        ("https://shop.example", true),
        ("https://chat.example", true),
        ("http://gateway.example", true),
        ("https://closed.example", false),
        ("http://shop.example", false),
        ("https://shop.example:8443", false),
        ("https://shop.example.evil.example", false),
        ("https://evil.example", false),
        ("null", false),
    ] {
        let mut browser = Http1::connect(world.address).await;
        let asked = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type,x-grpc-web,grpc-timeout",
            ),
        ];
        browser.request("OPTIONS", SEND, &asked).await;
        let head = browser.head().await;
        let allow = format!("access-control-allow-origin: {origin}\r\n");
        assert_eq!(head.contains(&allow), allowed, "{origin}: {head}");
        assert_eq!(
            head.contains("access-control-allow-origin"),
            allowed,
            "{origin}: {head}"
        );
    }
    let mut browser = Http1::connect(world.address).await;
    let token = format!("Bearer {}", world.guest());
    let headers = [("authorization", token.as_str()), ("origin", "https://shop.example")];
    browser.grpc_web(SEND, &headers, b"").await;
    world.call_of(SEND).await.refuse(Status::not_found("none"));
    let head = browser.head().await;
    assert!(
        head.contains("access-control-allow-origin: https://shop.example"),
        "{head}"
    );
    for exposed in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
        let line = head
            .lines()
            .find(|line| line.starts_with("access-control-expose-headers"));
        assert!(line.is_some_and(|line| line.contains(exposed)), "{head}");
    }
}

#[tokio::test]
async fn pages_come_with_their_rules() {
    let settings = Settings {
        default_deployment: id(7).to_string(),
        ..Settings::default()
    };
    let world = World::with(settings, listener::Limits::default(), running_context(7)).await;
    world.tokens.deploy(deployment(true, "https://shop.example"));
    let chat = format!("/chat?deployment={}", id(7));
    let unknown = format!("/chat?deployment={}", id(9));
    for (path, status, expected) in [
        ("/", "307", "location: /desk\r\n".to_owned()),
        ("/chat", "302", format!("location: {chat}\r\n")),
        ("/chat?lang=de", "302", format!("location: {chat}&lang=de\r\n")),
        (&*chat, "", "frame-ancestors 'self' https://shop.example\r\n".to_owned()),
        (&*unknown, "", "frame-ancestors 'self'\r\n".to_owned()),
        ("/desk", "", "frame-ancestors 'none'\r\n".to_owned()),
        (
            "/desk",
            "",
            "content-security-policy: default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
                .to_owned(),
        ),
        ("/desk", "", "x-content-type-options: nosniff\r\n".to_owned()),
        ("/desk", "", "cache-control: no-cache\r\n".to_owned()),
        (
            "/assets/nothing.js",
            "404",
            "x-content-type-options: nosniff\r\n".to_owned(),
        ),
        ("/assets/../desk.html", "404", String::new()),
        ("/assets/%2e%2e/%2e%2e/package.json", "404", String::new()),
        ("/assets/..%2fdesk.html", "404", String::new()),
        ("/nothing", "404", String::new()),
        (
            "/onqueue.session.v1.ConversationService/SendMessage",
            "404",
            String::new(),
        ),
    ] {
        let mut browser = Http1::connect(world.address).await;
        browser.request("GET", path, &[]).await;
        let head = browser.head().await;
        // A page is there or not, as the web build is; its rules are the same.
        let (built, missing) = (head.starts_with("http/1.1 200"), head.starts_with("http/1.1 503"));
        let right = if status.is_empty() {
            built || missing
        } else {
            head.starts_with(&format!("http/1.1 {status}"))
        };
        assert!(right && head.contains(&expected), "{path}: {head}");
    }
}

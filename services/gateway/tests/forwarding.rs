//! What passes the door and what does not, as a raw client sees it.

mod world;

use bytes::Bytes;
use onqueue_model::Reason;
use tonic::{Code, Status};
use world::{
    CONVERSATION, World,
    wire::{Http1, Http2},
};

const SEND: &str = "/onqueue.session.v1.ConversationService/SendMessage";
const WATCH: &str = "/onqueue.session.v1.ConversationService/Watch";

/// A message with a field that no proto of ours has: number 999, of 3 bytes.
const UNKNOWN_FIELD: &[u8] = b"\x0a\x01x\xba\x3e\x03\x00\xff\x07";

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[tokio::test]
async fn bytes_arrive_as_sent_both_ways_for_rpcs_known_and_unknown() {
    let world = World::new().await;
    let (client, token) = (Http2::connect(world.address).await, bearer(&world.guest()));
    let authorized = [("authorization", token.as_str())];
    for path in [
        SEND,
        "/onqueue.session.v1.ConversationService/Unheard",
        "/onqueue.content.v1.LibraryService/Of",
        "/onqueue.routing.v2.QueueService/Later",
    ] {
        let (answer, ()) = tokio::join!(client.call(path, &authorized, UNKNOWN_FIELD), async {
            let call = world.call_of(path).await;
            assert_eq!(call.body, world::wire::framed(UNKNOWN_FIELD));
            call.answer_bytes(UNKNOWN_FIELD);
        });
        let (bytes, told) = answer.rest().await;
        assert_eq!(
            (bytes, told.code),
            (world::wire::framed(UNKNOWN_FIELD), Code::Ok),
            "{path}"
        );
    }
}

/// Whose token a call carries.
#[derive(Debug, Clone, Copy)]
enum Who {
    Nobody,
    Guest,
    /// With `routing:queue:view` only.
    User,
}

/// Calls that the door refuses.
const REFUSED: &[(&str, Who, Code, Reason)] = {
    use Code::{PermissionDenied, Unauthenticated, Unimplemented};
    &[
        (
            "/onqueue.session.v1.FeedService/Feed",
            Who::User,
            PermissionDenied,
            Reason::CallerNotAllowed,
        ),
        (
            "/onqueue.auth.v1.TrustService/WatchTrust",
            Who::Nobody,
            PermissionDenied,
            Reason::CallerNotAllowed,
        ),
        (
            "/onqueue.gateway.v1.DeskService/Watch",
            Who::Guest,
            PermissionDenied,
            Reason::CallerNotAllowed,
        ),
        (
            "/onqueue.routing.v1.QueueService/CreateQueue",
            Who::User,
            PermissionDenied,
            Reason::PermissionMissing,
        ),
        (
            "/onqueue.routing.v1.QueueService/ListQueues",
            Who::Guest,
            PermissionDenied,
            Reason::PermissionMissing,
        ),
        (
            "/onqueue.routing.v1.QueueService/ListQueues",
            Who::Nobody,
            Unauthenticated,
            Reason::TokenInvalid,
        ),
        (SEND, Who::Nobody, Unauthenticated, Reason::TokenInvalid),
        (
            "/onqueue.nobody.v1.Service/Method",
            Who::User,
            Unimplemented,
            Reason::Unimplemented,
        ),
        (
            "/onqueue.gateway.v1.Unheard/Of",
            Who::User,
            Unimplemented,
            Reason::Unimplemented,
        ),
        (
            "/onqueue.session.v1.Service",
            Who::User,
            Unimplemented,
            Reason::Unimplemented,
        ),
        (
            "/onqueue.session.v1/Method",
            Who::User,
            Unimplemented,
            Reason::Unimplemented,
        ),
        (
            "/onqueue.session.v1.Service/Method/more",
            Who::User,
            Unimplemented,
            Reason::Unimplemented,
        ),
        (
            "/somebody.else.v1.Service/Method",
            Who::Nobody,
            Unimplemented,
            Reason::Unimplemented,
        ),
    ]
};

#[tokio::test]
async fn what_is_not_for_the_caller_stays_outside() {
    let world = World::new().await;
    let client = Http2::connect(world.address).await;
    let (guest, user) = (bearer(&world.guest()), bearer(&world.user(&["routing:queue:view"])));
    for (path, who, code, reason) in REFUSED {
        let headers = match who {
            Who::Nobody => vec![],
            Who::Guest => vec![("authorization", guest.as_str())],
            Who::User => vec![("authorization", user.as_str())],
        };
        let told = client.refusal(path, &headers, b"").await;
        assert_eq!((told.code, told.reason), (*code, Some(*reason)), "{path} {who:?}");
    }
    assert!(world.nothing_arrived().await);
}

#[tokio::test]
async fn the_services_hear_from_the_gateway_what_only_it_may_say() {
    let world = World::new().await;
    let (client, token) = (Http2::connect(world.address).await, bearer(&world.guest()));
    let headers = [
        ("authorization", token.as_str()),
        ("x-onqueue-client-address", "6.6.6.6"),
        ("x-onqueue-peer", "routing"),
        ("x-onqueue-from-outside", "no"),
        ("x-forwarded-for", "6.6.6.6"),
        ("origin", "https://shop.example"),
        ("cookie", "a=b"),
        ("x-mine", "kept"),
    ];
    let (_, seen) = tokio::join!(client.call(SEND, &headers, b""), async {
        let call = world.call_of(SEND).await;
        let seen = call.headers.clone();
        call.answer_bytes(b"");
        seen
    });
    assert_eq!(seen["x-onqueue-client-address"], "127.0.0.1");
    assert_eq!(seen["x-onqueue-origin"], "https://shop.example");
    assert_eq!(seen["x-onqueue-from-outside"], "1");
    assert_eq!(
        (&seen["x-mine"], &seen["te"]),
        (&"kept".parse().expect("a value"), &"trailers".parse().expect("a value"))
    );
    assert_eq!(seen["authorization"], token.as_str());
    for gone in [
        "x-onqueue-peer",
        "x-forwarded-for",
        "cookie",
        "origin",
        "host",
        "content-length",
    ] {
        assert!(!seen.contains_key(gone), "{gone}");
    }
    let own = [("authorization", token.as_str()), ("origin", "http://gateway.example")];
    let (_, seen) = tokio::join!(client.call(SEND, &own, b""), async {
        let call = world.call_of(SEND).await;
        let seen = call.headers.clone();
        call.answer_bytes(b"");
        seen
    });
    assert!(
        !seen.contains_key("x-onqueue-origin"),
        "our own pages have no origin to check"
    );
}

#[tokio::test]
async fn cancelled_calls_and_streams_are_cancelled_upstream() {
    let world = World::new().await;
    let token = bearer(&world.guest());
    let authorized = [("authorization", token.as_str())];
    let client = Http2::connect(world.address).await;
    let call = tokio::select! {
        _ = client.call(SEND, &authorized, b"") => panic!("nobody answers"),
        call = world.call_of(SEND) => call,
    };
    call.cancelled().await;

    let (mut answer, sender) = tokio::join!(client.call(WATCH, &authorized, b""), async {
        let sender = world.call_of(WATCH).await.stream();
        sender.send(&String::from("frame")).await;
        sender
    });
    assert!(answer.data().await.is_some());
    drop(answer);
    sender.cancelled().await;

    let (mut answer, sender) = tokio::join!(client.call(WATCH, &authorized, b""), async {
        let sender = world.call_of(WATCH).await.stream();
        sender.send(&String::from("frame")).await;
        sender
    });
    assert!(answer.data().await.is_some());
    drop((client, answer));
    sender.cancelled().await;
}

#[tokio::test]
async fn a_panic_is_internal_and_leaves_the_connection_alone() {
    let world = World::new().await;
    let (client, token) = (Http2::connect(world.address).await, bearer(&world.guest()));
    let authorized = [("authorization", token.as_str())];
    let (mut other, sender) = tokio::join!(client.call(WATCH, &authorized, b""), async {
        world.call_of(WATCH).await.stream()
    });
    let (told, ()) = tokio::join!(client.refusal(SEND, &authorized, b""), async {
        world.call_of(SEND).await.panic();
    });
    assert_eq!((told.code, told.reason), (Code::Internal, Some(Reason::Internal)));
    assert!(!told.message.contains("panic"), "{}", told.message);
    sender.send(&String::from("alive")).await;
    assert_eq!(
        other.data().await,
        Some(Bytes::from_static(b"\0\0\0\0\x07\x0a\x05alive"))
    );
    sender.fail(Status::aborted("over")).await;
    assert_eq!(other.rest().await.1.code, Code::Aborted);
}

#[tokio::test]
async fn what_may_be_repeated_is_repeated_and_nothing_else() {
    let world = World::new().await;
    let (client, token) = (Http2::connect(world.address).await, bearer(&world.guest()));
    let authorized = [("authorization", token.as_str())];
    let typing = format!("{CONVERSATION}/SendTyping");
    let (answer, ()) = tokio::join!(client.call(SEND, &authorized, UNKNOWN_FIELD), async {
        world.call_of(SEND).await.refuse(Status::unavailable("starting"));
        let again = world.call_of(SEND).await;
        assert_eq!(again.body, world::wire::framed(UNKNOWN_FIELD));
        again.answer_bytes(b"");
    });
    assert_eq!(answer.rest().await.1.code, Code::Ok);
    let (told, ()) = tokio::join!(client.refusal(&typing, &authorized, b""), async {
        world.call_of(&typing).await.refuse(Status::unavailable("starting"));
    });
    assert_eq!(told.code, Code::Unavailable);
    assert!(world.nothing_arrived().await);
}

#[tokio::test]
async fn what_breaks_off_ends_between_messages_and_says_that_it_may_go_on() {
    let world = World::new().await;
    let (client, token) = (Http2::connect(world.address).await, bearer(&world.guest()));
    let authorized = [("authorization", token.as_str())];
    let message = world::wire::framed(b"a message");
    for breaks in [true, false] {
        let (answer, sender) = tokio::join!(client.call(WATCH, &authorized, b""), async {
            let sender = world.call_of(WATCH).await.stream();
            sender.send_bytes(&[&message[..], &message[..7]].concat()).await;
            sender.send_bytes(&[&message[7..], &message[..3]].concat()).await;
            sender
        });
        if breaks {
            sender.break_off().await;
        } else {
            drop(sender);
        }
        let (bytes, told) = answer.rest().await;
        assert_eq!(bytes, [&message[..], &message[..]].concat(), "whole messages only");
        assert_eq!((told.code, told.reason), (Code::Unavailable, Some(Reason::Unavailable)));
        assert_eq!(told.retry_after, None, "at once");
        assert!(!told.message.contains("h2"), "{}", told.message);
    }
}

#[tokio::test]
async fn a_browser_reads_why_its_stream_broke_off() {
    let world = World::new().await;
    let token = bearer(&world.guest());
    let mut browser = Http1::connect(world.address).await;
    browser.grpc_web(WATCH, &[("authorization", &token)], b"").await;
    let sender = world.call_of(WATCH).await.stream();
    sender.send(&String::from("frame")).await;
    sender.break_off().await;
    let read = browser.read_until("grpc-status-details-bin").await;
    assert!(read.contains("frame") && read.contains("grpc-status:14"), "{read}");
}

#[tokio::test]
async fn calls_about_one_conversation_meet() {
    const LIST: &str = "/onqueue.routing.v1.QueueService/ListQueues";
    let world = World::new().await;
    let client = Http2::connect(world.address).await;
    let (guest, user) = (bearer(&world.guest()), bearer(&world.user(&["routing:queue:view"])));
    let theirs = world::id(4).to_string();
    let other = world::id(40).to_string();
    let near = |id: &str| Some(onqueue_client::affinity(id).0);
    for (path, token, said, expected) in [
        (SEND, &guest, None, near(&theirs)),
        (SEND, &guest, Some(&other), near(&theirs)),
        (SEND, &user, Some(&other), near(&other)),
        (SEND, &user, None, None),
        (WATCH, &user, Some(&other), near(&other)),
        (LIST, &user, Some(&other), None),
    ] {
        let mut headers = vec![("authorization", token.as_str())];
        headers.extend(said.map(|id| ("onqueue-conversation", id.as_str())));
        let (answer, seen) = tokio::join!(client.call(path, &headers, b""), async {
            let call = world.call_of(path).await;
            let seen = (call.nearness, call.headers.contains_key("onqueue-conversation"));
            call.answer_bytes(b"");
            seen
        });
        assert_eq!(answer.rest().await.1.code, Code::Ok, "{path}");
        assert_eq!(seen, (expected, false), "{path} {said:?}");
    }
}

//! How a public connection ends when it has become too old: calls finish, streams end with a status that says to go on
//! elsewhere, over gRPC and gRPC-Web alike.

mod world;

use onqueue_gateway::Settings;
use onqueue_model::Reason;
use onqueue_server::listener;
use onqueue_testkit::running_context;
use tonic::Code;
use world::{
    World,
    wire::{Http1, Http2},
};

const SEND: &str = "/onqueue.session.v1.ConversationService/SendMessage";
const WATCH: &str = "/onqueue.session.v1.ConversationService/Watch";

#[tokio::test]
async fn streams_go_on_elsewhere_and_calls_finish() {
    let limits = listener::Limits {
        age_ms: 500,
        ..listener::Limits::default()
    };
    let world = World::with(Settings::default(), limits, running_context(31)).await;
    let token = format!("Bearer {}", world.guest());
    let authorized = [("authorization", token.as_str())];

    let mut browser = Http1::connect(world.address).await;
    browser.grpc_web(WATCH, &authorized, b"").await;
    let of_browser = world.call_of(WATCH).await.stream();
    let client = Http2::connect(world.address).await;
    let opens = async { world.call_of(WATCH).await.stream() };
    let (stream, of_client) = tokio::join!(client.call(WATCH, &authorized, b""), opens);

    let age = async {
        let call = world.call_of(SEND).await;
        let (_, told) = stream.rest().await;
        assert_eq!((told.code, told.reason), (Code::Unavailable, Some(Reason::Unavailable)));
        let read = browser.read_until("grpc-status:14").await;
        assert!(read.contains("this%20connection%20closes"), "{read}");
        call.answer_bytes(b"late");
    };
    let (answer, ()) = tokio::join!(client.call(SEND, &authorized, b""), age);
    of_browser.cancelled().await;
    of_client.cancelled().await;
    let (answer, told) = answer.rest().await;
    assert_eq!((told.code, &answer[5..]), (Code::Ok, &b"late"[..]));
}

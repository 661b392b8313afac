//! What the gateway counts. One test, because counts are the process's.

mod world;

use onqueue_gateway::{Rate, Settings};
use onqueue_model::Reason;
use onqueue_server::listener;
use onqueue_telemetry::metrics::{OPEN_STREAMS, SHED, STREAM_DROPPED, text};
use onqueue_testkit::{running_context, until};
use tonic::Code;
use world::{CONVERSATION, PATIENCE, World, wire::Http2};

#[tokio::test]
async fn streams_and_what_is_turned_away_are_counted() {
    let settings = Settings {
        streams_per_caller: 1,
        typing_rate: Rate::per_minute(1, 1),
        ..Settings::default()
    };
    let world = World::with(settings, listener::Limits::default(), running_context(3)).await;
    let (client, token) = (Http2::connect(world.address).await, format!("Bearer {}", world.guest()));
    let authorized = [("authorization", token.as_str())];
    let (watch, typing) = (format!("{CONVERSATION}/Watch"), format!("{CONVERSATION}/SendTyping"));

    let (open, sender) = tokio::join!(client.call(&watch, &authorized, b""), async {
        world.call_of(&watch).await.stream()
    });
    assert_eq!(OPEN_STREAMS.get(&[]), 1);
    let told = client.refusal(&watch, &authorized, b"").await;
    assert_eq!(
        (told.code, told.reason),
        (Code::ResourceExhausted, Some(Reason::RateLimited))
    );
    assert_eq!(SHED.get(&["streams"]), 1);
    sender.break_off().await;
    assert_eq!(open.rest().await.1.code, Code::Unavailable);
    assert_eq!(STREAM_DROPPED.get(&["moved"]), 1);
    until("it is over", PATIENCE, async || OPEN_STREAMS.get(&[]) == 0).await;

    let (_, ()) = tokio::join!(client.call(&typing, &authorized, b""), async {
        world.call_of(&typing).await.answer_bytes(b"");
    });
    assert_eq!(
        client.refusal(&typing, &authorized, b"").await.code,
        Code::ResourceExhausted
    );
    assert_eq!(SHED.get(&["rate"]), 1);

    client.refusal("/made.up.v1.Service/Method", &authorized, b"").await;
    let shown = text();
    let count = |method: &str, code: &str| {
        let series = format!(
            "rpc_server_call_duration_seconds_count{{rpc_method=\"{method}\",rpc_response_status_code=\"{code}\",rpc_system_name=\"grpc\"}} 1"
        );
        assert!(shown.contains(&series), "{series} in {shown}");
    };
    count("onqueue.session.v1.ConversationService/Watch", "UNAVAILABLE");
    count("onqueue.session.v1.ConversationService/Watch", "RESOURCE_EXHAUSTED");
    count("onqueue.session.v1.ConversationService/SendTyping", "OK");
    count("_OTHER", "UNIMPLEMENTED");
}

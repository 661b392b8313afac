//! One message is one trace, over the gateway's process and session's, and its delivery is linked to it.
#![allow(clippy::disallowed_methods)]

use onqueue::demo;
use onqueue_proto::session::v1::{
    WatchRequest, conversation_service_client::ConversationServiceClient, event, watch_response::Frame,
};
use onqueue_server::Ids;
use onqueue_telemetry::sink::{Sink, Span};
use onqueue_testkit::until;
use onqueue_tests::{
    installation::{Disks, Installation, Plan},
    people::{Customer, bearing, channel},
};
use std::{collections::BTreeSet, time::Duration};

const SEND: &str = "ConversationService/SendMessage";

fn is_send(span: &&Span) -> bool {
    span.name.ends_with(SEND)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_message_is_one_trace_over_the_processes() {
    let (sink, endpoint, serve) = Sink::open().await.expect("a sink");
    tokio::spawn(serve);
    let demo = demo::load(&Ids::system()).expect("a good demo");
    let credentials = serde_json::to_value(&demo.credentials).expect("JSON");
    let mut plan = Plan::usual(Disks::Shared).with("telemetry", "endpoint", endpoint);
    plan.replicas = [
        ("gateway", 2),
        ("auth", 1),
        ("session", 2),
        ("routing", 1),
        ("content", 1),
    ]
    .into();
    let installation = Installation::start(&plan, demo).await;
    let doors = installation.doors();
    let customer = Customer::start(doors[0], &credentials, "Billing", "en").await;
    let watch = WatchRequest {
        conversation_id: customer.conversation.clone(),
        cursor: String::new(),
    };
    let mut stream = ConversationServiceClient::new(channel(doors[1]))
        .watch(bearing(&customer.token, watch))
        .await
        .expect("watches")
        .into_inner();
    stream.message().await.expect("lives").expect("the beginning");
    customer.send("only", "one message").await.expect("sends");
    loop {
        let frame = tokio::time::timeout(Duration::from_secs(10), stream.message()).await;
        let frame = frame.expect("in time").expect("lives").expect("goes on").frame;
        if matches!(frame, Some(Frame::Event(event)) if matches!(event.body, Some(event::Body::Message(_)))) {
            break;
        }
    }

    let delivered = |trace: &str| {
        let spans = sink.spans();
        let mut linked = spans
            .iter()
            .filter(|span| span.name == "deliver")
            .flat_map(|span| span.links.clone());
        linked.any(|(linked, _)| linked == trace)
    };
    let is_whole = || {
        let spans = sink.spans();
        let servers: Vec<&Span> = spans
            .iter()
            .filter(is_send)
            .filter(|span| span.kind == "Server")
            .collect();
        servers.len() >= 2 && delivered(&servers[0].trace)
    };
    until("the spans of the message", Duration::from_secs(30), async || is_whole()).await;
    judge(&sink.spans());
}

/// All spans of the send are of one trace: one root, at a gateway, and below it, in another process, session's.
fn judge(spans: &[Span]) {
    let sends: Vec<&Span> = spans.iter().filter(is_send).collect();
    let traces: BTreeSet<&str> = sends.iter().map(|span| span.trace.as_str()).collect();
    assert_eq!(traces.len(), 1, "one message is one trace: {sends:#?}");
    let process = |span: &Span| span.resource.get("service.instance.id").cloned().unwrap_or_default();
    let servers: Vec<&&Span> = sends.iter().filter(|span| span.kind == "Server").collect();
    let root = servers.iter().find(|span| span.parent.is_empty()).expect("a root");
    let below = servers
        .iter()
        .find(|span| !span.parent.is_empty())
        .expect("a span in session");
    assert_ne!(process(root), process(below), "two processes: {servers:#?}");
    let ids: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    assert!(ids.contains(below.parent.as_str()), "its parent is known: {below:#?}");
    let deliveries = spans.iter().filter(|span| span.name == "deliver");
    let linked: Vec<&Span> = deliveries
        .filter(|span| span.links.contains(&(root.trace.clone(), below.id.clone())))
        .collect();
    assert!(!linked.is_empty(), "the delivery names the call in session");
}

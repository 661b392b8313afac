//! A conversation to which the customer comes back, to whom they had; and one whose agent is lost.

use onqueue_proto::{
    routing::v1::{self as routing, GetAgentRequest, HeartbeatRequest, queue_service_client::QueueServiceClient},
    session::v1::{
        ConversationKind, EndConversationRequest, EndReason, Event, StartConversationRequest, WatchRequest,
        conversation_service_client::ConversationServiceClient, event::Body,
    },
};
use onqueue_tests::{
    cluster::Cluster,
    people::{self, Agent, Customer, bearing, events, login, messages},
};
use std::time::Duration;

const QUEUE: &str = "Billing";

/// Whom the customer had last has half a minute for themselves.
async fn try_the_last_agent_first(cluster: &Cluster) {
    let answer = login(cluster.address(), &cluster.credentials, "Petra").await;
    let token = answer.tokens.expect("tokens").access_token;
    let mut queues = QueueServiceClient::new(cluster.door());
    let queue_id = cluster.credentials["queues"][QUEUE].as_str().expect("text").to_owned();
    let got = queues
        .get_queue(bearing(&token, routing::GetQueueRequest { queue_id }))
        .await;
    let queue = routing::Queue {
        last_agent: Some(routing::LastAgent {
            mode: routing::LastAgentMode::QueueMembersOnly.into(),
            hold_ms: 30_000,
        }),
        ..got.expect("may").into_inner().queue.expect("a queue")
    };
    let request = routing::UpdateQueueRequest {
        queue: Some(queue),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["last_agent".to_owned()],
        }),
    };
    queues.update_queue(bearing(&token, request)).await.expect("may");
}

async fn on_queue(cluster: &Cluster, name: &str) -> Agent {
    let mut agent = Agent::login(cluster.address(), &cluster.credentials, name).await;
    agent.on_queue().await;
    agent
}

async fn last(customer: &Customer, what: &str, is: impl Fn(&Body) -> bool) {
    let shown = async || {
        customer
            .events()
            .await
            .last()
            .and_then(|event| event.body.clone())
            .is_some_and(|body| is(&body))
    };
    people::until(what, shown).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_who_comes_back_gets_whom_they_had_with_everything_that_was_said() {
    let cluster = Cluster::start().await;
    try_the_last_agent_first(&cluster).await;
    let mut ben = on_queue(&cluster, "Ben").await;
    let request = StartConversationRequest {
        kind: ConversationKind::Messaging.into(),
        ..Customer::request(&cluster.credentials, QUEUE, "en")
    };
    let customer = Customer::begin(cluster.address(), request).await;
    let offer = ben.next_offer().await;
    ben.accept(&offer).await;
    customer.until_joined().await;
    customer.send("1", "Where is my bill?").await.expect("sends");
    // Anna has been idle for longer from now on.
    let _anna = on_queue(&cluster, "Anna").await;
    let request = EndConversationRequest {
        conversation_id: customer.conversation.clone(),
    };
    let mut conversations = ConversationServiceClient::new(cluster.door());
    conversations
        .end_conversation(bearing(&ben.token, request))
        .await
        .expect("his");
    last(
        &customer,
        "the rest",
        |body| matches!(body, Body::Ended(ended) if ended.reason() == EndReason::Rested),
    )
    .await;

    customer
        .send("2", "It came, thanks. One more thing:")
        .await
        .expect("opens it again");
    let offer = ben.next_offer().await;
    assert_eq!(offer.conversation_id, customer.conversation);
    ben.accept(&offer).await;
    let again = |body: &Body| matches!(body, Body::ParticipantJoined(_));
    last(&customer, "him to join again", again).await;
    let seen: Vec<Event> = events(cluster.address(), &ben.token, &customer.conversation).await;
    assert_eq!(
        messages(&seen),
        ["Where is my bill?", "It came, thanks. One more thing:"]
    );
    people::assert_dense(&seen);
    people::assert_dense(&customer.events().await);
}

async fn active(agent: &mut Agent) -> i32 {
    let me = bearing(&agent.token, GetAgentRequest::default());
    let found = agent.client.get_agent(me).await.expect("an agent").into_inner();
    found.agent.expect("an agent").active_chats
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_agents_chat_goes_on_with_another() {
    let cluster = Cluster::start().await;
    let mut ben = on_queue(&cluster, "Ben").await;
    let customer = Customer::start(cluster.address(), &cluster.credentials, QUEUE, "en").await;
    let offer = ben.next_offer().await;
    ben.accept(&offer).await;
    customer.until_joined().await;
    let there = WatchRequest {
        conversation_id: customer.conversation.clone(),
        cursor: String::new(),
    };
    let _there = customer
        .client
        .clone()
        .watch(bearing(&customer.token, there))
        .await
        .expect("watches");
    customer.send("1", "Hello?").await.expect("sends");

    // Nothing is heard of Ben from now on.
    cluster.advance(Duration::from_secs(46)).await;
    let mut anna = on_queue(&cluster, "Anna").await;
    assert_eq!(active(&mut ben).await, 1, "kept for him");
    cluster.advance(Duration::from_secs(31)).await;
    anna.client
        .heartbeat(bearing(&anna.token, HeartbeatRequest {}))
        .await
        .expect("heard");
    assert_eq!(active(&mut ben).await, 1, "kept for him");
    cluster.advance(Duration::from_secs(31)).await;
    let offer = anna.next_offer().await;
    assert_eq!(offer.conversation_id, customer.conversation);
    anna.accept(&offer).await;
    assert_eq!(active(&mut ben).await, 0);
    last(&customer, "her to join", |body| {
        matches!(body, Body::ParticipantJoined(_))
    })
    .await;
    customer.send("2", "There you are").await.expect("sends");
}

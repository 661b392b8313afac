//! A chat in which nobody writes, across a restart.

use onqueue_model::Timestamp;
use onqueue_proto::session::v1::{EndReason, event};
use onqueue_tests::{
    cluster::Cluster,
    people::{Agent, Customer},
};
use std::time::Duration;

/// Waits until the customer's log ends with an event that `is` names.
async fn last(customer: &Customer, what: &str, is: impl Fn(&event::Body) -> bool) {
    onqueue_testkit::until(what, Duration::from_secs(20), async || {
        customer
            .events()
            .await
            .last()
            .and_then(|event| event.body.clone())
            .is_some_and(|body| is(&body))
    })
    .await;
}

const fn minutes(minutes: u64, seconds: u64) -> Duration {
    Duration::from_secs(60 * minutes + seconds)
}

/// Moves the clock to a moment that lies ahead.
async fn reach(cluster: &Cluster, moment: Timestamp) {
    let ahead = moment.since(cluster.now());
    assert!(!ahead.is_zero(), "the machine is too slow: {moment:?} is over");
    cluster.advance(ahead).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_chat_is_warned_and_ended_also_across_a_restart() {
    let mut cluster = Cluster::start().await;
    let mut agent = Agent::login(cluster.address(), &cluster.credentials, "Ben").await;
    agent.on_queue().await;
    let mut customer = Customer::start(cluster.address(), &cluster.credentials, "Billing", "en").await;
    let offer = agent.next_offer().await;
    agent.accept(&offer).await;
    last(&customer, "the agent to join", |body| {
        matches!(body, event::Body::ParticipantJoined(_))
    })
    .await;
    customer.send("1", "hello").await.expect("sends");
    let written_at = cluster.now();

    // A restart of processes takes a few seconds, in which their clock goes on.
    reach(&cluster, written_at + minutes(13, 30)).await;
    cluster.restart().await;
    customer.moved_to(cluster.address()).await;
    assert!(matches!(
        customer.events().await.last().and_then(|event| event.body.clone()),
        Some(event::Body::Message(_))
    ));

    reach(&cluster, written_at + minutes(14, 0)).await;
    last(&customer, "the warning at 14:00", |body| {
        matches!(body, event::Body::InactivityWarned(_))
    })
    .await;
    reach(&cluster, written_at + minutes(14, 30)).await;
    cluster.restart().await;
    customer.moved_to(cluster.address()).await;
    last(&customer, "still only the warning", |body| {
        matches!(body, event::Body::InactivityWarned(_))
    })
    .await;

    reach(&cluster, written_at + minutes(15, 1)).await;
    last(
        &customer,
        "the end",
        |body| matches!(body, event::Body::Ended(ended) if ended.reason() == EndReason::Inactivity),
    )
    .await;
    let ended = customer
        .events()
        .await
        .pop()
        .and_then(|event| event.at)
        .map(|at| onqueue_proto::millis(&at))
        .expect("a time");
    let idle = ended.since(written_at);
    assert!(
        (Duration::from_secs(900)..=Duration::from_secs(905)).contains(&idle),
        "{idle:?}"
    );
    let refused = customer.send("2", "too late").await.expect_err("closed");
    assert_eq!(
        onqueue_client::reason(&refused),
        Some(onqueue_model::Reason::ConversationIdleTimeout)
    );
}

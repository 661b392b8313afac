//! kill -9 in the middle of a chat: what was acknowledged is there once, in order, and every numbering is dense.
#![allow(clippy::disallowed_methods)]

use onqueue_proto::session::v1::conversation_service_client::ConversationServiceClient;
use onqueue_testkit::until;
use onqueue_tests::{
    people::{Agent, Customer, assert_dense, channel, events, login, messages, send},
    process::Process,
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;
use tonic::Code;

/// Sends `name 1`, `name 2` … until told to stop, ten a second together with its counterpart; each is repeated with its
/// own key until it is acknowledged. Answers what was acknowledged, in order.
async fn keep_sending(
    client: ConversationServiceClient<tonic::transport::Channel>,
    token: String,
    conversation: String,
    name: &'static str,
    stop: watch::Receiver<bool>,
    sent: Arc<AtomicUsize>,
) -> Vec<String> {
    let mut acknowledged = Vec::new();
    let mut pace = tokio::time::interval(Duration::from_millis(200));
    while !*stop.borrow() {
        pace.tick().await;
        let text = format!("{name} {}", acknowledged.len() + 1);
        loop {
            match send(client.clone(), &token, &conversation, &text, &text).await {
                Ok(_) => break,
                Err(status) => assert!(
                    matches!(
                        status.code(),
                        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown | Code::Internal
                    ),
                    "only the crash may be felt: {status:?}"
                ),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        acknowledged.push(text);
        sent.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

/// Waits until that many more messages were acknowledged.
async fn more(sent: &AtomicUsize, count: usize) {
    let wanted = sent.load(Ordering::Relaxed) + count;
    let enough = async || sent.load(Ordering::Relaxed) >= wanted;
    until("more acknowledged messages", Duration::from_secs(30), enough).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_messages_survive_kill_nine() {
    let mut process = Process::demo();
    let (address, credentials) = (process.address, process.credentials.clone());
    let supervisor = login(address, &credentials, "Sofia")
        .await
        .tokens
        .expect("tokens")
        .access_token;
    let mut agent = Agent::login(address, &credentials, "Ben").await;
    agent.on_queue().await;
    let customer = Customer::start(address, &credentials, "Billing", "en").await;
    let offer = agent.next_offer().await;
    assert_eq!(agent.accept(&offer).await, customer.conversation);
    customer.until_joined().await;

    let (stop, stopped) = watch::channel(false);
    let sent = Arc::new(AtomicUsize::new(0));
    let sides = [(customer.token.clone(), "customer"), (agent.token.clone(), "agent")].map(|(token, name)| {
        let client = ConversationServiceClient::new(channel(address));
        tokio::spawn(keep_sending(
            client,
            token,
            customer.conversation.clone(),
            name,
            stopped.clone(),
            Arc::clone(&sent),
        ))
    });
    for _ in 0..4 {
        more(&sent, 10).await;
        process.kill();
        process.restart();
    }
    more(&sent, 5).await;
    stop.send(true).expect("somebody listens");
    let acknowledged = futures::future::join_all(sides).await;

    let whole = events(address, &supervisor, &customer.conversation).await;
    let stored = messages(&whole);
    let mut expected = BTreeSet::new();
    for acknowledged in acknowledged {
        let acknowledged = acknowledged.expect("runs");
        assert!(acknowledged.len() > 10, "the test sends something: {acknowledged:?}");
        let name = acknowledged[0].split(' ').next().expect("a name").to_owned();
        let own: Vec<String> = stored.iter().filter(|text| text.starts_with(&name)).cloned().collect();
        assert_eq!(own, acknowledged, "once each, in the sender's order");
        expected.extend(own);
    }
    assert_eq!(stored.len(), expected.len(), "nothing twice");
    for token in [&supervisor, &agent.token, &customer.token] {
        assert_dense(&events(address, token, &customer.conversation).await);
    }
}

//! Thousands of streams through one gateway to one session, all of which must see what is said.

use super::{Report, Scenario};
use crate::{
    installation::Installation,
    load::{Measured, organisation},
    people::{Customer, bearing, channel},
};
use onqueue_model::Timestamp;
use onqueue_proto::session::v1::{
    WatchRequest, WatchResponse, conversation_service_client::ConversationServiceClient, event, watch_response::Frame,
};
use onqueue_server::Clock;
use onqueue_testkit::until;
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, task::JoinSet};
use tonic::{Streaming, transport::Channel};

/// Conversations over which the streams are spread.
const CONVERSATIONS: usize = 100;
/// Connections over which the streams go.
const CONNECTIONS: usize = 24;
/// Streams that are opened at the same time.
const AT_ONCE: usize = 64;
/// Messages in each conversation.
const MESSAGES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Clone, Default)]
struct Seen {
    measured: Arc<Mutex<Measured>>,
    open: Arc<AtomicUsize>,
    messages: Arc<AtomicUsize>,
    broken: Arc<AtomicUsize>,
}

pub(super) async fn run(scenario: &Scenario, count: usize, seed: u64) -> Report {
    let (organisation, demo) = organisation(1, 1, 1);
    let installation = Installation::start(&scenario.installation, demo).await;
    let door = installation.doors()[0];
    let credentials = json!({ "deployment": organisation.deployment, "queues": { "all": organisation.queues[0] } });
    let mut customers = Vec::new();
    for _ in 0..CONVERSATIONS {
        customers.push(Customer::start(door, &credentials, "all", "en").await);
    }
    let channels: Vec<Channel> = (0..CONNECTIONS).map(|_| channel(door)).collect();
    let (seen, began) = (Seen::default(), Instant::now());
    let mut streams = open_all(count, &customers, &channels, &seen);
    let all_open = async || seen.open.load(Ordering::Relaxed) >= count;
    until("every stream to be open", PATIENCE, all_open).await;
    let opened = began.elapsed();
    for number in 0..MESSAGES {
        let key = number.to_string();
        let sends = customers
            .iter()
            .map(|customer| customer.send(&key, "to everybody who watches"));
        let sent = futures::future::join_all(sends).await;
        assert!(
            sent.iter().all(Result::is_ok),
            "every message is acknowledged: {sent:?}"
        );
    }
    let wanted = MESSAGES * count;
    let all_seen = async || seen.messages.load(Ordering::Relaxed) >= wanted || seen.broken.load(Ordering::Relaxed) > 0;
    until("every stream to see every message", PATIENCE, all_seen).await;
    streams.abort_all();
    report(scenario, seed, &seen, (count, opened))
}

fn report(scenario: &Scenario, seed: u64, seen: &Seen, (count, opened): (usize, Duration)) -> Report {
    let measured = seen.measured.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut report = Report::of(scenario, seed, Vec::new(), measured);
    report.figure("streams", format!("{count}, open after {opened:.1?}"));
    report.figure("messages seen", seen.messages.load(Ordering::Relaxed).to_string());
    let broken = seen.broken.load(Ordering::Relaxed);
    if broken > 0 {
        report.complaints.push(format!("{broken} streams broke"));
    }
    report
}

fn open_all(count: usize, customers: &[Customer], channels: &[Channel], seen: &Seen) -> JoinSet<()> {
    let (gate, mut streams) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
    for number in 0..count {
        let client = ConversationServiceClient::new(channels[number % channels.len()].clone());
        let customer = &customers[number % customers.len()];
        let watch = WatchRequest {
            conversation_id: customer.conversation.clone(),
            cursor: String::new(),
        };
        let request = bearing(&customer.token, watch);
        let (gate, seen, mut client) = (Arc::clone(&gate), seen.clone(), client);
        streams.spawn(async move {
            let permit = gate.acquire_owned().await;
            let opened = client.watch(request).await;
            drop(permit);
            match opened {
                Ok(stream) => follow(stream.into_inner(), &seen).await,
                Err(status) => fail(&seen, &status),
            }
        });
    }
    streams
}

async fn follow(mut stream: Streaming<WatchResponse>, seen: &Seen) {
    let (time, mut is_open) = (Clock::system(), false);
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    while let Ok(Some(response)) = stream.message().await {
        if !is_open {
            is_open = true;
            seen.open.fetch_add(1, Ordering::Relaxed);
        }
        let Some(Frame::Event(event)) = response.frame else {
            continue;
        };
        let before = last.insert("sequence", event.sequence).unwrap_or(event.sequence - 1);
        if event.sequence != before + 1 {
            seen.broken.fetch_add(1, Ordering::Relaxed);
        }
        if matches!(event.body, Some(event::Body::Message(_))) {
            seen.messages.fetch_add(1, Ordering::Relaxed);
            let at: Option<Timestamp> = event.at.as_ref().map(onqueue_proto::millis);
            let took = at.map(|at| time.now().since(at)).unwrap_or_default();
            seen.measured
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .delivered
                .add(took);
        }
    }
    seen.broken.fetch_add(1, Ordering::Relaxed);
}

fn fail(seen: &Seen, status: &tonic::Status) {
    let mut measured = seen.measured.lock().unwrap_or_else(PoisonError::into_inner);
    measured.failed.add("Watch", status);
    seen.broken.fetch_add(1, Ordering::Relaxed);
}

//! The owner's figures: what its engines hold, and what became of what came in.

use super::host::Host;
use onqueue_acd::{AgentState, Effect, OfferEnd};
use onqueue_model::{SHARDS, Timestamp};
use onqueue_server::Clock;
use onqueue_telemetry::{
    Stopwatch,
    metrics::{self, Share},
};
use std::time::Duration;

/// How often agents and waiting chats are counted at most.
const EVERY: Duration = Duration::from_secs(1);

/// What this process contributes while it owns the shards.
#[derive(Debug)]
pub struct Figures {
    waiting: Share,
    agents: [(AgentState, Share); 5],
    _shards: Share,
    /// When to count again, if anything has changed.
    due: Option<Timestamp>,
}

impl Figures {
    /// Of an owner with these engines.
    pub fn new<'a>(hosts: &(impl Iterator<Item = &'a Host> + Clone)) -> Self {
        let of = |state, label| (state, metrics::AGENTS.share(&[label]));
        let mut shards = metrics::SHARDS_OWNED.share(&[]);
        shards.set(i64::from(SHARDS));
        let mut figures = Self {
            waiting: metrics::INTERACTIONS_WAITING.share(&[]),
            agents: [
                of(AgentState::OffQueue, "off_queue"),
                of(AgentState::Idle, "idle"),
                of(AgentState::Interacting, "interacting"),
                of(AgentState::Communicating, "communicating"),
                of(AgentState::NotResponding, "not_responding"),
            ],
            _shards: shards,
            due: None,
        };
        figures.count(hosts);
        figures
    }

    /// Something has changed.
    pub fn touch(&mut self, now: Timestamp) {
        self.due.get_or_insert(now + EVERY);
    }

    /// Counts what the engines hold.
    pub fn count<'a>(&mut self, hosts: &(impl Iterator<Item = &'a Host> + Clone)) {
        self.due = None;
        let queues = hosts.clone().flat_map(|host| host.engine().queues());
        self.waiting.set(number(queues.map(|queue| queue.waiting).sum()));
        for (state, share) in &mut self.agents {
            let agents = hosts.clone().flat_map(|host| host.engine().agents());
            share.set(number(agents.filter(|agent| agent.state == *state).count()));
        }
    }
}

/// Returns when it is time to count.
pub async fn due(figures: Option<&Figures>, clock: &Clock) {
    match figures.and_then(|figures| figures.due) {
        Some(at) => clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What an effect that was let out means for offers.
pub fn offers(effect: &Effect) {
    let result = match effect {
        Effect::Offered { .. } => "made",
        Effect::Assigned { .. } => "accepted",
        Effect::Rescinded { end, .. } => match end {
            OfferEnd::Declined => "declined",
            OfferEnd::TimedOut => "expired",
            OfferEnd::AgentGone | OfferEnd::Reassigned | OfferEnd::Interrupted | OfferEnd::Cancelled => "rescinded",
        },
        _ => return,
    };
    metrics::OFFERS.add(1, &[result]);
}

/// A row of session's feed that was committed there at `at` is applied.
pub fn feed_lag(at: Timestamp, now: Timestamp) {
    metrics::FEED_LAG.record(now.since(at).as_secs_f64(), &[]);
}

/// A transaction was refused because the shards were lost.
pub fn fence_rejection() {
    metrics::FENCE_REJECTIONS.add(1, &[]);
}

/// An organisation's engine could not be made at a take-over.
pub fn unreadable() {
    metrics::UNREADABLE_LOGS.add(1, &[]);
}

/// Does the work and notes how long deciding took.
pub fn timed<T>(decide: impl FnOnce() -> T) -> T {
    let watch = Stopwatch::start();
    let decided = decide();
    metrics::ROUTE_DECISION.record(watch.elapsed().as_secs_f64(), &[]);
    decided
}

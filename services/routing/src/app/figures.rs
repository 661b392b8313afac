//! The owner's figures: what its engines hold, and what became of what came in.

use super::host::Host;
use onqueue_acd::{
    AgentState, Effect, Engine, OfferEnd, ServiceTarget,
    metrics::{Happening, QueueObservation, What},
};
use onqueue_model::{SHARDS, Timestamp};
use onqueue_server::Clock;
use onqueue_telemetry::{
    Stopwatch,
    metrics::{self, Share},
};
use std::time::Duration;

/// How often agents and waiting chats are counted at most.
const EVERY: Duration = Duration::from_secs(1);

/// How often a wait that goes on and a service level that ages are looked at, though nothing happens.
const AGEING: Duration = Duration::from_secs(5);

/// Of which time the service level is.
const SERVICE_LEVEL: Duration = Duration::from_secs(15 * 60);

/// What this process contributes while it owns the shards.
#[derive(Debug)]
pub struct Figures {
    waiting: Share,
    agents: [(AgentState, Share); 5],
    _shards: Share,
    /// When to count again: soon after something has changed, or some time later.
    due: Option<Timestamp>,
}

/// Nobody knows them any more: another owner may.
impl Drop for Figures {
    fn drop(&mut self) {
        metrics::OLDEST_WAIT.clear(&[]);
        metrics::SERVICE_LEVEL.clear(&[]);
    }
}

impl Figures {
    /// Of an owner whose engines are to be counted first.
    pub fn new() -> Self {
        let of = |state, label| (state, metrics::AGENTS.share(&[label]));
        let mut shards = metrics::SHARDS_OWNED.share(&[]);
        shards.set(i64::from(SHARDS));
        Self {
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
        }
    }

    /// Something has changed. `steady` is a time that no test moves.
    pub fn touch(&mut self, steady: Timestamp) {
        let soon = steady + EVERY;
        self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
    }

    /// It is to be counted again some time later, whatever happens.
    pub fn age(&mut self, steady: Timestamp) {
        self.due.get_or_insert(steady + AGEING);
    }

    /// Counts what the engines hold; waits are by the time `now`.
    pub fn count<'a>(&mut self, hosts: &(impl Iterator<Item = &'a Host> + Clone), now: Timestamp) {
        self.due = None;
        show_waits(&observed(hosts.clone(), now));
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

/// All organisations together.
fn observed<'a>(hosts: impl Iterator<Item = &'a Host>, now: Timestamp) -> QueueObservation {
    let mut all = QueueObservation::default();
    for host in hosts {
        let one = host.history.metrics.organisation(SERVICE_LEVEL, now);
        all.oldest_wait_ms = all.oldest_wait_ms.max(one.oldest_wait_ms);
        all.window.merge(&one.window);
    }
    all
}

fn show_waits(all: &QueueObservation) {
    let oldest = Duration::from_millis(all.oldest_wait_ms.unwrap_or(0));
    metrics::OLDEST_WAIT.set(oldest.as_secs_f64(), &[]);
    match all.window.service_level() {
        Some(hundredths) => metrics::SERVICE_LEVEL.set(f64::from(hundredths) / 10_000.0, &[]),
        None => metrics::SERVICE_LEVEL.clear(&[]),
    }
}

/// How somebody's wait ended, to be counted once that is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedWait {
    /// An agent took them.
    Answered { wait_ms: u64, target: &'static str },
    /// They were gone before.
    Abandoned { wait: &'static str },
}

/// What the happening means for waits, if anything.
pub fn ended_wait(engine: &Engine, happening: &Happening) -> Option<EndedWait> {
    let queue = engine.queue(happening.queue);
    let target = queue.map_or_else(ServiceTarget::default, |queue| queue.config.service_target);
    match happening.what {
        What::Answered { wait_ms, .. } => Some(EndedWait::Answered {
            wait_ms,
            target: if wait_ms <= target.within_ms { "met" } else { "missed" },
        }),
        What::Abandoned { wait_ms } => Some(EndedWait::Abandoned {
            wait: if wait_ms < target.short_abandon_ms {
                "short"
            } else {
                "long"
            },
        }),
        _ => None,
    }
}

impl EndedWait {
    /// Counts it.
    pub fn record(&self) {
        match *self {
            Self::Answered { wait_ms, target } => {
                let waited = Duration::from_millis(wait_ms);
                metrics::SPEED_OF_ANSWER.record(waited.as_secs_f64(), &[]);
                metrics::ANSWERED.add(1, &[target]);
            }
            Self::Abandoned { wait } => metrics::ABANDONED.add(1, &[wait]),
        }
    }
}

/// As a share of a gauge.
pub fn number(count: usize) -> i64 {
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

/// How many reports this owner knows of that wait for session.
pub fn reports() -> Share {
    metrics::REPORTS_WAITING.share(&[])
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

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_acd::{Medium, metrics::WindowTally};
    use onqueue_model::{Id, InteractionId};
    use uuid::Uuid;

    fn happening(what: What) -> Happening {
        Happening {
            interaction: InteractionId {
                conversation: Id::new(Uuid::from_u128(1)),
                opening: 1,
            },
            queue: Id::new(Uuid::from_u128(2)),
            medium: Medium::Chat,
            what,
        }
    }

    /// Of a queue that is no more, the usual target holds: 20 s, and 5 s for those who leave at once.
    #[test]
    fn waits_end_within_the_target_or_not() {
        let agent = Id::new(Uuid::from_u128(3));
        let answered = |wait_ms| What::Answered { agent, wait_ms };
        let abandoned = |wait_ms| What::Abandoned { wait_ms };
        let (engine, met, missed) = (Engine::new(), "met", "missed");
        let ended = |wait_ms, target| Some(EndedWait::Answered { wait_ms, target });
        for (what, expected) in [
            (answered(20_000), ended(20_000, met)),
            (answered(20_001), ended(20_001, missed)),
            (abandoned(4_999), Some(EndedWait::Abandoned { wait: "short" })),
            (abandoned(5_000), Some(EndedWait::Abandoned { wait: "long" })),
            (What::Redirected { wait_ms: 1 }, None),
        ] {
            assert_eq!(ended_wait(&engine, &happening(what)), expected);
        }
    }

    #[test]
    fn a_service_level_is_shown_once_there_is_one() {
        let mut all = QueueObservation {
            oldest_wait_ms: Some(2_500),
            ..QueueObservation::default()
        };
        show_waits(&all);
        assert_eq!(
            (metrics::OLDEST_WAIT.get(&[]), metrics::SERVICE_LEVEL.get(&[])),
            (Some(2.5), None)
        );
        all.window = WindowTally {
            answered: 4,
            answered_in_time: 3,
            ..WindowTally::default()
        };
        all.oldest_wait_ms = None;
        show_waits(&all);
        assert_eq!(
            (metrics::OLDEST_WAIT.get(&[]), metrics::SERVICE_LEVEL.get(&[])),
            (Some(0.0), Some(0.75))
        );
        drop(Figures::new());
        assert_eq!(
            (metrics::OLDEST_WAIT.get(&[]), metrics::SERVICE_LEVEL.get(&[])),
            (None, None)
        );
    }
}

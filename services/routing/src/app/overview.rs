//! All queues of an organisation at one moment, made once for all who watch.

use super::host::Host;
use onqueue_acd::metrics::{QueueObservation, STEP_MS};
use onqueue_model::{DivisionId, QueueId, Timestamp};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// For how long an overview that is no more quite right is good enough for who watches.
const LATELY: Duration = Duration::from_millis(250);

/// How many windows are kept; there are as many as pages ask for.
const KEPT: usize = 8;

/// A queue as of a moment, or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Its name; empty for all together.
    pub name: String,
    /// Since when the one waits that waits longest. Unlike its wait it does not change with time.
    pub oldest_since: Option<Timestamp>,
    /// Everything else; `oldest_wait_ms` is not there.
    pub counts: QueueObservation,
}

/// A queue with where it belongs.
#[derive(Clone, Debug)]
pub struct Placed {
    pub division: DivisionId,
    pub observation: Arc<Observation>,
}

/// Every queue as of a moment.
#[derive(Clone, Debug)]
pub struct Overview {
    pub at: Timestamp,
    pub queues: BTreeMap<QueueId, Placed>,
    /// All of them together, and all agents.
    pub organisation: Arc<Observation>,
    /// The last input that it knows of.
    position: i64,
}

/// How new an overview has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// As of now.
    Now,
    /// Up to a moment old.
    Lately,
}

/// The newest overview of each window.
#[derive(Debug, Default)]
pub struct Overviews(BTreeMap<Duration, Arc<Overview>>);

impl Host {
    /// Every queue as of now, with what happened in the window.
    pub fn overview(&mut self, window: Duration, now: Timestamp, age: Age) -> Arc<Overview> {
        let now = now.max(self.engine.now());
        let kept = self.lookout.overviews.0.get(&window);
        if let Some(kept) = kept.filter(|kept| self.is_good(kept, now, age)) {
            return Arc::clone(kept);
        }
        let made = Arc::new(self.make_overview(window, now));
        let kept = &mut self.lookout.overviews.0;
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(window, Arc::clone(&made));
        made
    }

    fn is_good(&self, overview: &Overview, now: Timestamp, age: Age) -> bool {
        let step = |at: Timestamp| at.millis().div_euclid(STEP_MS);
        let is_unchanged = overview.position == self.position && step(overview.at) == step(now);
        is_unchanged || age == Age::Lately && now.since(overview.at) < LATELY
    }

    fn make_overview(&self, window: Duration, now: Timestamp) -> Overview {
        let metrics = &self.history.metrics;
        let queues = self.engine.queues().filter_map(|queue| {
            let id = queue.config.id;
            let counts = metrics.queue(id, window, now);
            let placed = Placed {
                division: self.names().division(id)?,
                observation: Arc::new(Observation::new(self.names().queue(id), counts, now)),
            };
            Some((id, placed))
        });
        let organisation = metrics.organisation(window, now);
        Overview {
            at: now,
            queues: queues.collect(),
            organisation: Arc::new(Observation::new(String::new(), organisation, now)),
            position: self.position,
        }
    }
}

impl Observation {
    fn new(name: String, mut counts: QueueObservation, now: Timestamp) -> Self {
        let oldest_wait = counts.oldest_wait_ms.take();
        Self {
            name,
            oldest_since: oldest_wait.map(|wait| now - Duration::from_millis(wait)),
            counts,
        }
    }
}

//! Quarters of an hour, the grain of history.

use super::happening::{Happening, Leaving, What};
use super::listed;
use super::tally::{AgentTally, QueueTally};
use crate::{Medium, ServiceTarget};
use onqueue_model::{QueueId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A quarter of an hour in milliseconds.
pub const QUARTER_MS: i64 = 15 * 60 * 1_000;

/// What happened from `start` on, in a quarter of an hour unless intervals were merged. What happens counts in the quarter in
/// which it happens: an answer when the agent takes it, handling when it is over. Only time in states is spread over the quarters
/// in which it was spent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// When it began: a quarter past, half past, a quarter to or the full hour, UTC.
    pub start: Timestamp,
    /// Queues in which anything happened, by medium.
    #[serde(with = "listed")]
    pub queues: BTreeMap<(QueueId, Medium), QueueTally>,
    /// Agents to whom anything happened, or who were on queue.
    #[serde(with = "listed")]
    pub agents: BTreeMap<UserId, AgentTally>,
}

impl Interval {
    pub(super) fn starting(start: Timestamp) -> Self {
        Self {
            start,
            ..Self::default()
        }
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.queues.is_empty() && self.agents.is_empty()
    }

    /// What happened in the queue, all media together.
    pub fn queue(&self, queue: QueueId) -> QueueTally {
        let media = self.queues.range((queue, Medium::ALL[0])..);
        sum(media.take_while(|((of, _), _)| *of == queue).map(|(_, tally)| tally))
    }

    /// What happened in all queues together. A transferred interaction makes a visit to each of its queues.
    pub fn organisation(&self) -> QueueTally {
        sum(self.queues.values())
    }

    /// What all agents did together.
    pub fn staff(&self) -> AgentTally {
        let mut all = AgentTally::default();
        self.agents.values().for_each(|tally| all.merge(tally));
        all
    }

    /// Adds what happened in the other; starts with the earlier one. Four quarters make an hour.
    pub fn merge(&mut self, other: &Self) {
        self.start = self.start.min(other.start);
        for (key, tally) in &other.queues {
            self.queues.entry(*key).or_default().merge(tally);
        }
        for (key, tally) in &other.agents {
            self.agents.entry(*key).or_default().merge(tally);
        }
    }

    pub(super) fn count(&mut self, happening: &Happening, target: ServiceTarget) {
        if !counts(&happening.what) {
            return;
        }
        let key = (happening.queue, happening.medium);
        self.queues.entry(key).or_default().count(happening, target);
        if let Some(agent) = concerned(&happening.what) {
            self.agents.entry(agent).or_default().count(&happening.what);
        }
    }
}

/// Whether it is counted anywhere: the end of a talk is when it is handled.
const fn counts(what: &What) -> bool {
    !matches!(
        what,
        What::TalkEnded {
            leaving: Leaving::Ended | Leaving::Returned,
            ..
        }
    )
}

/// When the quarter began in which `at` lies.
pub const fn quarter_of(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(QUARTER_MS))
}

pub(super) const fn concerned(what: &What) -> Option<UserId> {
    match *what {
        What::Offered { agent }
        | What::OfferEnded { agent, .. }
        | What::Answered { agent, .. }
        | What::TalkEnded { agent, .. }
        | What::Handled { agent, .. } => Some(agent),
        What::Entered(_) | What::Refused | What::Abandoned { .. } | What::Redirected { .. } | What::Lost { .. } => None,
    }
}

fn sum<'a>(tallies: impl Iterator<Item = &'a QueueTally>) -> QueueTally {
    let mut all = QueueTally::default();
    tallies.for_each(|tally| all.merge(tally));
    all
}

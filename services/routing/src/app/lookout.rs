//! What a host looks at beside deciding: metrics for rules, and what is asked often enough to be kept for a moment.

use super::host::Host;
use super::overview::Overviews;
use super::places::Places;
use super::turn::Turn;
use onqueue_acd::waiting::{Estimate, Newcomer, Standing};
use onqueue_acd::{Command, Method, QueueConfig, Requirements};
use onqueue_model::{QueueId, Timestamp};
use std::{collections::BTreeSet, time::Duration};

/// How often what rules look at is noted at most.
const EVERY: Duration = Duration::from_secs(5);

/// Over how long the service level goes that rules look at.
const LEVEL_WINDOW: Duration = Duration::from_secs(15 * 60);

/// Estimates are noted in this grain, so that what hardly changes is no input.
const GRAIN_MS: u64 = 1_000;

/// None of it is part of a snapshot: it follows from the engine and what was learnt.
#[derive(Debug)]
pub struct Lookout {
    /// Queues that rules look at; `None` if configuration has changed since they were found.
    ruled: Option<BTreeSet<QueueId>>,
    /// When they are looked at next.
    next: Timestamp,
    pub(super) overviews: Overviews,
    pub(super) places: Places,
}

impl Lookout {
    pub fn new(now: Timestamp) -> Self {
        Self {
            ruled: None,
            next: now,
            overviews: Overviews::default(),
            places: Places::default(),
        }
    }

    /// Rules may have changed.
    pub fn reconsider(&mut self) {
        self.ruled = None;
    }
}

impl Host {
    /// When to look at what rules look at, if there are any.
    pub(super) fn next_observation(&self) -> Option<Timestamp> {
        let are_none = self.lookout.ruled.as_ref().is_some_and(BTreeSet::is_empty);
        (!are_none).then_some(self.lookout.next)
    }

    /// Notes the metrics that rules look at, if it is time and they have changed: as inputs, so that the log has all that rules
    /// were decided by.
    pub(super) fn observe(&mut self, turn: &mut Turn) {
        let ruled = self.ruled();
        if ruled.is_empty() || turn.now < self.lookout.next {
            return;
        }
        self.lookout.next = turn.now + EVERY;
        for command in self.observations(&ruled, turn.now) {
            self.apply(turn, command, None);
        }
    }

    fn ruled(&mut self) -> BTreeSet<QueueId> {
        let engine = &self.engine;
        let find = || engine.queues().flat_map(|queue| looked_at(queue.config)).collect();
        self.lookout.ruled.get_or_insert_with(find).clone()
    }

    fn observations(&self, ruled: &BTreeSet<QueueId>, now: Timestamp) -> Vec<Command> {
        let newcomers: Vec<Newcomer> = ruled.iter().map(|queue| (*queue, Requirements::default())).collect();
        let standings = self.history.waiting.forecast(&self.engine, &newcomers);
        let observations = ruled.iter().zip(standings);
        let changed = observations.filter_map(|(queue, standing)| self.observation(*queue, standing?, now));
        changed.collect()
    }

    fn observation(&self, queue: QueueId, standing: Standing, now: Timestamp) -> Option<Command> {
        let noted = self.engine.queue(queue)?;
        let estimated_wait_ms = coarse(standing.estimate);
        let service_level = self
            .history
            .metrics
            .queue(queue, LEVEL_WINDOW, now)
            .window
            .service_level();
        let is_known = (noted.estimated_wait_ms, noted.service_level) == (estimated_wait_ms, service_level);
        (!is_known).then_some(Command::ObserveMetric {
            queue,
            estimated_wait_ms,
            service_level,
        })
    }
}

fn looked_at(config: &QueueConfig) -> Vec<QueueId> {
    let Method::Conditional { rules } = &config.method else {
        return Vec::new();
    };
    let others = rules.iter().skip(1).map(|rule| rule.queue);
    rules.first().map(|_| config.id).into_iter().chain(others).collect()
}

/// The median, to the nearest second.
fn coarse(estimate: Estimate) -> Option<u64> {
    match estimate {
        Estimate::Wait { p50_ms, .. } => Some((p50_ms + GRAIN_MS / 2) / GRAIN_MS * GRAIN_MS),
        Estimate::Unknown(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_acd::waiting::{Unknown, WaitMethod};
    use onqueue_acd::{Comparison, GroupRule, Metric};

    #[test]
    fn the_first_rule_looks_at_its_own_queue_whatever_it_names() {
        let id = |number| QueueId::new(uuid::Uuid::from_u128(number));
        let rule = |queue| GroupRule {
            queue: id(queue),
            metric: Metric::EstimatedWait,
            comparison: Comparison::Greater,
            value: 0,
            groups: BTreeSet::new(),
            wait_ms: 0,
        };
        let mut config = QueueConfig::new(id(1));
        assert_eq!(looked_at(&config), []);
        config.method = Method::Conditional { rules: Vec::new() };
        assert_eq!(looked_at(&config), []);
        config.method = Method::Conditional {
            rules: vec![rule(7), rule(2), rule(3)],
        };
        assert_eq!(looked_at(&config), [id(1), id(2), id(3)]);
    }

    #[test]
    fn estimates_are_noted_in_seconds() {
        let wait = |p50_ms| Estimate::Wait {
            p50_ms,
            p90_ms: 9_999,
            method: WaitMethod::Blend,
        };
        for (estimate, noted) in [(0, 0), (499, 0), (500, 1_000), (1_499, 1_000), (61_700, 62_000)] {
            assert_eq!(coarse(wait(estimate)), Some(noted));
        }
        assert_eq!(coarse(Estimate::Unknown(Unknown::NoMember)), None);
    }
}

//! Records of why interactions wait: written when the counts by reason have changed, at most once a minute for each.
//!
//! Each round looks at all that wait when it begins, a part of them in every step, so that however many wait, a turn of the
//! owner has little to do for them and all are looked at within a minute or so. Nothing is looked at where nothing happened.

use super::host::Host;
use super::turn::Turn;
use crate::store::Record;
use onqueue_acd::{Engine, Exclusion, Explanation};
use onqueue_model::{InteractionId, Timestamp};
use std::{collections::BTreeMap, time::Duration};

/// How many are looked at in one step: 10,000 within 50 seconds.
const STEP: usize = 200;

/// Between two steps.
const PAUSE: Duration = Duration::from_secs(1);

/// Between the beginnings of two rounds.
const ROUND: Duration = Duration::from_secs(5);

/// Between two records of one interaction.
const APART: Duration = Duration::from_secs(60);

/// What was recorded last, and what is to be looked at. After a take-over it begins anew: what waits then is recorded once more.
#[derive(Debug)]
pub struct Notes {
    recorded: BTreeMap<InteractionId, Recorded>,
    /// What is left of the round.
    left: Vec<InteractionId>,
    /// The last input before the round began.
    position: i64,
    began: Timestamp,
    stepped: Timestamp,
    /// When the first may be recorded that may not yet.
    again: Option<Timestamp>,
}

#[derive(Debug)]
struct Recorded {
    at: Timestamp,
    counts: Vec<(Exclusion, u32)>,
}

impl Notes {
    pub const fn new(now: Timestamp) -> Self {
        Self {
            recorded: BTreeMap::new(),
            left: Vec::new(),
            position: 0,
            began: now,
            stepped: now,
            again: None,
        }
    }

    /// When to look again, after the input at that place.
    pub fn look_at(&self, position: i64) -> Option<Timestamp> {
        if !self.left.is_empty() {
            return Some(self.stepped + PAUSE);
        }
        if self.position != position {
            return Some(self.began + ROUND);
        }
        self.again.map(|again| again.max(self.began + ROUND))
    }

    /// Looks at the next of those that wait; answers what is to be recorded.
    pub fn look(&mut self, engine: &Engine, position: i64, now: Timestamp) -> Vec<Explanation> {
        if self.look_at(position).is_none_or(|at| now < at) {
            return Vec::new();
        }
        if self.left.is_empty() {
            self.begin(engine, position, now);
        }
        self.stepped = now;
        let step = self.left.split_off(self.left.len().saturating_sub(STEP));
        step.into_iter()
            .filter_map(|next| self.consider(engine, next, now))
            .collect()
    }

    fn begin(&mut self, engine: &Engine, position: i64, now: Timestamp) {
        let queues = engine.queues().filter(|queue| queue.waiting > 0);
        let waiting = queues.flat_map(|queue| engine.waiting(queue.config.id)).map(|it| it.id);
        self.left = waiting.collect();
        // Taken from its end.
        self.left.reverse();
        self.recorded
            .retain(|interaction, _| engine.interaction(*interaction).is_some());
        (self.position, self.began, self.again) = (position, now, None);
    }

    fn consider(&mut self, engine: &Engine, interaction: InteractionId, now: Timestamp) -> Option<Explanation> {
        let explanation = engine.explain(interaction, now)?;
        let before = self.recorded.get(&interaction);
        if before.is_some_and(|before| before.counts == explanation.excluded) {
            return None;
        }
        if let Some(soonest) = before.map(|before| before.at + APART).filter(|soonest| now < *soonest) {
            self.again = Some(self.again.map_or(soonest, |again| again.min(soonest)));
            return None;
        }
        let counts = explanation.excluded.clone();
        self.recorded.insert(interaction, Recorded { at: now, counts });
        Some(explanation)
    }
}

impl Host {
    /// Records why interactions wait, as the inputs of the turn have left them.
    pub fn note_waiting(&mut self, turn: &mut Turn) {
        for explanation in self.look_at_waiting(turn.now) {
            let id = turn.ids.id(turn.now);
            let record = self.record(id, Record::Waiting(explanation));
            turn.batch.decisions.push(record);
        }
    }
}

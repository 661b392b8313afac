//! The last minutes, sliding.

use super::happening::{Happening, What};
use super::tally::{EstimateTally, Score, share};
use crate::ServiceTarget;
use onqueue_model::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// The grain in which a window slides, in milliseconds.
pub const STEP_MS: i64 = 10_000;
/// The longest window.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(60 * 60);

/// What happened in a window: the last so many steps of ten seconds, by the clock, of which the last is the one that now is in.
/// So it covers up to ten seconds less than it is long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowTally {
    /// Visits that began.
    pub entered: u64,
    /// Visits whose interaction an agent took.
    pub answered: u64,
    /// Of these, those within the service target's wait.
    pub answered_in_time: u64,
    /// Visits that ended before an agent took it.
    pub abandoned: u64,
    /// Of these, those too short to be counted against the queue.
    pub abandoned_short: u64,
    /// Sum of the waits of what was answered, in milliseconds.
    pub wait_ms: u64,
    /// Interactions with which an agent was done.
    pub handled: u64,
    /// Time in hand and after-contact work of these, in milliseconds.
    pub handle_ms: u64,
    /// Offers made.
    #[serde(default)]
    pub offered: u64,
    /// Of what was handled, what after-contact work followed.
    #[serde(default)]
    pub after_contact: u64,
    /// The time of that, in milliseconds.
    #[serde(default)]
    pub after_contact_ms: u64,
    /// How good wait estimates were.
    #[serde(default)]
    pub estimates: EstimateTally,
}

impl WindowTally {
    /// As [`super::QueueTally::service_level`], of the window.
    pub fn service_level(&self) -> Option<u16> {
        let counted = self.answered + self.abandoned - self.abandoned_short;
        share(self.answered_in_time, counted)
    }

    /// Mean wait of what was answered, in milliseconds; `None` if nothing was.
    pub fn average_speed_of_answer(&self) -> Option<u64> {
        self.wait_ms.checked_div(self.answered)
    }

    /// Mean time in hand and after-contact work of what was handled, in milliseconds; `None` if nothing was.
    pub fn average_handle_time(&self) -> Option<u64> {
        self.handle_ms.checked_div(self.handled)
    }

    /// Mean after-contact work of what it followed, in milliseconds; `None` if there was none.
    pub fn average_after_contact(&self) -> Option<u64> {
        self.after_contact_ms.checked_div(self.after_contact)
    }

    /// Adds what the other has counted.
    pub fn merge(&mut self, other: &Self) {
        self.offered += other.offered;
        self.after_contact += other.after_contact;
        self.after_contact_ms += other.after_contact_ms;
        self.estimates.merge(&other.estimates);
        self.entered += other.entered;
        self.answered += other.answered;
        self.answered_in_time += other.answered_in_time;
        self.abandoned += other.abandoned;
        self.abandoned_short += other.abandoned_short;
        self.wait_ms += other.wait_ms;
        self.handled += other.handled;
        self.handle_ms += other.handle_ms;
    }

    fn count(&mut self, what: &What, target: ServiceTarget) {
        match *what {
            What::Entered(_) => self.entered += 1,
            What::Offered { .. } => self.offered += 1,
            What::Answered { wait_ms, .. } => {
                self.answered += 1;
                self.answered_in_time += u64::from(wait_ms <= target.within_ms);
                self.wait_ms += wait_ms;
            }
            What::Abandoned { wait_ms } => {
                self.abandoned += 1;
                self.abandoned_short += u64::from(wait_ms < target.short_abandon_ms);
            }
            What::Handled { talk_ms, acw_ms, .. } => {
                self.handled += 1;
                self.handle_ms += talk_ms + acw_ms.unwrap_or(0);
                self.after_contact += u64::from(acw_ms.is_some());
                self.after_contact_ms += acw_ms.unwrap_or(0);
            }
            _ => {}
        }
    }
}

/// A queue's last hour, step by step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Recent {
    steps: VecDeque<(i64, WindowTally)>,
}

impl Recent {
    pub fn count(&mut self, at: Timestamp, happening: &Happening, target: ServiceTarget) {
        if let Some(tally) = self.step(at) {
            tally.count(&happening.what, target);
        }
    }

    pub fn score(&mut self, at: Timestamp, score: &Score) {
        if let Some(tally) = self.step(at) {
            tally.estimates.count(score);
        }
    }

    fn step(&mut self, at: Timestamp) -> Option<&mut WindowTally> {
        let step = step_of(at);
        self.forget_before(step - steps_in(LONGEST_WINDOW) + 1);
        if self.steps.back().is_none_or(|(last, _)| *last != step) {
            self.steps.push_back((step, WindowTally::default()));
        }
        self.steps.back_mut().map(|(_, tally)| tally)
    }

    /// What happened in the window that ends with `now`.
    pub fn within(&self, window: Duration, now: Timestamp) -> WindowTally {
        let last = step_of(now);
        let first = last - steps_in(window.min(LONGEST_WINDOW)) + 1;
        let mut all = WindowTally::default();
        let steps = self.steps.iter().rev();
        let reached = steps.skip_while(|(step, _)| *step > last);
        let inside = reached.take_while(|(step, _)| *step >= first);
        inside.for_each(|(_, tally)| all.merge(tally));
        all
    }

    fn forget_before(&mut self, first: i64) {
        while self.steps.front().is_some_and(|(step, _)| *step < first) {
            self.steps.pop_front();
        }
    }
}

const fn step_of(at: Timestamp) -> i64 {
    at.0.div_euclid(STEP_MS)
}

/// At least one.
fn steps_in(window: Duration) -> i64 {
    let ms = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    (ms / STEP_MS).max(1)
}

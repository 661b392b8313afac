//! What was learnt of a queue's waits, and what follows from it.

use super::outlook::WHOLE;
use super::{Estimate, Unknown, WaitMethod};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// So many handle times are remembered.
const REMEMBERED: usize = 128;
/// An error counts for this part in the mean of squared errors, so that about so many are in it.
const SMOOTHING: u64 = 16;
/// In millionths, by how much an estimate that was too short stretches the next ones, and one that was too long cuts them: for the
/// median the same, for P90 so that nine of ten stay within. Divided by the square root of how many were ahead: as many have been
/// estimated before the first of them is heard of, and would all push the same way.
const P50_STEPS: (u64, u64) = (20_000, 20_000);
const P90_STEPS: (u64, u64) = (45_000, 5_000);
/// As it comes, in millionths; and how far it may be from that.
const STRAIGHT: u64 = 1_000_000;
const LEAST_STRETCH: u64 = 200_000;
const MOST_STRETCH: u64 = 5_000_000;
/// Nine of ten are within the mean and so many thousandths of the standard deviation.
const P90_DEVIATIONS: u64 = 1_282;

/// The last handle times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Handles {
    last: VecDeque<u64>,
}

impl Handles {
    pub fn learn(&mut self, handle_ms: u64) {
        self.last.push_back(handle_ms);
        if self.last.len() > REMEMBERED {
            self.last.pop_front();
        }
    }

    pub fn mean(&self) -> Option<u64> {
        let sum: u64 = self.last.iter().sum();
        sum.checked_div(self.last.len() as u64)
    }
}

/// What was learnt of one queue and medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Experience {
    pub handles: Handles,
    /// How long the last one waited that an agent took.
    pub last_wait_ms: Option<u64>,
    /// Mean squared errors, in tenths of a second, squared.
    by_queue_length: Option<u64>,
    by_last_wait: Option<u64>,
    p50_stretch: u64,
    p90_stretch: u64,
}

impl Default for Experience {
    fn default() -> Self {
        Self {
            handles: Handles::default(),
            last_wait_ms: None,
            by_queue_length: None,
            by_last_wait: None,
            p50_stretch: STRAIGHT,
            p90_stretch: STRAIGHT,
        }
    }
}

/// What is to be done before an interaction is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    /// How many are to be begun, itself included, in millionths.
    pub ahead: u64,
    /// How long that takes all who serve it together, in milliseconds; `None` if nothing is known of handle times.
    pub mean_ms: Option<u64>,
}

/// What one method says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Guess {
    pub p50_ms: u64,
    pub p90_ms: u64,
}

/// What both methods say; at least one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Guesses {
    pub by_queue_length: Option<Guess>,
    pub by_last_wait: Option<Guess>,
}

impl Load {
    /// The wait is the time in which the slots begin so many interactions, one after the other; for exponential handle times an
    /// Erlang distribution, of which the median is a third of a step below the mean.
    fn by_queue_length(self) -> Option<Guess> {
        let mean = self.mean_ms?;
        let step = self.step(mean);
        let deviation = u128::from(mean) * u128::from(step);
        Some(Guess {
            p50_ms: mean - step / 3,
            p90_ms: mean.saturating_add(nine_of_ten(deviation)),
        })
    }

    /// Whoever comes after the last one waits as long, with twice the variance of the queue length's. Who has come forward since
    /// they were first estimated, when `began` were ahead, has the same part of it before them.
    fn by_last_wait(self, last_wait_ms: u64, began: Option<u64>) -> Guess {
        let began = began.unwrap_or(self.ahead).max(self.ahead).max(1);
        let left = narrow(u128::from(last_wait_ms) * u128::from(self.ahead) / u128::from(began));
        let step = self.mean_ms.map_or(left / 4, |mean| self.step(mean));
        Guess {
            p50_ms: left,
            p90_ms: left.saturating_add(nine_of_ten(2 * u128::from(left) * u128::from(step))),
        }
    }

    /// How long one step forward takes.
    fn step(self, mean: u64) -> u64 {
        let step = u128::from(mean) * u128::from(WHOLE) / u128::from(self.ahead.max(WHOLE));
        narrow(step)
    }
}

impl Experience {
    /// What the methods say of an interaction for which, when it was first estimated, `began` were ahead.
    pub fn guesses(&self, load: Load, began: Option<u64>) -> Guesses {
        Guesses {
            by_queue_length: load.by_queue_length(),
            by_last_wait: self.last_wait_ms.map(|wait| load.by_last_wait(wait, began)),
        }
    }

    /// The estimate that follows from them.
    pub fn estimate(&self, guesses: Guesses) -> Estimate {
        let (guess, method) = match (guesses.by_queue_length, guesses.by_last_wait) {
            (Some(queue), Some(last)) => (self.blend(queue, last), WaitMethod::Blend),
            (Some(queue), None) => (queue, WaitMethod::QueueLength),
            (None, Some(last)) => (last, WaitMethod::LastToEnterService),
            (None, None) => return Estimate::Unknown(Unknown::NoExperience),
        };
        let p50_ms = stretched(guess.p50_ms, self.p50_stretch);
        Estimate::Wait {
            p50_ms,
            p90_ms: stretched(guess.p90_ms, self.p90_stretch).max(p50_ms),
            method,
        }
    }

    /// Each counts by the inverse of its recent squared error; before there is any, the queue length counts twice.
    fn blend(&self, queue: Guess, last: Guess) -> Guess {
        let queue_error = u128::from(self.by_queue_length.unwrap_or(1)) + 1;
        let last_error = u128::from(self.by_last_wait.unwrap_or(3)) + 1;
        let mix = |queue: u64, last: u64| {
            let sum = u128::from(queue) * last_error + u128::from(last) * queue_error;
            narrow(sum / (queue_error + last_error))
        };
        Guess {
            p50_ms: mix(queue.p50_ms, last.p50_ms),
            p90_ms: mix(queue.p90_ms, last.p90_ms),
        }
    }

    /// Takes up how long it was in the end, what the methods had said when so many millionths were `ahead`, and the estimate made
    /// of it.
    pub fn learn(&mut self, wait_ms: u64, ahead: u64, guesses: Guesses, estimated: Guess) {
        if let Some(guess) = guesses.by_queue_length {
            self.by_queue_length = Some(smoothed(self.by_queue_length, guess.p50_ms.abs_diff(wait_ms)));
        }
        if let Some(guess) = guesses.by_last_wait {
            self.by_last_wait = Some(smoothed(self.by_last_wait, guess.p50_ms.abs_diff(wait_ms)));
        }
        let ahead = (ahead / WHOLE).isqrt().max(1);
        let p50_steps = (P50_STEPS.0 / ahead, P50_STEPS.1 / ahead);
        let p90_steps = (P90_STEPS.0 / ahead, P90_STEPS.1 / ahead);
        adjust(&mut self.p50_stretch, wait_ms > estimated.p50_ms, p50_steps);
        adjust(&mut self.p90_stretch, wait_ms > estimated.p90_ms, p90_steps);
    }
}

fn nine_of_ten(variance: u128) -> u64 {
    narrow(variance.isqrt() * u128::from(P90_DEVIATIONS) / 1_000)
}

fn stretched(ms: u64, stretch: u64) -> u64 {
    narrow(u128::from(ms) * u128::from(stretch) / u128::from(STRAIGHT))
}

fn smoothed(mean: Option<u64>, error_ms: u64) -> u64 {
    let tenths = error_ms / 100;
    let squared = tenths.saturating_mul(tenths);
    let Some(mean) = mean else { return squared };
    mean - mean / SMOOTHING + squared / SMOOTHING
}

fn adjust(stretch: &mut u64, was_too_short: bool, (up, down): (u64, u64)) {
    let next = if was_too_short { *stretch + up } else { *stretch - down };
    *stretch = next.clamp(LEAST_STRETCH, MOST_STRETCH);
}

pub(super) fn narrow(wide: u128) -> u64 {
    u64::try_from(wide).unwrap_or(u64::MAX)
}

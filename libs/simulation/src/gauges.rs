//! What conditional rules look at, as an installation would record it: every 30 seconds.

use crate::Nanos;
use onqueue_acd::Command;
use onqueue_model::QueueId;
use std::collections::VecDeque;

/// How often metrics are recorded.
pub(crate) const EVERY: Nanos = 30_000_000_000;

/// The service level is that of so many of these: half an hour.
const SPANS: usize = 60;

/// What a queue's metrics are made of.
#[derive(Clone, Debug)]
pub(crate) struct Gauge {
    pub queue: QueueId,
    /// The mean of what is handled there, in milliseconds.
    pub handle_ms: f64,
    pub waiting: u64,
    within: u64,
    left: u64,
    spans: VecDeque<(u64, u64)>,
}

impl Gauge {
    pub const fn new(queue: QueueId, handle_ms: f64) -> Self {
        Self {
            queue,
            handle_ms,
            waiting: 0,
            within: 0,
            left: 0,
            spans: VecDeque::new(),
        }
    }

    /// Somebody was answered, within the target or not, or went away.
    pub fn left(&mut self, within: bool) {
        self.left += 1;
        self.within += u64::from(within);
    }

    /// What is recorded now that so many can be served at once: the wait of who would come now by the length of the queue, and
    /// the service level of the last half hour.
    pub fn reading(&mut self, places: u64) -> Command {
        self.spans.push_back((self.within, self.left));
        (self.within, self.left) = (0, 0);
        if self.spans.len() > SPANS {
            self.spans.pop_front();
        }
        let within: u64 = self.spans.iter().map(|(within, _)| within).sum();
        let left: u64 = self.spans.iter().map(|(_, left)| left).sum();
        Command::ObserveMetric {
            queue: self.queue,
            estimated_wait_ms: self.estimated_wait(places),
            service_level: (within * 10_000)
                .checked_div(left)
                .and_then(|level| u16::try_from(level).ok()),
        }
    }

    fn estimated_wait(&self, places: u64) -> Option<u64> {
        if self.waiting == 0 {
            return Some(0);
        }
        (places > 0).then(|| ((self.waiting + 1) as f64 * self.handle_ms / places as f64).round() as u64)
    }
}

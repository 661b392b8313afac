//! The inactivity clock: every second of the clock, whatever is due is looked at. Any replica may do it; a conversation
//! that two look at is ended once.

use super::App;
use super::commit::{Item, Outcome, What};
use crate::store::{Key, conversations};
use futures::future::join_all;
use onqueue_chat::Input;
use onqueue_model::Timestamp;
use onqueue_store::StoreError;
use std::time::Duration;

/// How often, by the clock.
const EVERY: Duration = Duration::from_secs(1);

/// How often the clock is asked: one that was moved is noticed so soon.
const TICK: Duration = Duration::from_millis(200);

/// How many at once.
const PAGE: u64 = 500;

/// Whether to sweep again: a second has gone by, or the clock was set back.
fn is_time(last: Timestamp, now: Timestamp) -> bool {
    now < last || now.since(last) >= EVERY
}

impl App {
    /// Sweeps for ever; for a task.
    pub async fn sweep(&self) {
        let mut last: Option<Timestamp> = None;
        loop {
            let now = self.context.clock.now();
            if last.is_none_or(|last| is_time(last, now)) {
                last = Some(now);
                if let Err(error) = self.sweep_once(now).await {
                    tracing::warn!(%error, "inactivity could not be looked at; it is tried again in a second");
                }
            }
            tokio::time::sleep(TICK).await;
        }
    }

    async fn sweep_once(&self, now: Timestamp) -> Result<(), StoreError> {
        loop {
            let due = conversations::due(&self.store, now, PAGE).await?;
            let full = u64::try_from(due.len()).unwrap_or(u64::MAX) == PAGE;
            let done = join_all(due.into_iter().map(|key| self.look_at(key))).await;
            // What failed stays due and comes again with the next sweep.
            if !full || done.contains(&false) {
                return Ok(());
            }
        }
    }

    /// Whether it was done.
    async fn look_at(&self, key: Key) -> bool {
        let item = Item {
            what: What::Apply(key, Input::Sweep),
            traceparent: onqueue_telemetry::current_traceparent(),
            actor: "service:session".into(),
        };
        match self.submit(key.0, item).await {
            Outcome::Done(_) => true,
            other => {
                tracing::debug!(?other, "inactivity of a conversation not looked at");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_or_a_clock_that_was_set_back_is_time() {
        let last = Timestamp(10_000);
        for (now, time) in [
            (10_000, false),
            (10_999, false),
            (11_000, true),
            (9_999, true),
            (0, true),
        ] {
            assert_eq!(is_time(last, Timestamp(now)), time, "{now}");
        }
    }
}

//! What is going on in a queue now.

use super::happening::{After, Happening, What};
use onqueue_model::{InteractionId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Counts of what goes on in a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Live {
    pub waiting: u64,
    pub alerting: u64,
    pub in_hand: u64,
    pub after_contact: u64,
    /// Waiting and alerting ones, with the time of their entry.
    unanswered: BTreeSet<(Timestamp, InteractionId)>,
}

impl Live {
    pub fn count(&mut self, at: Timestamp, happening: &Happening) {
        match happening.what {
            What::Entered(_) => {
                self.waiting += 1;
                self.unanswered.insert((at, happening.interaction));
            }
            What::Offered { .. } => {
                self.waiting -= 1;
                self.alerting += 1;
            }
            What::OfferEnded { .. } => {
                self.alerting -= 1;
                self.waiting += 1;
            }
            What::Answered { wait_ms, .. } => {
                self.alerting -= 1;
                self.in_hand += 1;
                self.waited(at, happening.interaction, wait_ms);
            }
            What::Abandoned { wait_ms } | What::Redirected { wait_ms } | What::Lost { wait_ms } => {
                self.waiting -= 1;
                self.waited(at, happening.interaction, wait_ms);
            }
            What::TalkEnded { after, .. } => {
                self.in_hand -= 1;
                self.after_contact += u64::from(after == After::Work);
            }
            What::Handled { acw_ms, .. } => self.after_contact -= u64::from(acw_ms.is_some()),
            What::Refused => {}
        }
    }

    /// How long the one has waited that waits longest.
    pub fn oldest_wait(&self, now: Timestamp) -> Option<u64> {
        let (entered, _) = self.unanswered.first()?;
        u64::try_from(now.since(*entered).as_millis()).ok()
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn waited(&mut self, at: Timestamp, interaction: InteractionId, wait_ms: u64) {
        let entered = Timestamp(at.0.saturating_sub_unsigned(wait_ms));
        self.unanswered.remove(&(entered, interaction));
    }
}

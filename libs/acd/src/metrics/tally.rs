//! What is counted in a span of time: sums that can be added up.

use super::happening::{Entry, Happening, Leaving, What};
use super::histogram::Histogram;
use crate::{AgentState, OfferEnd, ServiceTarget};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What happened in a queue, for one medium or all together. Two of them merge into that of both spans, media or queues: all are
/// sums, apart from the longest wait. What each counts is said in `docs/observations.md`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueueTally {
    /// Visits that began with a new interaction.
    pub enqueued: u64,
    /// Visits that began with a transfer.
    pub transferred_in: u64,
    /// Visits that began because the agent who had the interaction is no more.
    pub returned: u64,
    /// Interactions not let in because the queue was full.
    pub refused: u64,
    /// Offers made.
    pub offered: u64,
    /// Offers to which an agent said no.
    pub declined: u64,
    /// Offers that an agent did not answer.
    pub missed: u64,
    /// Offers that were taken back for any other reason.
    pub withdrawn: u64,
    /// Visits whose interaction an agent took.
    pub answered: u64,
    /// Of these, those within the service target's wait.
    pub answered_in_time: u64,
    /// Visits that ended before an agent took it.
    pub abandoned: u64,
    /// Of these, those too short to be counted against the queue.
    pub abandoned_short: u64,
    /// Visits transferred away before an agent took it.
    pub redirected: u64,
    /// Visits that ended because the queue was removed.
    pub lost: u64,
    /// Sum of the waits of what was answered, in milliseconds.
    pub wait_ms: u64,
    /// Sum of the waits of what was abandoned, in milliseconds.
    pub abandoned_wait_ms: u64,
    /// The longest wait of what was answered or abandoned, in milliseconds.
    pub longest_wait_ms: u64,
    /// How the waits of what was answered are spread.
    pub waits: Histogram,
    /// Interactions with which an agent was done, after-contact work included.
    pub handled: u64,
    /// Of these, the time in hand, in milliseconds.
    pub talk_ms: u64,
    /// Of these, those that after-contact work followed.
    pub after_contact: u64,
    /// The time of that, in milliseconds.
    pub after_contact_ms: u64,
    /// Transfers out of an agent's hands.
    pub transferred_out: u64,
    /// How good wait estimates were.
    pub estimates: EstimateTally,
}

/// How good the wait estimates were that were made for visits when they began, by what was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EstimateTally {
    /// Estimates that could be compared with what happened.
    pub scored: u64,
    /// Sum of the differences between the wait and the estimate's P50, in milliseconds.
    pub error_ms: u64,
    /// Waits that were no longer than the estimate's P50.
    pub within_p50: u64,
    /// Waits that were no longer than the estimate's P90.
    pub within_p90: u64,
}

/// A wait estimate and what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// The estimate's median, in milliseconds.
    pub p50_ms: u64,
    /// What nine of ten were to stay within, in milliseconds.
    pub p90_ms: u64,
    /// The wait, in milliseconds.
    pub wait_ms: u64,
}

/// What an agent did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentTally {
    /// Offers made.
    pub offered: u64,
    /// Offers to which they said no.
    pub declined: u64,
    /// Offers that they did not answer.
    pub missed: u64,
    /// Offers that were taken back for any other reason.
    pub withdrawn: u64,
    /// Interactions that they took.
    pub answered: u64,
    /// Interactions with which they were done, after-contact work included.
    pub handled: u64,
    /// Of these, the time in hand, in milliseconds.
    pub talk_ms: u64,
    /// Of these, those that after-contact work followed.
    pub after_contact: u64,
    /// The time of that, in milliseconds.
    pub after_contact_ms: u64,
    /// Transfers out of their hands.
    pub transferred_out: u64,
    /// How long they were in which state.
    pub states: StateTimes,
}

/// How long an agent was in which state on queue, in milliseconds. Time off queue is what remains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StateTimes {
    /// On queue with nothing in hand.
    pub idle_ms: u64,
    /// With something in hand, alerting, or after-contact work that holds its slot.
    pub interacting_ms: u64,
    /// With work that was not routed here, and nothing else.
    pub communicating_ms: u64,
    /// After an offer that was not answered.
    pub not_responding_ms: u64,
}

impl QueueTally {
    /// Visits that began.
    pub const fn entered(&self) -> u64 {
        self.enqueued + self.transferred_in + self.returned
    }

    /// The share of visits answered within the service target, in hundredths of a percent: of all that were answered or
    /// abandoned, those that were abandoned too shortly not counted. `None` if there were none.
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
        (self.talk_ms + self.after_contact_ms).checked_div(self.handled)
    }

    /// Mean after-contact work of what it followed, in milliseconds; `None` if there was none.
    pub fn average_after_contact(&self) -> Option<u64> {
        self.after_contact_ms.checked_div(self.after_contact)
    }

    /// Adds what the other has counted.
    pub fn merge(&mut self, other: &Self) {
        for (sum, more) in self.sums().into_iter().zip(other.clone().sums()) {
            *sum += *more;
        }
        self.longest_wait_ms = self.longest_wait_ms.max(other.longest_wait_ms);
        self.waits.merge(&other.waits);
    }

    fn sums(&mut self) -> [&mut u64; 25] {
        [
            &mut self.enqueued,
            &mut self.transferred_in,
            &mut self.returned,
            &mut self.refused,
            &mut self.offered,
            &mut self.declined,
            &mut self.missed,
            &mut self.withdrawn,
            &mut self.answered,
            &mut self.answered_in_time,
            &mut self.abandoned,
            &mut self.abandoned_short,
            &mut self.redirected,
            &mut self.lost,
            &mut self.wait_ms,
            &mut self.abandoned_wait_ms,
            &mut self.handled,
            &mut self.talk_ms,
            &mut self.after_contact,
            &mut self.after_contact_ms,
            &mut self.transferred_out,
            &mut self.estimates.scored,
            &mut self.estimates.error_ms,
            &mut self.estimates.within_p50,
            &mut self.estimates.within_p90,
        ]
    }

    pub(super) fn count(&mut self, happening: &Happening, target: ServiceTarget) {
        match happening.what {
            What::Entered(Entry::Enqueued) => self.enqueued += 1,
            What::Entered(Entry::Transferred) => self.transferred_in += 1,
            What::Entered(Entry::Returned) => self.returned += 1,
            What::Refused => self.refused += 1,
            What::Offered { .. } => self.offered += 1,
            What::OfferEnded { end, .. } => {
                *ended(end, &mut self.declined, &mut self.missed, &mut self.withdrawn) += 1;
            }
            What::Answered { wait_ms, .. } => self.count_answer(wait_ms, target),
            What::Abandoned { wait_ms } => self.count_abandonment(wait_ms, target),
            What::Redirected { .. } => self.redirected += 1,
            What::Lost { .. } => self.lost += 1,
            What::TalkEnded { leaving, .. } => self.transferred_out += u64::from(leaving == Leaving::Transferred),
            What::Handled { talk_ms, acw_ms, .. } => {
                self.handled += 1;
                self.talk_ms += talk_ms;
                self.after_contact += u64::from(acw_ms.is_some());
                self.after_contact_ms += acw_ms.unwrap_or(0);
            }
        }
    }

    fn count_answer(&mut self, wait_ms: u64, target: ServiceTarget) {
        self.answered += 1;
        self.answered_in_time += u64::from(wait_ms <= target.within_ms);
        self.wait_ms += wait_ms;
        self.longest_wait_ms = self.longest_wait_ms.max(wait_ms);
        self.waits.add(wait_ms);
    }

    fn count_abandonment(&mut self, wait_ms: u64, target: ServiceTarget) {
        self.abandoned += 1;
        self.abandoned_short += u64::from(wait_ms < target.short_abandon_ms);
        self.abandoned_wait_ms += wait_ms;
        self.longest_wait_ms = self.longest_wait_ms.max(wait_ms);
    }
}

impl EstimateTally {
    pub(super) fn count(&mut self, score: &Score) {
        self.scored += 1;
        self.error_ms += score.wait_ms.abs_diff(score.p50_ms);
        self.within_p50 += u64::from(score.wait_ms <= score.p50_ms);
        self.within_p90 += u64::from(score.wait_ms <= score.p90_ms);
    }

    /// Adds what the other has counted.
    pub fn merge(&mut self, other: &Self) {
        self.scored += other.scored;
        self.error_ms += other.error_ms;
        self.within_p50 += other.within_p50;
        self.within_p90 += other.within_p90;
    }

    /// Mean difference between wait and P50, in milliseconds; `None` if nothing was scored.
    pub fn mean_error(&self) -> Option<u64> {
        self.error_ms.checked_div(self.scored)
    }

    /// The share of waits within the P90, in hundredths of a percent, which is to be 9,000; `None` if nothing was scored.
    pub fn share_within_p90(&self) -> Option<u16> {
        share(self.within_p90, self.scored)
    }
}

impl AgentTally {
    /// Adds what the other has counted.
    pub fn merge(&mut self, other: &Self) {
        let mut other = *other;
        for (sum, more) in self.sums().into_iter().zip(other.sums()) {
            *sum += *more;
        }
    }

    fn sums(&mut self) -> [&mut u64; 14] {
        [
            &mut self.offered,
            &mut self.declined,
            &mut self.missed,
            &mut self.withdrawn,
            &mut self.answered,
            &mut self.handled,
            &mut self.talk_ms,
            &mut self.after_contact,
            &mut self.after_contact_ms,
            &mut self.transferred_out,
            &mut self.states.idle_ms,
            &mut self.states.interacting_ms,
            &mut self.states.communicating_ms,
            &mut self.states.not_responding_ms,
        ]
    }

    /// The share of time on queue with something in hand, alerting, or after-contact work, in hundredths of a percent; time
    /// with work from elsewhere, or after an offer that was not answered, is not looked at. `None` if there was none.
    pub fn occupancy(&self) -> Option<u16> {
        let StateTimes {
            idle_ms,
            interacting_ms,
            ..
        } = self.states;
        share(interacting_ms, idle_ms + interacting_ms)
    }

    pub(super) fn count(&mut self, what: &What) {
        match *what {
            What::Offered { .. } => self.offered += 1,
            What::OfferEnded { end, .. } => {
                *ended(end, &mut self.declined, &mut self.missed, &mut self.withdrawn) += 1;
            }
            What::Answered { .. } => self.answered += 1,
            What::TalkEnded { leaving, .. } => self.transferred_out += u64::from(leaving == Leaving::Transferred),
            What::Handled { talk_ms, acw_ms, .. } => {
                self.handled += 1;
                self.talk_ms += talk_ms;
                self.after_contact += u64::from(acw_ms.is_some());
                self.after_contact_ms += acw_ms.unwrap_or(0);
            }
            What::Entered(_) | What::Refused | What::Abandoned { .. } | What::Redirected { .. } | What::Lost { .. } => {
            }
        }
    }
}

impl StateTimes {
    pub(super) fn add(&mut self, state: AgentState, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        match state {
            AgentState::OffQueue => {}
            AgentState::Idle => self.idle_ms += ms,
            AgentState::Interacting => self.interacting_ms += ms,
            AgentState::Communicating => self.communicating_ms += ms,
            AgentState::NotResponding => self.not_responding_ms += ms,
        }
    }
}

fn ended<'a>(end: OfferEnd, declined: &'a mut u64, missed: &'a mut u64, withdrawn: &'a mut u64) -> &'a mut u64 {
    match end {
        OfferEnd::Declined => declined,
        OfferEnd::TimedOut => missed,
        OfferEnd::AgentGone | OfferEnd::Reassigned | OfferEnd::Cancelled | OfferEnd::Interrupted => withdrawn,
    }
}

/// Hundredths of a percent, rounded down.
pub(super) fn share(part: u64, whole: u64) -> Option<u16> {
    let hundredths = u128::from(part) * 10_000;
    let share = hundredths.checked_div(u128::from(whole))?;
    Some(u16::try_from(share).unwrap_or(u16::MAX))
}

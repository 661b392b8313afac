//! Metrics: what goes on now, how the last minutes went, and quarters of an hour as history. All of it is one fold over the
//! log of commands and their effects, so that reading the log again gives the same numbers. What each number counts is said in
//! [`DEFINITIONS`].

mod definition;
mod follower;
mod happening;
mod histogram;
mod interval;
pub(crate) mod listed;
mod live;
mod staff;
mod tally;
mod window;

pub use definition::{DEFINITIONS, Definition, Measure, Subject, Unit};
pub use happening::{After, Entry, Happening, Leaving, What};
pub use histogram::Histogram;
pub use interval::{Interval, QUARTER_MS, quarter_of};
pub use staff::AgentCounts;
pub use tally::{AgentTally, EstimateTally, QueueTally, Score, StateTimes};
pub use window::{LONGEST_WINDOW, STEP_MS, WindowTally};

use crate::{AgentState, Applied, Command, ServiceTarget};
use follower::Follower;
use live::Live;
use onqueue_model::{QueueId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use staff::Staff;
use std::collections::BTreeMap;
use std::time::Duration;
use window::Recent;

/// All metrics of one organisation. Begin it with the log; serialising it gives a snapshot, from which it goes on as this one
/// would.
///
/// What happens counts at the time of the command with which it came to the log. A timer that fires late, because nobody sent a
/// [`Command::Tick`] when it was due, counts when it fires: that is when people saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metrics {
    now: Timestamp,
    follower: Follower,
    staff: Staff,
    #[serde(with = "listed")]
    targets: BTreeMap<QueueId, ServiceTarget>,
    #[serde(with = "listed")]
    live: BTreeMap<QueueId, Live>,
    #[serde(with = "listed")]
    recent: BTreeMap<QueueId, Recent>,
    #[serde(with = "listed")]
    in_hand: BTreeMap<UserId, Load>,
    current: Interval,
    closed: Vec<Interval>,
}

/// What an agent has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Load {
    alerting: u64,
    in_hand: u64,
    after_contact: u64,
}

/// What goes on in a queue, or in all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueObservation {
    /// Interactions in line, alerting ones not counted.
    pub waiting: u64,
    /// Interactions that alert an agent.
    pub alerting: u64,
    /// Interactions in an agent's hands.
    pub in_hand: u64,
    /// After-contact work.
    pub after_contact: u64,
    /// How long the one has waited that waits longest, alerting ones included, in milliseconds; `None` if none waits.
    pub oldest_wait_ms: Option<u64>,
    /// Joined members by state; of all queues together, all agents.
    pub agents: AgentCounts,
    /// What happened in the window.
    pub window: WindowTally,
}

/// What an agent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentObservation {
    /// Their state.
    pub state: AgentState,
    /// Since when.
    pub since: Timestamp,
    /// Interactions that alert them.
    pub alerting: u64,
    /// Interactions in their hands.
    pub in_hand: u64,
    /// After-contact work.
    pub after_contact: u64,
}

impl Metrics {
    /// Takes up a command and what it brought about; `at` is the time at which the engine took it, and an earlier one than the
    /// last counts as the last. Answers what became of interactions, in order.
    pub fn observe(&mut self, at: Timestamp, command: &Command, applied: &Applied) -> Vec<Happening> {
        self.advance(at);
        if let (Command::UpsertQueue { queue }, None) = (command, applied.refusal) {
            self.targets.insert(queue.id, queue.service_target);
        }
        self.staff.follow(self.now, command, applied, &mut self.current.agents);
        let happenings = self.follower.follow(self.now, command, applied);
        happenings.iter().for_each(|happening| self.count(happening));
        if let (Command::RemoveQueue { queue }, None) = (command, applied.refusal) {
            self.targets.remove(queue);
        }
        happenings
    }

    /// Lets time pass: closes quarters that are over. Worth calling each quarter of an hour where nothing happens.
    pub fn advance(&mut self, at: Timestamp) {
        let at = at.max(self.now);
        self.now = at;
        let last = quarter_of(at);
        while self.current.start < last {
            let next = Timestamp(self.current.start.0 + QUARTER_MS);
            self.staff.settle(next, &mut self.current.agents);
            self.close(next, last);
        }
    }

    /// Counts how good a wait estimate was, for a visit to the queue that was just answered.
    pub fn score(&mut self, happening: &Happening, score: &Score) {
        let key = (happening.queue, happening.medium);
        self.current.queues.entry(key).or_default().estimates.count(score);
        self.recent.entry(happening.queue).or_default().score(self.now, score);
    }

    /// The quarters that are over since this was last asked, in order; those in which nothing happened are left out. None of
    /// them will ever change.
    pub fn take_closed(&mut self) -> Vec<Interval> {
        std::mem::take(&mut self.closed)
    }

    /// When the quarter that goes on will be over, if anything happened in it or anybody is on queue.
    pub fn closes(&self) -> Option<Timestamp> {
        let is_idle = self.current.is_empty() && self.staff.is_away();
        (!is_idle).then_some(Timestamp(self.current.start.0 + QUARTER_MS))
    }

    /// The quarter that goes on, with times in states as far as they are added up: to the end of a state or of a quarter.
    pub const fn current(&self) -> &Interval {
        &self.current
    }

    /// A queue as of `now`, with what happened in the window (at most [`LONGEST_WINDOW`]); of an unknown one, nothing.
    pub fn queue(&self, queue: QueueId, window: Duration, now: Timestamp) -> QueueObservation {
        let mut observation = QueueObservation {
            agents: self.staff.in_queue(queue),
            ..QueueObservation::default()
        };
        self.add_queue(&mut observation, queue, window, now.max(self.now));
        observation
    }

    /// All queues together.
    pub fn organisation(&self, window: Duration, now: Timestamp) -> QueueObservation {
        let mut observation = QueueObservation {
            agents: self.staff.everywhere(),
            ..QueueObservation::default()
        };
        for queue in self.recent.keys() {
            self.add_queue(&mut observation, *queue, window, now.max(self.now));
        }
        observation
    }

    /// An agent; `None` if not known.
    pub fn agent(&self, agent: UserId) -> Option<AgentObservation> {
        let (state, since) = self.staff.state(agent)?;
        let load = self.in_hand.get(&agent).copied().unwrap_or_default();
        Some(AgentObservation {
            state,
            since,
            alerting: load.alerting,
            in_hand: load.in_hand,
            after_contact: load.after_contact,
        })
    }

    fn add_queue(&self, observation: &mut QueueObservation, queue: QueueId, window: Duration, now: Timestamp) {
        if let Some(live) = self.live.get(&queue) {
            observation.waiting += live.waiting;
            observation.alerting += live.alerting;
            observation.in_hand += live.in_hand;
            observation.after_contact += live.after_contact;
            observation.oldest_wait_ms = observation.oldest_wait_ms.max(live.oldest_wait(now));
        }
        if let Some(recent) = self.recent.get(&queue) {
            observation.window.merge(&recent.within(window, now));
        }
    }

    fn count(&mut self, happening: &Happening) {
        let target = self.targets.get(&happening.queue).copied().unwrap_or_default();
        self.current.count(happening, target);
        let recent = self.recent.entry(happening.queue).or_default();
        recent.count(self.now, happening, target);
        let live = self.live.entry(happening.queue).or_default();
        live.count(self.now, happening);
        if live.is_empty() {
            self.live.remove(&happening.queue);
        }
        self.count_load(&happening.what);
    }

    fn count_load(&mut self, what: &What) {
        let Some(agent) = interval::concerned(what) else { return };
        let load = self.in_hand.entry(agent).or_default();
        load.count(what);
        if *load == Load::default() {
            self.in_hand.remove(&agent);
        }
    }

    /// Puts the current quarter away and begins the next, or, if nobody will do anything in between, the last.
    fn close(&mut self, next: Timestamp, last: Timestamp) {
        let start = if self.staff.is_away() { last } else { next };
        let over = std::mem::replace(&mut self.current, Interval::starting(start));
        self.staff.settle(start, &mut self.current.agents);
        if !over.is_empty() {
            self.closed.push(over);
        }
    }
}

impl Load {
    fn count(&mut self, what: &What) {
        match what {
            What::Offered { .. } => self.alerting += 1,
            What::OfferEnded { .. } => self.alerting -= 1,
            What::Answered { .. } => {
                self.alerting -= 1;
                self.in_hand += 1;
            }
            What::TalkEnded { after, .. } => {
                self.in_hand -= 1;
                self.after_contact += u64::from(*after == After::Work);
            }
            What::Handled { acw_ms, .. } => self.after_contact -= u64::from(acw_ms.is_some()),
            _ => {}
        }
    }
}

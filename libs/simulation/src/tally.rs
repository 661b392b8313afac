//! What one replication counted.

use crate::Nanos;
use hdrhistogram::Histogram;
use std::ops::AddAssign;

const MICROSECOND: Nanos = 1_000;

/// Waits are counted to three digits.
const DIGITS: u8 = 3;

/// What one replication of a variant counted. Give those of all replications to [`crate::Outcome::of`].
#[derive(Clone, Debug)]
pub struct Tally {
    pub(crate) flows: Vec<FlowTally>,
    pub(crate) staff: Vec<StaffTally>,
    pub(crate) events: u64,
}

impl Tally {
    /// Arrivals and ends of service, measured or not.
    pub const fn events(&self) -> u64 {
        self.events
    }
}

/// Of those who came in the time that is measured, by what became of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub offered: u64,
    /// The queue was full.
    pub refused: u64,
    pub answered: u64,
    /// Could not be answered at once; those who were refused do not count.
    pub delayed: u64,
    /// Were answered within the target.
    pub within: u64,
    pub abandoned: u64,
    /// Still waited when the simulation gave up.
    pub left: u64,
    /// How long those who were answered waited, in nanoseconds together.
    pub waited_answered: u128,
    /// The same of all who waited.
    pub waited: u128,
    /// Whose conversation is over.
    pub talked_to: u64,
    /// How long those conversations took, in nanoseconds together.
    pub talked: u128,
}

impl AddAssign<&Counts> for Counts {
    fn add_assign(&mut self, other: &Self) {
        self.offered += other.offered;
        self.refused += other.refused;
        self.answered += other.answered;
        self.delayed += other.delayed;
        self.within += other.within;
        self.abandoned += other.abandoned;
        self.left += other.left;
        self.waited_answered += other.waited_answered;
        self.waited += other.waited;
        self.talked_to += other.talked_to;
        self.talked += other.talked;
    }
}

impl Counts {
    /// Those who came in.
    pub const fn entered(&self) -> u64 {
        self.offered - self.refused
    }
}

#[derive(Clone, Debug)]
pub(crate) struct FlowTally {
    pub counts: Counts,
    /// Of those who were answered, in microseconds.
    pub waits: Histogram<u64>,
    pub intervals: Vec<Counts>,
}

impl FlowTally {
    pub fn new(intervals: usize) -> Self {
        Self {
            counts: Counts::default(),
            waits: no_waits(),
            intervals: vec![Counts::default(); intervals],
        }
    }

    /// Counts something of somebody who came in this interval.
    pub fn count(&mut self, interval: Option<usize>, what: impl Fn(&mut Counts)) {
        what(&mut self.counts);
        if let Some(interval) = interval.and_then(|interval| self.intervals.get_mut(interval)) {
            what(interval);
        }
    }

    pub fn waited(&mut self, waited: Nanos) {
        self.waits
            .record(waited / MICROSECOND)
            .expect("it grows with what is recorded");
    }
}

/// A count of waits that grows with them.
pub(crate) fn no_waits() -> Histogram<u64> {
    Histogram::new(DIGITS).expect("three digits can be counted")
}

/// How an agent's time was spent, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StaffTally {
    /// On queue, or with something in hand.
    pub staffed: u64,
    /// With something in hand.
    pub busy: u64,
    /// The same, once for each thing in hand.
    pub in_hand: u64,
}

impl AddAssign<&StaffTally> for StaffTally {
    fn add_assign(&mut self, other: &Self) {
        self.staffed += other.staffed;
        self.busy += other.busy;
        self.in_hand += other.in_hand;
    }
}

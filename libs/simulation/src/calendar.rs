//! What is to come, in order of time; what is to come at once in the order in which it was noted.

use crate::Nanos;
use std::{cmp::Reverse, collections::BinaryHeap};

/// Something that will happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// The next one of this flow arrives.
    Arrival { flow: u16 },
    /// An agent is done with what takes them the least longer; not if they were given or lost something since.
    Done { agent: u32, generation: u32 },
    /// An agent is done with after-contact work.
    WrappedUp { slot: u32, serial: u64 },
    /// Somebody who waits goes away, unless they were answered.
    Patience { slot: u32, serial: u64 },
    /// A shift of this pool begins or ends.
    Shift { pool: u16 },
    /// What conditional rules look at is recorded.
    Gauges,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Calendar {
    heap: BinaryHeap<Reverse<(Nanos, u64, Event)>>,
    noted: u64,
}

impl Calendar {
    pub fn note(&mut self, at: Nanos, event: Event) {
        self.heap.push(Reverse((at, self.noted, event)));
        self.noted += 1;
    }

    /// When the next thing happens.
    pub fn next_at(&self) -> Option<Nanos> {
        self.heap.peek().map(|Reverse((at, _, _))| *at)
    }

    pub fn pop(&mut self) -> Option<(Nanos, Event)> {
        self.heap.pop().map(|Reverse((at, _, event))| (at, event))
    }
}

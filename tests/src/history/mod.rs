//! What clients asked and saw, beside what the database holds at the end: the ground on which the invariants are judged.
//! Recording and judging know nothing of each other but these shapes.

pub mod check;
pub mod facts;
pub mod routing;
#[cfg(test)]
mod sample;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

pub use check::{Violation, judge};
pub use facts::Facts;

/// Whose numbering a viewer follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// What everyone sees.
    Guest,
    /// What agents see.
    Agent,
}

/// One message that a client wanted to have sent.
#[derive(Clone, Debug)]
pub struct Send {
    pub conversation: Uuid,
    /// Who sent it: anything that is the same for all that one sender sent.
    pub sender: String,
    pub class: Class,
    /// The sender's own order: it sent this one when the one before was acknowledged or given up.
    pub number: u64,
    pub key: String,
    pub text: String,
    /// The place that the acknowledgement named, if one came.
    pub acknowledged: Option<i64>,
}

/// One event as a subscriber saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub sequence: i64,
    pub event: Uuid,
}

/// Everything that one subscriber saw of one conversation, in the order in which it came, over all its reconnects.
#[derive(Clone, Debug)]
pub struct View {
    pub name: String,
    pub conversation: Uuid,
    pub class: Class,
    pub frames: Vec<Seen>,
    /// Whether it still follows; who stopped following need not have seen the end.
    pub is_live: bool,
}

/// A time in which something was broken on purpose, until it is over and had its time to recover; milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub from: i64,
    pub until: i64,
}

/// What the clients logged.
#[derive(Clone, Debug, Default)]
pub struct Records {
    pub sends: Vec<Send>,
    pub views: BTreeMap<(String, Uuid), View>,
    pub faults: Vec<Fault>,
}

/// The log into which all clients of a run write. Clones are one log.
#[derive(Clone, Debug, Default)]
pub struct History(Arc<Mutex<Records>>);

impl History {
    fn with<T>(&self, work: impl FnOnce(&mut Records) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Somebody is about to send; answers under which number to acknowledge it.
    pub fn sending(&self, send: Send) -> usize {
        self.with(|records| {
            records.sends.push(send);
            records.sends.len() - 1
        })
    }

    /// The send was acknowledged.
    pub fn acknowledged(&self, number: usize, sequence: i64) {
        self.with(|records| {
            if let Some(send) = records.sends.get_mut(number) {
                send.acknowledged = Some(sequence);
            }
        });
    }

    /// A subscriber saw an event.
    pub fn saw(&self, name: &str, conversation: Uuid, class: Class, seen: Seen) {
        self.with(|records| {
            let view = || View {
                name: name.to_owned(),
                conversation,
                class,
                frames: Vec::new(),
                is_live: true,
            };
            let of = (name.to_owned(), conversation);
            records.views.entry(of).or_insert_with(view).frames.push(seen);
        });
    }

    /// A subscriber follows the conversation no more.
    pub fn left(&self, name: &str, conversation: Uuid) {
        self.with(|records| {
            if let Some(view) = records.views.get_mut(&(name.to_owned(), conversation)) {
                view.is_live = false;
            }
        });
    }

    /// Something was broken on purpose.
    pub fn fault(&self, fault: Fault) {
        self.with(|records| records.faults.push(fault));
    }

    /// What was logged so far.
    pub fn records(&self) -> Records {
        self.with(|records| records.clone())
    }
}

impl Records {
    /// How much of the time between two moments lay outside of all faults, in milliseconds.
    pub fn undisturbed(&self, from: i64, until: i64) -> i64 {
        let mut faults = self.faults.clone();
        faults.sort_by_key(|fault| fault.from);
        let (mut at, mut free) = (from, 0);
        for fault in faults {
            free += (fault.from.min(until) - at).max(0);
            at = at.max(fault.until);
        }
        free + (until - at).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undisturbed_time_is_what_no_fault_covers() {
        let records = |faults: &[(i64, i64)]| Records {
            faults: faults
                .iter()
                .map(|(from, until)| Fault {
                    from: *from,
                    until: *until,
                })
                .collect(),
            ..Records::default()
        };
        for (faults, expected) in [
            (&[][..], 100),
            (&[(0, 50)], 100),
            (&[(120, 150)], 70),
            (&[(50, 300)], 0),
            (&[(110, 130), (120, 140), (115, 116)], 70),
            (&[(150, 160), (110, 120)], 80),
            (&[(190, 900)], 90),
        ] {
            assert_eq!(records(faults).undisturbed(100, 200), expected, "{faults:?}");
        }
    }
}

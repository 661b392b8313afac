//! When a queue is open: schedules that recur in local time, and which of them decides. Plain data and functions of the
//! time that they are given; only this module knows the crates of recurrences and of time zones.
//!
//! The clocks change: a local time that is skipped counts as the moment of the change, one that comes twice is meant the
//! first time. So whatever is open "from 09:00 to 17:00" is open exactly while the clock on the wall shows that, and spans
//! that touch on the wall touch in time.

mod group;
mod local;
mod rule;
mod span;
#[cfg(test)]
mod tests;

pub use group::{Group, Kind, Outlook, State};
pub use local::{Local, Zone};
pub use rule::Rule;
pub use span::{Schedule, Span};

/// Why something given for a schedule cannot be, for the person who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(pub String);

impl Problem {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

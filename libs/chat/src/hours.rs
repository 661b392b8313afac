//! Whether a queue is open at a moment, from what was said of it before.

use onqueue_model::Timestamp;

/// What a queue's schedules say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// New conversations are taken.
    Open,
    /// It is outside of its hours.
    Closed,
    /// It is closed for a holiday.
    Holiday,
    /// It is closed for an emergency.
    Emergency,
}

impl Door {
    /// As refusals name it, in lower case; empty if it is open.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Open => "",
            Self::Closed => "closed",
            Self::Holiday => "holiday",
            Self::Emergency => "emergency",
        }
    }
}

/// What is known of a queue's hours: what they say, their next change, and when they open. Whoever knows them looks at their
/// own clock, so that a queue opens and closes on time even if nobody says so anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Until the change.
    pub now: Door,
    /// When that ends; `None` if it does not.
    pub changes_at: Option<Timestamp>,
    /// From the change on.
    pub then: Door,
    /// When it opens, next or again after the change; `None` if nobody knows.
    pub opens_at: Option<Timestamp>,
}

impl Hours {
    /// What they say at that moment, which is not before they were said.
    pub fn at(&self, moment: Timestamp) -> Door {
        match (self.changes_at, self.opens_at) {
            (Some(changes_at), _) if moment < changes_at => self.now,
            (None, _) => self.now,
            (_, Some(opens_at)) if moment >= opens_at => Door::Open,
            _ => self.then,
        }
    }

    /// When they open after that moment, at which they are closed; `None` if nobody knows.
    pub fn open_after(&self, moment: Timestamp) -> Option<Timestamp> {
        self.opens_at.filter(|opens_at| *opens_at > moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Door::{Closed, Emergency, Holiday, Open};

    fn hours(now: Door, changes_at: i64, then: Door, opens_at: Option<i64>) -> Hours {
        Hours {
            now,
            changes_at: Some(Timestamp(changes_at)),
            then,
            opens_at: opens_at.map(Timestamp),
        }
    }

    #[test]
    fn they_change_on_time() {
        for (hours, expected) in [
            // Open until 10, then closed until 20.
            (
                hours(Open, 10, Closed, Some(20)),
                [(9, Open), (10, Closed), (19, Closed), (20, Open)],
            ),
            // Closed until it opens at 10.
            (
                hours(Closed, 10, Open, Some(10)),
                [(9, Closed), (10, Open), (11, Open), (99, Open)],
            ),
            // Closed, from 10 a holiday, open at 20.
            (
                hours(Closed, 10, Holiday, Some(20)),
                [(9, Closed), (10, Holiday), (19, Holiday), (20, Open)],
            ),
            // Nobody knows when it opens.
            (
                hours(Open, 10, Closed, None),
                [(9, Open), (10, Closed), (20, Closed), (99, Closed)],
            ),
        ] {
            for (moment, door) in expected {
                assert_eq!(hours.at(Timestamp(moment)), door, "{hours:?} at {moment}");
            }
        }
        let emergency = Hours {
            changes_at: None,
            opens_at: None,
            ..hours(Emergency, 0, Emergency, None)
        };
        assert_eq!(emergency.at(Timestamp(i64::MAX)), Emergency);
        let closed = hours(Closed, 10, Holiday, Some(20));
        assert_eq!(closed.open_after(Timestamp(19)), Some(Timestamp(20)));
        assert_eq!(closed.open_after(Timestamp(20)), None);
    }
}

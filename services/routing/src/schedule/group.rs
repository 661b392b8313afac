//! Which of several schedules decides, and until when.

use super::{Schedule, Span};
use onqueue_model::{ScheduleId, Timestamp};
use serde::Serialize;
use std::{iter::Peekable, time::Duration};

/// How far is looked ahead.
const HORIZON: Duration = Duration::from_secs(366 * 24 * 3_600);

/// How many beginnings and ends of spans are looked at: with one open schedule that is longer than the horizon.
const LOOKED_AT: usize = 10_000;

/// What a schedule says while it applies; those that decide first come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Kind {
    /// It is a holiday.
    Holiday,
    /// It is closed.
    Closed,
    /// It is open.
    Open,
}

/// What holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Chats are taken.
    Open,
    /// They are not.
    Closed,
    /// They are not, for a holiday.
    Holiday,
    /// They are not, whatever the schedules say.
    Emergency,
}

/// What holds, and by which schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What holds.
    pub state: State,
    /// `None` in an emergency, and when no schedule applies.
    pub schedule: Option<ScheduleId>,
}

/// What holds at a moment, and what follows as far as was looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// At that moment.
    pub verdict: Verdict,
    /// When the verdict is another.
    pub until: Option<Timestamp>,
    /// When the state is another, or up to when it is known; `None` if it stays whatever the time.
    pub changes_at: Option<Timestamp>,
    /// The state from then on.
    pub next: State,
    /// When it is open after it was not: next, or after it will have closed.
    pub opens_at: Option<Timestamp>,
}

/// Schedules, each with what it says.
#[derive(Clone, Debug, Default)]
pub struct Group {
    is_emergency: bool,
    /// In the order in which they decide.
    schedules: Vec<(Kind, ScheduleId, Schedule)>,
}

/// The spans of a schedule from where it was looked last.
struct Cursor {
    verdict: Verdict,
    spans: Peekable<Box<dyn Iterator<Item = Span> + Send>>,
}

impl Group {
    /// Of these schedules.
    pub fn new(mut schedules: Vec<(Kind, ScheduleId, Schedule)>) -> Self {
        schedules.sort_by_key(|(kind, id, _)| (*kind, *id));
        Self {
            is_emergency: false,
            schedules,
        }
    }

    /// Of which none matters.
    pub const fn emergency() -> Self {
        Self {
            is_emergency: true,
            schedules: Vec::new(),
        }
    }

    /// What holds at that moment.
    #[cfg(test)]
    pub fn verdict(&self, at: Timestamp) -> Verdict {
        let applies = |schedule: &Schedule| schedule.spans(at, at + Duration::from_millis(1)).next().is_some();
        let mut schedules = self.schedules.iter();
        let first = schedules.find(|(_, _, schedule)| applies(schedule));
        first.map_or(self.otherwise(), |(kind, id, _)| kind.verdict(*id))
    }

    /// What holds at that moment, and what follows.
    pub fn outlook(&self, at: Timestamp) -> Outlook {
        let horizon = at + HORIZON;
        let mut cursors = self.cursors(at, horizon);
        let (verdict, mut next) = self.decide(&mut cursors, at);
        let mut outlook = Outlook {
            verdict,
            until: None,
            changes_at: None,
            next: verdict.state,
            opens_at: None,
        };
        let mut last = verdict.state;
        for _ in 0..LOOKED_AT {
            let Some(moment) = next.filter(|moment| *moment < horizon) else {
                break;
            };
            let (then, after) = self.decide(&mut cursors, moment);
            outlook.learn((last, then), moment);
            if outlook.changes_at.is_some() && outlook.opens_at.is_some() {
                return outlook;
            }
            (last, next) = (then.state, after);
        }
        if outlook.changes_at.is_none() && !self.is_emergency {
            outlook.changes_at = Some(next.map_or(horizon, |moment| moment.min(horizon)));
        }
        outlook
    }

    fn cursors(&self, from: Timestamp, until: Timestamp) -> Vec<Cursor> {
        let cursor = |(kind, id, schedule): &(Kind, ScheduleId, Schedule)| Cursor {
            verdict: kind.verdict(*id),
            spans: schedule.spans(from, until).peekable(),
        };
        self.schedules.iter().map(cursor).collect()
    }

    /// The verdict at that moment, no earlier than any before, and when it may be another.
    fn decide(&self, cursors: &mut [Cursor], at: Timestamp) -> (Verdict, Option<Timestamp>) {
        let (mut verdict, mut next) = (None, None);
        for cursor in cursors {
            while cursor.spans.next_if(|span| span.end <= at).is_some() {}
            let Some(span) = cursor.spans.peek() else { continue };
            let change = if span.start <= at {
                verdict = verdict.or(Some(cursor.verdict));
                span.end
            } else {
                span.start
            };
            next = Some(next.map_or(change, |earlier: Timestamp| earlier.min(change)));
        }
        (verdict.unwrap_or(self.otherwise()), next)
    }

    const fn otherwise(&self) -> Verdict {
        Verdict {
            state: if self.is_emergency {
                State::Emergency
            } else {
                State::Closed
            },
            schedule: None,
        }
    }
}

impl Kind {
    const fn verdict(self, id: ScheduleId) -> Verdict {
        let state = match self {
            Self::Holiday => State::Holiday,
            Self::Closed => State::Closed,
            Self::Open => State::Open,
        };
        Verdict {
            state,
            schedule: Some(id),
        }
    }
}

impl Outlook {
    /// At that moment the last state goes over into the verdict.
    fn learn(&mut self, (last, then): (State, Verdict), moment: Timestamp) {
        if self.until.is_none() && then != self.verdict {
            self.until = Some(moment);
        }
        if self.changes_at.is_none() && then.state != self.verdict.state {
            (self.changes_at, self.next) = (Some(moment), then.state);
        }
        if self.opens_at.is_none() && last != State::Open && then.state == State::Open {
            self.opens_at = Some(moment);
        }
    }
}

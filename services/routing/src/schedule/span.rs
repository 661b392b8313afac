//! Spans of time, and schedules that say them.

use super::{Local, Problem, Rule, Zone};
use chrono::Duration;
use onqueue_model::Timestamp;

/// The longest span.
const LONGEST: Duration = Duration::days(31);

/// From one moment until just before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first moment of it.
    pub start: Timestamp,
    /// The first that is no longer part of it; after `start`.
    pub end: Timestamp,
}

/// A span of local time that may recur.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    start: Local,
    /// How long a span lasts on the wall.
    lasts: Duration,
    rule: Option<Rule>,
    zone: Zone,
}

impl Schedule {
    /// A span from `start` to `end`, and as often as the rule says.
    pub fn new(start: Local, end: Local, rule: Option<Rule>, zone: Zone) -> Result<Self, Problem> {
        let lasts = start.until(end);
        if lasts <= Duration::zero() || lasts > LONGEST {
            return Err(Problem::new("must be after start, and at most 31 days later"));
        }
        Ok(Self {
            start,
            lasts,
            rule,
            zone,
        })
    }

    /// The spans that end after `from` and begin before `until`, by their start. A span of which clocks skip all is none.
    pub fn spans(&self, from: Timestamp, until: Timestamp) -> Box<dyn Iterator<Item = Span> + Send> {
        let day = Duration::days(1);
        let first = self.zone.local(from) - self.lasts - day;
        let last = self.zone.local(until) + day;
        let (zone, lasts) = (self.zone, self.lasts);
        let span = move |start| Span {
            start: zone.moment(start),
            end: zone.moment(start + lasts),
        };
        let wanted = move |span: &Span| span.end > from && span.start < until && span.start < span.end;
        match &self.rule {
            None => Box::new(Some(span(self.start.0)).into_iter().filter(wanted)),
            Some(rule) => Box::new(rule.from(first, last, zone).map(span).filter(wanted)),
        }
    }
}

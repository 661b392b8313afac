//! How a schedule recurs.
//!
//! The rule is unrolled in local time as if there were no zones, and only then put into one: so it does not depend on how
//! the crate treats clocks that change. What decides how long that takes is bounded: rules recur daily at most, and rules
//! without a count are unrolled from near where somebody looks, not from their start.

use super::{Local, Problem, Zone};
use chrono::{DateTime, Datelike as _, Duration, Months, NaiveDate, NaiveDateTime};
use rrule::{Frequency, RRule, RRuleSet, Tz, Unvalidated, Validated};
use std::collections::BTreeSet;

/// The longest text of a rule.
const LENGTH: usize = 500;

/// The parts that a rule may have.
const PARTS: [&str; 11] = [
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "WKST",
    "BYDAY",
    "BYMONTH",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYSETPOS",
];

const MOST_INTERVAL: u16 = 366;
const MOST_COUNT: u32 = 1_000;

/// Within how many years of its start a rule must come true.
const COMES_TRUE: i32 = 10;

/// A rule that has been found good for the start that it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Without its end.
    rule: RRule<Validated>,
    end: Option<End>,
    start: NaiveDateTime,
}

/// The last moment at which an occurrence may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Local(NaiveDateTime),
    Utc(NaiveDateTime),
}

impl Rule {
    /// The rule that the text says, for a schedule that starts then.
    pub fn parse(text: &str, start: Local) -> Result<Self, Problem> {
        if text.len() > LENGTH {
            return Err(Problem::new("at most 500 characters"));
        }
        let (rest, end) = parts(text)?;
        let rule = bounded(&rest, start.0)?;
        if end.is_some() && rule.get_count().is_some() {
            return Err(Problem::new("COUNT and UNTIL exclude one another"));
        }
        let rule = Self {
            rule,
            end,
            start: start.0,
        };
        let far = years_on(start.0, COMES_TRUE);
        match rule.from(start.0, far, Zone::UTC).next() {
            Some(_) => Ok(rule),
            None => Err(Problem::new("never comes true within ten years of its start")),
        }
    }

    /// The local times at which occurrences begin, in order, from the first that is not before `from` to the last not after
    /// `until`, for a schedule in that zone.
    pub(super) fn from(
        &self,
        from: NaiveDateTime,
        until: NaiveDateTime,
        zone: Zone,
    ) -> impl Iterator<Item = NaiveDateTime> + use<> {
        let end = match self.end {
            None => until,
            Some(End::Local(end)) => end.min(until),
            Some(End::Utc(end)) => zone
                .local(onqueue_model::Timestamp(end.and_utc().timestamp_millis()))
                .min(until),
        };
        let start = self.start;
        let all = RRuleSet::new(utc(self.near(from))).rrule(self.rule.clone()).limit();
        all.into_iter()
            .map(|at| at.naive_utc())
            .skip_while(move |at| *at < from.max(start))
            .take_while(move |at| *at <= end)
    }

    /// Where unrolling may begin so that nothing from `from` on is missed: at a start that gives the same days, a period or
    /// more before. What the start says without being said (the weekday, the day of the month) is part of the rule already.
    fn near(&self, from: NaiveDateTime) -> NaiveDateTime {
        let (days, interval) = ((from - self.start).num_days(), i64::from(self.rule.get_interval()));
        if self.rule.get_count().is_some() || days <= 0 {
            return self.start;
        }
        let months = |number: i64| {
            let first = self.start.date().with_day(1).unwrap_or_default();
            let moved = first.checked_add_months(Months::new(u32::try_from(number).unwrap_or(0)));
            moved.unwrap_or(first).and_time(self.start.time())
        };
        let back = |periods: i64| (periods / interval - 1).max(0) * interval;
        match self.rule.get_freq() {
            Frequency::Daily => self.start + Duration::days(back(days)),
            Frequency::Weekly => self.start + Duration::weeks(back(days / 7)),
            Frequency::Monthly if back(days / 31) > 0 => months(back(days / 31)),
            Frequency::Yearly if back(days / 366) > 0 => {
                let year = self.start.year() + i32::try_from(back(days / 366)).unwrap_or(0);
                let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
                first.and_time(self.start.time())
            }
            _ => self.start,
        }
    }
}

/// The rule without its end, and the end.
fn parts(text: &str) -> Result<(String, Option<End>), Problem> {
    let (mut seen, mut rest, mut end) = (BTreeSet::new(), Vec::new(), None);
    for part in text.split(';') {
        let (key, value) = part.split_once('=').ok_or_else(malformed)?;
        let is_plain = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || "+-,".contains(letter);
        if value.is_empty() || !value.chars().all(is_plain) {
            return Err(malformed());
        }
        if !PARTS.contains(&key) {
            let problem = format!("{key:.20} is not taken; a rule may have {}", PARTS.join(", "));
            return Err(Problem::new(problem));
        }
        if !seen.insert(key) {
            return Err(Problem::new(format!("{key} comes twice")));
        }
        match key {
            "UNTIL" => end = Some(End::parse(value)?),
            _ => rest.push(part),
        }
    }
    Ok((rest.join(";"), end))
}

impl End {
    fn parse(text: &str) -> Result<Self, Problem> {
        let time = |text: &str| NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok();
        let day = || NaiveDate::parse_from_str(text, "%Y%m%d").ok();
        let end = match text.strip_suffix('Z') {
            Some(utc) => time(utc).map(Self::Utc),
            None => time(text).or_else(|| day()?.and_hms_opt(23, 59, 59)).map(Self::Local),
        };
        let (Some(Self::Utc(at) | Self::Local(at)), true) = (end, matches!(text.len(), 8 | 15 | 16)) else {
            return Err(Problem::new(
                "UNTIL must be such as 20261231, 20261231T170000 or 20261231T160000Z",
            ));
        };
        match at.year() {
            1970..=2199 => end.ok_or_else(malformed),
            _ => Err(Problem::new("UNTIL must be from 1970 to 2199")),
        }
    }
}

fn bounded(text: &str, start: NaiveDateTime) -> Result<RRule<Validated>, Problem> {
    let rule: RRule<Unvalidated> = text.parse().map_err(|_| malformed())?;
    if matches!(
        rule.get_freq(),
        Frequency::Hourly | Frequency::Minutely | Frequency::Secondly
    ) {
        return Err(Problem::new("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY"));
    }
    if !(1..=MOST_INTERVAL).contains(&rule.get_interval()) {
        return Err(Problem::new("INTERVAL must be 1–366"));
    }
    if rule.get_count().is_some_and(|count| !(1..=MOST_COUNT).contains(&count)) {
        return Err(Problem::new("COUNT must be 1–1,000"));
    }
    rule.validate(utc(start))
        .map_err(|error| Problem::new(error.to_string()))
}

fn malformed() -> Problem {
    Problem::new("must be the value of an RRULE of RFC 5545, such as FREQ=WEEKLY;BYDAY=MO,TU")
}

/// Local time as the crate takes it: as if it were UTC.
fn utc(local: NaiveDateTime) -> DateTime<Tz> {
    local.and_utc().with_timezone(&Tz::UTC)
}

pub(super) fn years_on(from: NaiveDateTime, years: i32) -> NaiveDateTime {
    from + Duration::days(i64::from(years) * 366)
}

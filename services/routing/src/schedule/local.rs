//! Local time and where it is.

use super::Problem;
use chrono::{Datelike as _, Duration, MappedLocalTime, NaiveDate, NaiveDateTime, Offset as _, TimeZone as _, Utc};
use chrono_tz::Tz;
use onqueue_model::Timestamp;
use std::fmt;

/// The years in which schedules may begin and be asked about: what the calendar's rules and the tables are good for.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2199;

/// Farther than any place is from UTC, in seconds.
const FARTHEST: i64 = 26 * 3_600;

/// A time zone of the IANA database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// Where nothing ever changes.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone of that name.
    pub fn parse(name: &str) -> Result<Self, Problem> {
        let known = name.parse().map(Self);
        known.map_err(|_| Problem::new("no time zone of this name is known, such as Europe/Berlin"))
    }

    /// As the database calls it.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// When clocks there show that for the first time; when they skip it, the moment in which they do.
    pub(super) fn moment(self, local: NaiveDateTime) -> Timestamp {
        match self.0.from_local_datetime(&local) {
            MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => Timestamp(at.timestamp_millis()),
            MappedLocalTime::None => Timestamp(self.change_over(local) * 1_000),
        }
    }

    /// The first second at which clocks there show more than `local`, which they skip.
    fn change_over(self, local: NaiveDateTime) -> i64 {
        let middle = local.and_utc().timestamp();
        let (mut before, mut after) = (middle - FARTHEST, middle + FARTHEST);
        while after - before > 1 {
            let between = i64::midpoint(before, after);
            if self.shows(between) < local {
                before = between;
            } else {
                after = between;
            }
        }
        after
    }

    /// What clocks there show at that second since the epoch.
    fn shows(self, second: i64) -> NaiveDateTime {
        let utc = naive(second);
        utc + self.0.offset_from_utc_datetime(&utc).fix()
    }

    /// What clocks there show then.
    pub(super) fn local(self, at: Timestamp) -> NaiveDateTime {
        self.shows(at.millis().div_euclid(1_000))
    }
}

/// That second in UTC, as near as years go.
fn naive(second: i64) -> NaiveDateTime {
    let (first, last) = (first_of(*YEARS.start() - 10), first_of(*YEARS.end() + 20));
    let (first, last) = (first.and_utc().timestamp(), last.and_utc().timestamp());
    let within = chrono::DateTime::<Utc>::from_timestamp(second.clamp(first, last), 0);
    within.unwrap_or_default().naive_utc()
}

fn first_of(year: i32) -> NaiveDateTime {
    let day = NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
    day.and_time(chrono::NaiveTime::MIN)
}

/// A date and a time of day, wherever that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Local(pub(super) NaiveDateTime);

impl Local {
    /// Of `2026-03-29T09:00`, with seconds or without.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let formats = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];
        let read = formats
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
        match read {
            Some(local) if YEARS.contains(&local.year()) && text.is_ascii() => Ok(Self(local)),
            _ => Err(Problem::new(
                "must be a local time such as 2026-03-29T09:00, from 1970 to 2199",
            )),
        }
    }

    pub(super) fn until(self, later: Self) -> Duration {
        later.0 - self.0
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%dT%H:%M:%S"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(zone: &str, local: &str) -> String {
        let zone = Zone::parse(zone).expect("a zone");
        let at = zone.moment(Local::parse(local).expect("a time").0);
        let at = chrono::DateTime::<Utc>::from_timestamp_millis(at.millis()).expect("near");
        at.format("%Y-%m-%dT%H:%MZ").to_string()
    }

    #[test]
    fn local_times_are_moments_also_where_clocks_change() {
        for (zone, local, expected) in [
            ("Europe/Berlin", "2026-01-15T09:00", "2026-01-15T08:00Z"),
            ("Europe/Berlin", "2026-07-15T09:00", "2026-07-15T07:00Z"),
            // Skipped: 02:00–03:00 on 29 March.
            ("Europe/Berlin", "2026-03-29T01:59", "2026-03-29T00:59Z"),
            ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:00Z"),
            ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00Z"),
            ("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00Z"),
            ("Europe/Berlin", "2026-03-29T03:01", "2026-03-29T01:01Z"),
            // Twice: 02:00–03:00 on 25 October.
            ("Europe/Berlin", "2026-10-25T02:00", "2026-10-25T00:00Z"),
            ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30Z"),
            ("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00Z"),
            ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:00Z"),
            ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30Z"),
            ("America/New_York", "2026-11-01T02:00", "2026-11-01T07:00Z"),
            ("Asia/Kolkata", "2026-03-29T09:00", "2026-03-29T03:30Z"),
            ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30Z"),
            // A whole day that there was not.
            ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00Z"),
            // A midnight that there was not.
            ("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T03:00Z"),
            ("UTC", "2028-02-29T00:00", "2028-02-29T00:00Z"),
        ] {
            assert_eq!(moment(zone, local), expected, "{zone} {local}");
        }
    }

    #[test]
    fn clocks_show_what_they_were_asked_for() {
        for name in [
            "Europe/Berlin",
            "America/New_York",
            "Asia/Kolkata",
            "Australia/Lord_Howe",
        ] {
            let zone = Zone::parse(name).expect("a zone");
            let first = Local::parse("2026-01-01T00:00").expect("a time").0;
            let mut last = Timestamp(i64::MIN);
            for quarter in 0..4 * 24 * 366 {
                let local = first + Duration::minutes(15 * quarter);
                let at = zone.moment(local);
                assert!(at >= last, "{name}: {local} is before what comes before it");
                assert!(zone.local(at) >= local, "{name}: {local}");
                last = at;
            }
        }
    }

    #[test]
    fn what_is_no_time_and_no_zone_is_refused() {
        for bad in [
            "",
            "2026-02-29T09:00",
            "2026-03-29",
            "2026-03-29T24:00",
            "1969-12-31T00:00",
            "2026-03-29T09:00Z",
        ] {
            assert!(Local::parse(bad).is_err(), "{bad}");
        }
        for bad in ["", "Berlin", "europe/berlin", "+02:00", "Europe/Berlin "] {
            assert!(Zone::parse(bad).is_err(), "{bad}");
        }
        let local = Local::parse("2026-03-29T09:00").expect("a time");
        assert_eq!(local.to_string(), "2026-03-29T09:00:00");
        assert_eq!(Local::parse(&local.to_string()), Ok(local));
    }
}

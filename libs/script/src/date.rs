//! Days of the calendar.

use serde::{Deserialize, Serialize, de};
use std::fmt;
use time::{Duration, OffsetDateTime, format_description::StaticFormatDescription, macros::format_description};

const FORMAT: StaticFormatDescription = format_description!("[year]-[month]-[day]");

/// A day of the years 0001 to 9999, written YYYY-MM-DD; so that their texts are in the order of the days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(time::Date);

impl Date {
    /// Of its text; `None` if there is no such day.
    pub fn parse(text: &str) -> Option<Self> {
        let shape = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date = shape.then(|| time::Date::parse(text, FORMAT).ok()).flatten()?;
        (1..=9_999).contains(&date.year()).then_some(Self(date))
    }

    /// The day in UTC of a time in milliseconds since the Unix epoch; the epoch's for a time beyond the years.
    pub fn of_millis(millis: i64) -> Self {
        let time = OffsetDateTime::UNIX_EPOCH.checked_add(Duration::milliseconds(millis));
        let date = time
            .map(OffsetDateTime::date)
            .filter(|date| (1..=9_999).contains(&date.year()));
        Self(date.unwrap_or(OffsetDateTime::UNIX_EPOCH.date()))
    }

    /// How many days `later` is after it; negative if it is before it.
    pub fn days_until(self, later: Self) -> i64 {
        (later.0 - self.0).whole_days()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = (self.0.year(), u8::from(self.0.month()), self.0.day());
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("no date such as 2026-01-31"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_there_are() {
        for (text, is_day) in [
            ("2026-11-23", true),
            ("2024-02-29", true),
            ("0001-01-01", true),
            ("9999-12-31", true),
            ("2026-02-29", false),
            ("2026-13-01", false),
            ("2026-1-1", false),
            ("0000-01-01", false),
            ("-001-01-01", false),
            ("+2026-01-1", false),
            ("2026-11-23T00", false),
            ("23.11.2026", false),
            ("٢٠٢٦-11-23", false),
            ("", false),
        ] {
            assert_eq!(
                Date::parse(text).map(|date| date.to_string()),
                is_day.then(|| text.to_owned())
            );
        }
    }

    #[test]
    fn days_between_and_of_times() {
        let day = |text| Date::parse(text).expect(text);
        assert_eq!(day("2024-02-28").days_until(day("2024-03-01")), 2);
        assert_eq!(day("2024-03-01").days_until(day("2024-02-28")), -2);
        for (millis, expected) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (1_795_392_000_000 - 1, "2026-11-22"),
            (1_795_392_000_000, "2026-11-23"),
            (i64::MAX, "1970-01-01"),
            (i64::MIN, "1970-01-01"),
        ] {
            assert_eq!(Date::of_millis(millis).to_string(), expected, "{millis}");
        }
    }
}

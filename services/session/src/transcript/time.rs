//! Times as people read them.

use super::Language;
use chrono::DateTime;
use chrono_tz::Tz;
use onqueue_model::Timestamp;

/// A time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Zone(Tz);

impl Zone {
    /// The one of that IANA name; UTC for none.
    pub fn parse(name: &str) -> Option<Self> {
        match name.trim() {
            "" => Some(Self(Tz::UTC)),
            name => name.parse().ok().map(Self),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// A moment there, with how far it is from UTC: in autumn there are two of an hour.
    pub(super) fn show(self, at: Timestamp, language: Language) -> String {
        let Some(moment) = DateTime::from_timestamp_millis(at.millis()) else {
            return String::new();
        };
        let form = match language {
            Language::English => "%Y-%m-%d %H:%M:%S %:z",
            Language::German => "%d.%m.%Y %H:%M:%S %:z",
        };
        moment.with_timezone(&self.0).format(form).to_string()
    }
}

/// A moment for programs: RFC 3339 in UTC.
pub(super) fn exact(at: Timestamp) -> String {
    let moment = DateTime::from_timestamp_millis(at.millis());
    moment.map_or_else(String::new, |moment| {
        moment.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    })
}

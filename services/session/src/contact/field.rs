//! Custom fields: what an organisation keeps of its contacts, and what values they may have.

use onqueue_model::Fault;
use serde::{Deserialize, Serialize};

const TEXT: usize = 1_000;

/// What values a field has; the number is what the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub(crate) enum Kind {
    Text = 1,
    Number = 2,
    Boolean = 3,
    Date = 4,
    Choice = 5,
}

impl Kind {
    pub const fn code(self) -> i16 {
        self as i16
    }

    pub const fn of(code: i16) -> Option<Self> {
        match code {
            1 => Some(Self::Text),
            2 => Some(Self::Number),
            3 => Some(Self::Boolean),
            4 => Some(Self::Date),
            5 => Some(Self::Choice),
            _ => None,
        }
    }
}

/// What can be set about a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Definition {
    pub key: String,
    pub name: String,
    pub kind: Kind,
    pub choices: Vec<String>,
}

/// A value of a field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FieldValue {
    Text(String),
    Number(f64),
    Boolean(bool),
    /// YYYY-MM-DD.
    Date(String),
    Choice(String),
}

impl FieldValue {
    /// As a contact's history has it.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) | Self::Date(text) | Self::Choice(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Boolean(is_so) => is_so.to_string(),
        }
    }
}

impl Definition {
    /// Whether a contact may have this value of it; FIELD_INVALID otherwise.
    pub fn check(&self, value: &FieldValue) -> Result<(), Fault> {
        let problem = match (self.kind, value) {
            (Kind::Text, FieldValue::Text(text)) => {
                let is_bad = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
                let fits = text.chars().count() <= TEXT && !text.chars().any(is_bad);
                (!fits).then_some("must be a text of at most 1,000 characters")
            }
            (Kind::Number, FieldValue::Number(number)) => (!number.is_finite()).then_some("must be a finite number"),
            (Kind::Boolean, FieldValue::Boolean(_)) => None,
            (Kind::Date, FieldValue::Date(day)) => (!is_day(day)).then_some("must be a day, as YYYY-MM-DD"),
            (Kind::Choice, FieldValue::Choice(choice)) => {
                (!self.choices.contains(choice)).then_some("must be one of the field's choices")
            }
            _ => Some("must be of the field's type"),
        };
        match problem {
            None => Ok(()),
            Some(problem) => Err(Fault::field("contact.fields", format!("{}: {problem}", self.key))),
        }
    }
}

/// A day of the Gregorian calendar, as YYYY-MM-DD.
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return false;
    };
    let number = |text: &str, length: usize| {
        let is_number = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u32>().unwrap_or(0))
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_of_their_fields_type_and_within_its_bounds() {
        let field = |kind| Definition {
            key: "key".to_owned(),
            name: "Key".to_owned(),
            kind,
            choices: vec!["gold".to_owned()],
        };
        let text = |text: &str| FieldValue::Text(text.to_owned());
        for (kind, value, is_good) in [
            (Kind::Text, text("a\nb"), true),
            (Kind::Text, text("a\u{7}b"), false),
            (Kind::Text, text(&"ä".repeat(1_000)), true),
            (Kind::Text, text(&"ä".repeat(1_001)), false),
            (Kind::Text, FieldValue::Number(1.0), false),
            (Kind::Number, FieldValue::Number(-1.5), true),
            (Kind::Number, FieldValue::Number(f64::NAN), false),
            (Kind::Boolean, FieldValue::Boolean(false), true),
            (Kind::Date, FieldValue::Date("2024-02-29".to_owned()), true),
            (Kind::Choice, FieldValue::Choice("gold".to_owned()), true),
            (Kind::Choice, FieldValue::Choice("tin".to_owned()), false),
        ] {
            assert_eq!(field(kind).check(&value).is_ok(), is_good, "{kind:?} {value:?}");
        }
    }

    #[test]
    fn days_are_days_of_the_calendar() {
        for (text, expected) in [
            ("2000-02-29", true),
            ("1900-02-29", false),
            ("2026-04-31", false),
            ("2026-12-31", true),
            ("2026-13-01", false),
            ("2026-00-10", false),
            ("2026-1-01", false),
            ("2026-01-01-01", false),
            ("+026-01-01", false),
        ] {
            assert_eq!(is_day(text), expected, "{text}");
        }
    }
}

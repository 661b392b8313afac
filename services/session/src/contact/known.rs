//! Addresses and ids by which customers are known, in the one form in which they are compared.

use onqueue_model::Fault;
use serde::{Deserialize, Serialize};

const EMAIL: usize = 254;
const PHONE: usize = 40;
const SYSTEM: usize = 100;
const ID: usize = 200;

/// By what a customer is known, as it is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KnownBy {
    /// In lower case.
    Email(String),
    /// Digits, with a + in front if it was given with one.
    Phone(String),
    /// A name in another system.
    External { system: String, id: String },
}

/// The same, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownId {
    pub by: KnownBy,
    pub written: String,
}

impl KnownBy {
    /// As the database numbers kinds.
    pub const fn kind(&self) -> i16 {
        match self {
            Self::Email(_) => 1,
            Self::Phone(_) => 2,
            Self::External { .. } => 3,
        }
    }

    /// The word that the API uses.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Phone(_) => "phone",
            Self::External { .. } => "external",
        }
    }

    /// Of an external id; else empty.
    pub fn system(&self) -> &str {
        match self {
            Self::External { system, .. } => system,
            _ => "",
        }
    }

    /// What is compared.
    pub fn value(&self) -> &str {
        match self {
            Self::Email(value) | Self::Phone(value) | Self::External { id: value, .. } => value,
        }
    }

    /// What those columns hold.
    pub fn of(kind: i16, system: String, value: String) -> Option<Self> {
        match kind {
            1 => Some(Self::Email(value)),
            2 => Some(Self::Phone(value)),
            3 => Some(Self::External { system, id: value }),
            _ => None,
        }
    }
}

/// An address: one @ with something on both sides, no spaces or control characters, at most 254 characters.
pub(crate) fn email(field: &'static str, text: &str) -> Result<KnownId, Fault> {
    let written = text.trim();
    let parts = written.split_once('@');
    let is_one = parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    let has_bad = written
        .chars()
        .any(|letter| letter.is_whitespace() || letter.is_control());
    if !is_one || has_bad || written.chars().count() > EMAIL {
        return Err(Fault::field(field, "must be an address such as ann@example.com"));
    }
    Ok(KnownId {
        by: KnownBy::Email(written.to_lowercase()),
        written: written.to_owned(),
    })
}

/// A number: 3–20 digits, punctuation and spaces between, a + in front or none.
pub(crate) fn phone(field: &'static str, text: &str) -> Result<KnownId, Fault> {
    let written = text.trim();
    let is_good = |(at, letter): (usize, char)| {
        letter.is_ascii_digit() || matches!(letter, ' ' | '-' | '/' | '.' | '(' | ')') || (letter == '+' && at == 0)
    };
    let digits: String = written
        .chars()
        .filter(|letter| matches!(letter, '0'..='9' | '+'))
        .collect();
    let count = digits.trim_start_matches('+').len();
    if written.len() > PHONE || !written.char_indices().all(is_good) || !(3..=20).contains(&count) {
        return Err(Fault::field(field, "must be a number such as +49 30 1234567"));
    }
    Ok(KnownId {
        by: KnownBy::Phone(digits),
        written: written.to_owned(),
    })
}

/// A name in another system, compared letter by letter.
pub(crate) fn external(field: &'static str, system: &str, id: &str) -> Result<KnownId, Fault> {
    let fits =
        |text: &str, most: usize| (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if !fits(system, SYSTEM) || !fits(id, ID) {
        return Err(Fault::field(field, "a system of 1–100 and an id of 1–200 characters"));
    }
    Ok(KnownId {
        by: KnownBy::External {
            system: system.to_owned(),
            id: id.to_owned(),
        },
        written: id.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_address_is_the_same_however_it_is_written() {
        let value = |known: Result<KnownId, Fault>| known.ok().map(|known| known.by.value().to_owned());
        for (text, expected) in [
            (" Ann@Example.COM ", Some("ann@example.com")),
            ("a@b", Some("a@b")),
            ("", None),
            ("ann", None),
            ("@example.com", None),
            ("a@b@c", None),
            ("a b@c", None),
        ] {
            assert_eq!(value(email("email", text)).as_deref(), expected, "{text}");
        }
        for (text, expected) in [
            ("+49 (30) 123-4567", Some("+49301234567")),
            ("030/123.45", Some("03012345")),
            ("12", None),
            ("1+23", None),
            ("call me", None),
            ("٣٣٣٣", None),
            ("012345678901234567890", None),
        ] {
            assert_eq!(value(phone("phone", text)).as_deref(), expected, "{text}");
        }
        assert_eq!(value(external("x", "crm", "K-1")).as_deref(), Some("K-1"));
        assert!(external("x", "", "1").is_err() && external("x", "crm", "a\nb").is_err());
    }

    #[test]
    fn what_is_stored_is_read_again() {
        for known in [
            email("", "a@b").expect("good").by,
            phone("", "+123").expect("good").by,
            external("", "crm", "1").expect("good").by,
        ] {
            let read = KnownBy::of(known.kind(), known.system().to_owned(), known.value().to_owned());
            assert_eq!(read, Some(known));
        }
    }
}

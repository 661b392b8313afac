//! Languages as routing compares them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A BCP-47 tag, kept in lower case so that equal languages are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Language(String);

impl Language {
    /// Parses a tag: 2–35 characters, subtags of 1–8 ASCII letters and digits separated by hyphens, the first of letters
    /// only. `None` for anything else.
    pub fn parse(tag: &str) -> Option<Self> {
        let mut parts = tag.split('-');
        let first = parts.next()?;
        let first_is_good = (2..=8).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic());
        let rest_is_good =
            parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
        (first_is_good && rest_is_good && tag.len() <= 35).then(|| Self(tag.to_ascii_lowercase()))
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        for (tag, expected) in [
            ("de", Some("de")),
            ("de-AT", Some("de-at")),
            ("zh-Hant-TW", Some("zh-hant-tw")),
            ("", None),
            ("d", None),
            ("de_AT", None),
            ("de-", None),
            ("1e", None),
            ("deutschland", None),
            ("dé", None),
        ] {
            assert_eq!(Language::parse(tag).as_ref().map(Language::as_str), expected, "{tag}");
        }
    }
}

//! What agents, scripts and other systems note of a conversation: named values.

use crate::{Refusal, line};
use onqueue_model::{Fault, Reason};
use std::collections::BTreeMap;

/// The most that one conversation has.
const MOST: usize = 50;

/// The longest name, in characters.
const KEY: usize = 64;

/// The longest value, in Unicode scalar values.
const VALUE: usize = 1_000;

/// Values by name, in order of name.
pub type Attributes = BTreeMap<String, String>;

/// What is to be set, and what to be taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(BTreeMap<String, Option<String>>);

impl Changes {
    /// Checks names (1–64 ASCII letters, digits, `_`, `.`, `-`) and values (one line, at most 1,000 characters; `None` takes
    /// the attribute away). FIELD_INVALID.
    pub fn parse(changes: impl IntoIterator<Item = (String, Option<String>)>) -> Result<Self, Fault> {
        let checked = changes.into_iter().map(|(key, value)| {
            let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
            if key.is_empty() || key.len() > KEY || !key.chars().all(is_good) {
                let problem = "names have 1 to 64 letters, digits, underscores, dots or dashes";
                return Err(Fault::field("attributes", problem));
            }
            let value = value.map(|value| line("attributes", &value, VALUE)).transpose()?;
            Ok((key, value))
        });
        checked.collect::<Result<_, _>>().map(Self)
    }

    /// With every value as `each` makes it.
    pub fn map(self, each: impl Fn(String) -> String) -> Self {
        Self(self.0.into_iter().map(|(key, value)| (key, value.map(&each))).collect())
    }

    /// What `attributes` become, and the names of those that are not as they were.
    pub(crate) fn apply(self, attributes: &Attributes) -> Result<(Attributes, Vec<String>), Refusal> {
        let (mut after, mut keys) = (attributes.clone(), Vec::new());
        for (key, value) in self.0 {
            let before = match &value {
                Some(value) => after.insert(key.clone(), value.clone()),
                None => after.remove(&key),
            };
            if before != value {
                keys.push(key);
            }
        }
        if after.len() > MOST {
            return Err(Refusal::TooManyAttributes);
        }
        Ok((after, keys))
    }
}

pub(crate) fn too_many() -> Fault {
    let problem = format!("a conversation has at most {MOST} attributes");
    Fault::new(Reason::FieldInvalid, problem).with("field", "attributes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(changes: &[(&str, Option<&str>)]) -> Result<Changes, Fault> {
        let own = |(key, value): &(&str, Option<&str>)| ((*key).to_owned(), value.map(str::to_owned));
        Changes::parse(changes.iter().map(own))
    }

    #[test]
    fn only_what_changes_is_named() {
        let before = Attributes::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        let wanted = changes(&[("a", Some("1")), ("b", None), ("c", Some(" 3 ")), ("d", None)]).expect("good");
        let (after, keys) = wanted.apply(&before).expect("few");
        assert_eq!(keys, ["b", "c"]);
        assert_eq!(
            after.into_iter().collect::<Vec<_>>(),
            [("a".into(), "1".into()), ("c".into(), "3".into())]
        );
    }

    #[test]
    fn names_values_and_their_number_have_limits() {
        let long = "x".repeat(VALUE + 1);
        for bad in [("", Some("1")), ("a b", Some("1")), ("ü", None), ("a", Some(&*long))] {
            assert!(changes(&[bad]).is_err(), "{bad:?}");
        }
        let many = (0..=MOST).map(|number| (number.to_string(), Some("x".to_owned())));
        let many = Changes::parse(many).expect("good names");
        assert_eq!(many.apply(&Attributes::new()).err(), Some(Refusal::TooManyAttributes));
    }
}

//! What can be set about a contact, and how two states of it differ.

use super::{FieldValue, KnownBy, KnownId};
use onqueue_model::{DivisionId, Language, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What can be set about a contact.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Content {
    pub division: DivisionId,
    pub name: String,
    pub language: Option<Language>,
    /// In the order in which they came.
    pub ids: Vec<KnownId>,
    pub fields: BTreeMap<String, FieldValue>,
    pub notes: String,
    pub consents: Vec<Consent>,
}

/// What the customer agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consent {
    pub purpose: String,
    pub given: bool,
    pub at: Timestamp,
}

/// One field that differs, both ways as text; empty where there was or is nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub field: String,
    pub old: String,
    pub new: String,
}

impl Content {
    /// Nothing known yet.
    pub const fn nothing(division: DivisionId) -> Self {
        Self {
            division,
            name: String::new(),
            language: None,
            ids: Vec::new(),
            fields: BTreeMap::new(),
            notes: String::new(),
            consents: Vec::new(),
        }
    }

    /// Ids as they are compared, each once.
    pub fn known(&self) -> BTreeSet<KnownBy> {
        self.ids.iter().map(|id| id.by.clone()).collect()
    }

    /// Those of one kind as they were written.
    pub fn written(&self, kind: i16) -> Vec<&KnownId> {
        self.ids.iter().filter(|id| id.by.kind() == kind).collect()
    }

    /// The fields in which `after` differs from this.
    pub fn differences(&self, after: &Self) -> Vec<Difference> {
        let keys: BTreeSet<&String> = self.fields.keys().chain(after.fields.keys()).collect();
        let custom = keys.into_iter().map(|key| Difference {
            field: format!("fields.{key}"),
            old: value(&self.fields, key),
            new: value(&after.fields, key),
        });
        let plain = self.plain().into_iter().zip(after.plain());
        let plain = plain.map(|((field, old), (_, new))| Difference {
            field: field.to_owned(),
            old,
            new,
        });
        plain.chain(custom).filter(|one| one.old != one.new).collect()
    }

    /// All of it, as the audit trail hashes it.
    pub fn text(&self) -> String {
        let custom = self.fields.iter().map(|(key, value)| (&**key, value.text()));
        let all: Vec<(&str, String)> = self.plain().into_iter().chain(custom).collect();
        serde_json::to_string(&all).unwrap_or_default()
    }

    /// What every contact has, as text.
    fn plain(&self) -> [(&'static str, String); 8] {
        let language = self.language.as_ref().map(ToString::to_string);
        [
            ("division_id", self.division.to_string()),
            ("name", self.name.clone()),
            ("emails", self.listed(1)),
            ("phones", self.listed(2)),
            ("language", language.unwrap_or_default()),
            ("external_ids", self.listed(3)),
            ("notes", self.notes.clone()),
            ("consents", self.agreed()),
        ]
    }

    /// In an order of their own, so that another order is no difference.
    fn listed(&self, kind: i16) -> String {
        let of_kind = self.known().into_iter().filter(|known| known.kind() == kind);
        let texts: Vec<String> = of_kind
            .map(|known| match known {
                KnownBy::External { system, id } => format!("{system}: {id}"),
                KnownBy::Email(value) | KnownBy::Phone(value) => value,
            })
            .collect();
        json_unless_empty(&texts)
    }

    fn agreed(&self) -> String {
        let said: BTreeMap<&str, bool> = self.consents.iter().map(|one| (&*one.purpose, one.given)).collect();
        if said.is_empty() {
            return String::new();
        }
        serde_json::to_string(&said).unwrap_or_default()
    }

    /// What was said of consents, each with the time of when it was first said so.
    pub fn consents_as_of(&self, said: &[(String, bool)], now: Timestamp) -> Vec<Consent> {
        let before = |purpose: &str, given: bool| {
            let same = self
                .consents
                .iter()
                .find(|one| one.purpose == purpose && one.given == given);
            same.map_or(now, |one| one.at)
        };
        said.iter()
            .map(|(purpose, given)| Consent {
                purpose: purpose.clone(),
                given: *given,
                at: before(purpose, *given),
            })
            .collect()
    }

    /// What this lacks and `other` has, taken from it; answers which fields that were. Ids are not taken: they count for whoever
    /// their contact is merged into.
    pub fn take_from(&mut self, other: &Self) -> Vec<String> {
        let mut taken = Vec::new();
        let mut note = |field: &str| taken.push(field.to_owned());
        if self.name.is_empty() && !other.name.is_empty() {
            self.name.clone_from(&other.name);
            note("name");
        }
        if self.language.is_none() && other.language.is_some() {
            self.language.clone_from(&other.language);
            note("language");
        }
        if self.notes.is_empty() && !other.notes.is_empty() {
            self.notes.clone_from(&other.notes);
            note("notes");
        }
        for consent in &other.consents {
            if !self.consents.iter().any(|one| one.purpose == consent.purpose) {
                self.consents.push(consent.clone());
                note(&format!("consents.{}", consent.purpose));
            }
        }
        for (key, value) in &other.fields {
            if !self.fields.contains_key(key) {
                self.fields.insert(key.clone(), value.clone());
                note(&format!("fields.{key}"));
            }
        }
        taken
    }

    /// Gives back what was taken from `other`, unless it has another value by now.
    pub fn give_back(&mut self, taken: &[String], other: &Self) {
        for field in taken {
            match field.split_once('.') {
                Some(("fields", key)) if self.fields.get(key) == other.fields.get(key) => {
                    self.fields.remove(key);
                }
                Some(("consents", purpose)) => self
                    .consents
                    .retain(|one| one.purpose != purpose || !other.consents.contains(one)),
                None if field == "name" && self.name == other.name => self.name.clear(),
                None if field == "language" && self.language == other.language => self.language = None,
                None if field == "notes" && self.notes == other.notes => self.notes.clear(),
                _ => {}
            }
        }
    }
}

fn value(fields: &BTreeMap<String, FieldValue>, key: &str) -> String {
    fields.get(key).map(FieldValue::text).unwrap_or_default()
}

fn json_unless_empty(texts: &[String]) -> String {
    if texts.is_empty() {
        return String::new();
    }
    serde_json::to_string(texts).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::{email, external};
    use onqueue_model::Id;
    use uuid::Uuid;

    fn ann() -> Content {
        Content {
            name: "Ann".to_owned(),
            language: Language::parse("de"),
            ids: vec![email("", "b@x").expect("good"), email("", "a@x").expect("good")],
            fields: [("tier".to_owned(), FieldValue::Choice("gold".to_owned()))].into(),
            notes: "calls back".to_owned(),
            consents: vec![Consent {
                purpose: "marketing".to_owned(),
                given: true,
                at: Timestamp(5),
            }],
            ..Content::nothing(Id::new(Uuid::from_u128(1)))
        }
    }

    #[test]
    fn differences_name_each_field_with_both_values() {
        let (before, mut after) = (ann(), ann());
        after.ids.reverse();
        assert!(before.differences(&after).is_empty());
        after.name = "Anna".to_owned();
        after.ids.push(external("", "crm", "1").expect("good"));
        after.fields.clear();
        after.consents[0].given = false;
        let said: Vec<_> = before
            .differences(&after)
            .into_iter()
            .map(|one| format!("{}: {} → {}", one.field, one.old, one.new))
            .collect();
        assert_eq!(
            said,
            [
                "name: Ann → Anna",
                "external_ids:  → [\"crm: 1\"]",
                "consents: {\"marketing\":true} → {\"marketing\":false}",
                "fields.tier: gold → ",
            ]
        );
    }

    #[test]
    fn what_was_taken_is_given_back_unless_it_was_changed_since() {
        let mut into = Content::nothing(Id::new(Uuid::from_u128(1)));
        into.notes = "own".to_owned();
        let before = into.clone();
        let taken = into.take_from(&ann());
        assert_eq!(taken, ["name", "language", "consents.marketing", "fields.tier"]);
        assert_eq!((&*into.name, &*into.notes), ("Ann", "own"));
        let merged = into.clone();
        into.give_back(&taken, &ann());
        assert_eq!(into, before);
        let mut changed = merged;
        changed.name = "Anna".to_owned();
        changed.give_back(&taken, &ann());
        assert_eq!(
            changed,
            Content {
                name: "Anna".to_owned(),
                ..before
            }
        );
    }

    #[test]
    fn a_consent_keeps_the_time_at_which_it_was_given() {
        let said = [("marketing".to_owned(), true), ("recording".to_owned(), false)];
        let times: Vec<_> = ann()
            .consents_as_of(&said, Timestamp(9))
            .into_iter()
            .map(|one| one.at.millis())
            .collect();
        assert_eq!(times, [5, 9]);
    }
}

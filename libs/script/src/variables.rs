//! What rules and texts may name, and of what kind it is.

use crate::{
    Value,
    document::{ChoiceOption, ContactFieldType, Document, FieldKind, contact_key},
};
use std::collections::BTreeMap;

/// What a variable holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Boolean,
    /// With the greatest that it is, whatever its sign.
    Number(f64),
    Text,
    Date,
    /// One of these.
    Choice(Vec<String>),
    /// Any of these.
    Choices(Vec<String>),
}

impl Kind {
    /// Whether a value is of this kind.
    pub fn has(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Boolean, Value::Boolean(_)) | (Self::Text, Value::Text(_)) | (Self::Choices(_), Value::Many(_)) => {
                true
            }
            (Self::Number(most), Value::Number(number)) => number.is_finite() && number.abs() <= *most,
            (Self::Date, Value::Text(text)) => crate::Date::parse(text).is_some(),
            (Self::Choice(options), Value::Text(text)) => options.is_empty() || options.contains(text),
            _ => false,
        }
    }
}

/// The variables of a script, by their whole names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Variables(BTreeMap<String, Kind>);

/// What there is of every conversation.
const CONVERSATION: [&str; 4] = ["queue", "language", "topic", "customer_name"];

/// What texts may say of the agent.
const AGENT: [&str; 2] = ["name", "alias"];

/// The day.
pub(crate) const TODAY: &str = "today";

impl Variables {
    /// All that the document declares, and what there always is.
    pub fn of(document: &Document) -> Self {
        let mut all = BTreeMap::from([(TODAY.to_owned(), Kind::Date)]);
        for field in document.fields() {
            all.insert(format!("answers.{}", field.id), kind(&field.kind));
        }
        all.extend(contact_key::ALL.map(|key| (format!("contact.{key}"), Kind::Text)));
        for (key, kind) in &document.contact_fields {
            all.insert(format!("contact.fields.{key}"), of_contact(*kind));
        }
        all.extend(CONVERSATION.map(|key| (format!("conversation.{key}"), Kind::Text)));
        for name in &document.attributes {
            all.insert(format!("conversation.attributes.{name}"), Kind::Text);
        }
        Self(all)
    }

    /// Of what kind it is, in a rule; `None` if there is none of that name.
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.0.get(name)
    }

    /// Whether a text may name it.
    pub fn is_for_texts(&self, name: &str) -> bool {
        let of_agent = name.strip_prefix("agent.").is_some_and(|name| AGENT.contains(&name));
        of_agent || self.0.contains_key(name)
    }

    /// Everything that begins so, without the beginning.
    pub fn below(&self, prefix: &str) -> Vec<&str> {
        self.0.keys().filter_map(|name| name.strip_prefix(prefix)).collect()
    }
}

/// Whether a variable of that name is there whatever happened.
pub(crate) fn is_always_there(name: &str) -> bool {
    name == TODAY
}

fn kind(field: &FieldKind) -> Kind {
    let ids = |options: &[ChoiceOption]| options.iter().map(|option| option.id.clone()).collect();
    match field {
        FieldKind::Text { .. } => Kind::Text,
        FieldKind::Number { .. } => Kind::Number(crate::value::GREATEST),
        FieldKind::Date { .. } => Kind::Date,
        FieldKind::Choice { options } => Kind::Choice(ids(options)),
        FieldKind::MultiChoice { options, .. } => Kind::Choices(ids(options)),
        FieldKind::Checkbox => Kind::Boolean,
    }
}

/// What the organisation lets choose is not known here: any text may be it.
fn of_contact(kind: ContactFieldType) -> Kind {
    match kind {
        ContactFieldType::Text | ContactFieldType::Choice => Kind::Text,
        ContactFieldType::Number => Kind::Number(crate::value::GREATEST),
        ContactFieldType::Boolean => Kind::Boolean,
        ContactFieldType::Date => Kind::Date,
    }
}

#[cfg(test)]
impl<'n> FromIterator<(&'n str, Kind)> for Variables {
    fn from_iter<T: IntoIterator<Item = (&'n str, Kind)>>(named: T) -> Self {
        Self(named.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect())
    }
}

//! Contacts as clients get them.

use crate::app::contacts::Suggested;
use crate::contact::{Contact, Definition, Field, FieldValue, Kind, KnownBy, KnownId, Origin, ScriptOrigin};
use crate::store::{contact_changes::Changed, guest_ids::Given};
use onqueue_proto::{
    session::v1::{self as proto, contact_field_value::Value},
    timestamp,
};

/// With the values of these fields: what the organisation keeps no more is not shown.
pub(super) fn contact(contact: Contact, shown: &[Definition]) -> proto::Contact {
    let content = contact.content;
    let written = |kind: i16| -> Vec<String> {
        let of_kind = content.written(kind).into_iter();
        of_kind.map(|id: &KnownId| id.written.clone()).collect()
    };
    let proved = |kind: i16| -> Vec<String> {
        let of_kind = content.written(kind).into_iter();
        let proved = of_kind.filter(|id| contact.proved.contains(&id.by));
        proved.map(|id| id.written.clone()).collect()
    };
    let is_shown = |key: &String| shown.iter().any(|one| one.key == *key);
    let fields = content.fields.iter().filter(|(key, _)| is_shown(key));
    proto::Contact {
        contact_id: contact.id.to_string(),
        etag: contact.revision.to_string(),
        division_id: content.division.to_string(),
        emails: written(1),
        phones: written(2),
        language: content.language.as_ref().map(ToString::to_string).unwrap_or_default(),
        external_ids: content.written(3).into_iter().map(external).collect(),
        fields: fields.map(|(key, one)| (key.clone(), value(one))).collect(),
        consents: content.consents.iter().map(consent).collect(),
        proved_emails: proved(1),
        proved_phones: proved(2),
        alias_ids: contact.aliases.iter().map(ToString::to_string).collect(),
        created_at: Some(timestamp(contact.created_at)),
        updated_at: Some(timestamp(contact.updated_at)),
        name: content.name,
        notes: content.notes,
    }
}

fn external(id: &KnownId) -> proto::ExternalId {
    proto::ExternalId {
        system: id.by.system().to_owned(),
        id: id.by.value().to_owned(),
    }
}

fn consent(one: &crate::contact::Consent) -> proto::Consent {
    proto::Consent {
        purpose: one.purpose.clone(),
        given: one.given,
        at: Some(timestamp(one.at)),
    }
}

fn value(one: &FieldValue) -> proto::ContactFieldValue {
    let value = match one.clone() {
        FieldValue::Text(text) => Value::Text(text),
        FieldValue::Number(number) => Value::Number(number),
        FieldValue::Boolean(is_so) => Value::Boolean(is_so),
        FieldValue::Date(day) => Value::Date(day),
        FieldValue::Choice(choice) => Value::Choice(choice),
    };
    proto::ContactFieldValue { value: Some(value) }
}

pub(super) fn suggestions(suggested: Suggested, shown: &[Definition]) -> proto::ListContactSuggestionsResponse {
    let suggestions = suggested
        .contacts
        .into_iter()
        .map(|(one, matched)| proto::ContactSuggestion {
            matched: matched.iter().map(|by| known(by, one.proved.contains(by))).collect(),
            contact: Some(contact(one, shown)),
        });
    proto::ListContactSuggestionsResponse {
        suggestions: suggestions.collect(),
        given: suggested.given.into_iter().map(given).collect(),
    }
}

fn given(one: Given) -> proto::GivenId {
    proto::GivenId {
        value: one.id.written,
        ..known(&one.id.by, one.is_proved)
    }
}

fn known(by: &KnownBy, proved: bool) -> proto::GivenId {
    proto::GivenId {
        kind: by.word().to_owned(),
        system: by.system().to_owned(),
        value: by.value().to_owned(),
        proved,
    }
}

pub(super) fn change(changed: Changed) -> proto::ContactChange {
    let origin = match changed.origin {
        Origin::Agent => proto::ContactOrigin::Agent,
        Origin::Script => proto::ContactOrigin::Script,
        Origin::Api => proto::ContactOrigin::Api,
        Origin::Assertion => proto::ContactOrigin::Assertion,
        Origin::Merge => proto::ContactOrigin::Merge,
    };
    proto::ContactChange {
        number: changed.number,
        at: Some(timestamp(changed.at)),
        actor: changed.actor,
        origin: origin.into(),
        field: changed.difference.field,
        old_value: changed.difference.old,
        new_value: changed.difference.new,
        script: changed.script.map(script),
    }
}

fn script(origin: ScriptOrigin) -> proto::ScriptOrigin {
    proto::ScriptOrigin {
        script_id: origin.script.to_string(),
        script_name: origin.name,
        version: origin.version,
        run_id: origin.run.to_string(),
    }
}

pub(super) fn field(field: Field) -> proto::ContactField {
    let kind = match field.definition.kind {
        Kind::Text => proto::ContactFieldType::Text,
        Kind::Number => proto::ContactFieldType::Number,
        Kind::Boolean => proto::ContactFieldType::Boolean,
        Kind::Date => proto::ContactFieldType::Date,
        Kind::Choice => proto::ContactFieldType::Choice,
    };
    proto::ContactField {
        contact_field_id: field.id.to_string(),
        etag: field.revision.to_string(),
        key: field.definition.key,
        name: field.definition.name,
        r#type: kind.into(),
        choices: field.definition.choices,
        created_at: Some(timestamp(field.created_at)),
    }
}

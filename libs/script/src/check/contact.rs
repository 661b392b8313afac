//! Fields that are bound to the contact.

use crate::{
    document::{ContactFieldType, Document, Field, FieldKind, contact_key},
    problem::{Code, Finding},
};
use onqueue_model::Language;
use std::collections::BTreeMap;

pub(super) fn findings(document: &Document) -> Vec<Finding> {
    let mut found = Vec::new();
    for (page, it) in document.pages.iter().enumerate() {
        let mut bound: BTreeMap<&str, &str> = BTreeMap::new();
        for (item, field) in it.fields_with_places() {
            let Some(key) = field.contact.as_deref() else { continue };
            let pointer = format!("/pages/{page}/items/{item}/contact");
            if let Some(message) = unfit(document, field, key) {
                found.push(Finding::new(Code::ContactInvalid, &pointer, message));
            }
            if let Some(other) = bound.insert(key, &field.id) {
                let message = format!("The field “{other}” on this page is the contact's {key} already.");
                found.push(Finding::new(Code::ContactInvalid, &pointer, message));
            }
        }
    }
    found
}

/// Why the field cannot be that of the contact.
fn unfit(document: &Document, field: &Field, key: &str) -> Option<String> {
    if let Some(key) = key.strip_prefix(contact_key::FIELDS) {
        return match document.contact_fields.get(key) {
            None => Some(format!(
                "There is no contact field “{key}”; declare it in “contact_fields”."
            )),
            Some(kind) => unfit_for(&field.kind, *kind),
        };
    }
    if !contact_key::ALL.contains(&key) {
        let all = contact_key::ALL.join(", ");
        return Some(format!("A contact has {all} and fields.<key>."));
    }
    match &field.kind {
        FieldKind::Choice { options } if key == contact_key::LANGUAGE => options
            .iter()
            .find(|option| Language::parse(&option.id).is_none())
            .map(|option| format!("The option “{}” is no language such as de or en-GB.", option.id)),
        FieldKind::Text { multiline, max_length } => too_long(*max_length, contact_key::longest(key))
            .or_else(|| lines(*multiline && key != contact_key::NOTES, key)),
        _ => Some(format!("The contact's {key} is a text.")),
    }
}

fn too_long(max_length: Option<usize>, most: usize) -> Option<String> {
    let is_longer = max_length.is_some_and(|length| length > most);
    is_longer.then(|| format!("The contact takes at most {most} characters here."))
}

fn lines(has_too_many: bool, key: &str) -> Option<String> {
    has_too_many.then(|| format!("The contact's {key} has one line."))
}

fn unfit_for(field: &FieldKind, kind: ContactFieldType) -> Option<String> {
    let (fits, wanted) = match kind {
        ContactFieldType::Text => match field {
            FieldKind::Text { multiline, max_length } => {
                return too_long(*max_length, contact_key::longest("fields")).or_else(|| lines(*multiline, "field"));
            }
            other => (matches!(other, FieldKind::Choice { .. }), "text or choice"),
        },
        ContactFieldType::Number => (matches!(field, FieldKind::Number { .. }), "number"),
        ContactFieldType::Boolean => (matches!(field, FieldKind::Checkbox), "checkbox"),
        ContactFieldType::Date => (matches!(field, FieldKind::Date { .. }), "date"),
        ContactFieldType::Choice => (matches!(field, FieldKind::Choice { .. }), "choice"),
    };
    (!fits).then(|| format!("For a contact field of this type the field must be of the type {wanted}."))
}

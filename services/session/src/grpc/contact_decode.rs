//! What clients send of contacts, into types that cannot be wrong.

use crate::app::{contacts::Draft, content_facts::Said};
use crate::contact::{Definition, FieldValue, Kind, KnownId, email, external, phone};
use crate::store::contact_lists::Listing;
use onqueue_model::{Divisions, Fault, Language};
use onqueue_proto::session::v1::{
    Consent, Contact, ContactField, ContactFieldType, ContactFieldValue, ExternalId, ListContactsRequest,
    contact_field_value::Value,
};
use onqueue_server::resource::{division, name, page_size};
use onqueue_store::decode_token;
use std::collections::{BTreeMap, BTreeSet};

/// Of each kind of id, and of consents.
const MOST: usize = 20;
const NAME: usize = 100;
const NOTES: usize = 10_000;
const PURPOSE: usize = 50;
const KEY: usize = 50;
const CHOICES: usize = 100;

const FIELDS: &[&str] = &[
    "division_id",
    "name",
    "emails",
    "phones",
    "language",
    "external_ids",
    "fields",
    "notes",
    "consents",
];

/// Everything that the contact says.
pub(super) fn whole(contact: &Contact) -> Result<Draft, Fault> {
    draft(contact, &|_| true)
}

/// What the mask names: fields, and single custom fields as `fields.<key>`.
pub(super) fn named(contact: &Contact, paths: &[String]) -> Result<Draft, Fault> {
    let (custom, plain): (Vec<&str>, Vec<&str>) = paths
        .iter()
        .map(String::as_str)
        .partition(|path| path.starts_with("fields."));
    let is_wrong = paths.is_empty() || plain.iter().any(|path| !FIELDS.contains(path));
    if is_wrong || (plain.contains(&"fields") && !custom.is_empty()) {
        let problem = format!("must name one or more of {}, or fields.<key>", FIELDS.join(", "));
        return Err(Fault::field("update_mask", problem));
    }
    let mut draft = draft(contact, &|field| plain.contains(&field))?;
    for path in custom {
        let key = path.trim_start_matches("fields.");
        let value = contact.fields.get(key).map(value).transpose()?.flatten();
        draft.field.insert(key.to_owned(), value);
    }
    Ok(draft)
}

fn draft(contact: &Contact, is_wanted: &dyn Fn(&str) -> bool) -> Result<Draft, Fault> {
    let wanted = |field: &str| is_wanted(field).then_some(contact);
    Ok(Draft {
        division: wanted("division_id")
            .map(|contact| division("contact.division_id", &contact.division_id))
            .transpose()?,
        name: wanted("name").map(|contact| called(&contact.name)).transpose()?,
        language: wanted("language")
            .map(|contact| language(&contact.language))
            .transpose()?,
        emails: wanted("emails")
            .map(|contact| each(&contact.emails, "contact.emails", |text| email("contact.emails", text)))
            .transpose()?,
        phones: wanted("phones")
            .map(|contact| each(&contact.phones, "contact.phones", |text| phone("contact.phones", text)))
            .transpose()?,
        external: wanted("external_ids")
            .map(|contact| each(&contact.external_ids, "contact.external_ids", external_id))
            .transpose()?,
        fields: wanted("fields").map(|contact| values(&contact.fields)).transpose()?,
        field: BTreeMap::new(),
        notes: wanted("notes").map(|contact| notes(&contact.notes)).transpose()?,
        consents: wanted("consents")
            .map(|contact| consents(&contact.consents))
            .transpose()?,
    })
}

/// What a script's answer says of a contact. An address or a number cannot be empty: nothing is removed by leaving it out.
pub(super) fn said(field: &str, text: &str) -> Result<Said, Fault> {
    let part = |draft| Ok(Said::Part(draft));
    match field {
        "name" => part(Draft {
            name: Some(called(text)?),
            ..Draft::default()
        }),
        "language" => part(Draft {
            language: Some(language(text)?),
            ..Draft::default()
        }),
        "notes" => part(Draft {
            notes: Some(notes(text)?),
            ..Draft::default()
        }),
        "email" if text.is_empty() => part(Draft::default()),
        "phone" if text.is_empty() => part(Draft::default()),
        "email" => Ok(Said::Email(email("contact.emails", text)?)),
        "phone" => Ok(Said::Phone(phone("contact.phones", text)?)),
        other => match other.split_once('.') {
            Some(("fields", key)) => Ok(Said::Field(key.to_owned(), text.to_owned())),
            _ => Err(Fault::field("contact_field", "is none of a contact")),
        },
    }
}

/// May be empty, unlike other names.
fn called(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    if text.chars().count() > NAME || text.chars().any(char::is_control) {
        return Err(Fault::field(
            "contact.name",
            "at most 100 characters, no control characters",
        ));
    }
    Ok(text.to_owned())
}

fn language(tag: &str) -> Result<Option<Language>, Fault> {
    if tag.is_empty() {
        return Ok(None);
    }
    let problem = || Fault::field("contact.language", "must be a BCP-47 tag such as de or en-GB");
    Language::parse(tag).map(Some).ok_or_else(problem)
}

fn each<T>(
    given: &[T],
    field: &'static str,
    read: impl Fn(&T) -> Result<KnownId, Fault>,
) -> Result<Vec<KnownId>, Fault> {
    if given.len() > MOST {
        return Err(Fault::field(field, "at most 20"));
    }
    given.iter().map(read).collect()
}

fn external_id(given: &ExternalId) -> Result<KnownId, Fault> {
    external("contact.external_ids", &given.system, &given.id)
}

fn values(given: &BTreeMap<String, ContactFieldValue>) -> Result<BTreeMap<String, FieldValue>, Fault> {
    let mut values = BTreeMap::new();
    for (key, given) in given {
        if let Some(value) = value(given)? {
            values.insert(key.clone(), value);
        }
    }
    Ok(values)
}

/// `None` for one that says nothing.
fn value(given: &ContactFieldValue) -> Result<Option<FieldValue>, Fault> {
    Ok(given.value.as_ref().map(|value| match value {
        Value::Text(text) => FieldValue::Text(text.clone()),
        Value::Number(number) => FieldValue::Number(*number),
        Value::Boolean(is_so) => FieldValue::Boolean(*is_so),
        Value::Date(day) => FieldValue::Date(day.clone()),
        Value::Choice(choice) => FieldValue::Choice(choice.clone()),
    }))
}

fn notes(text: &str) -> Result<String, Fault> {
    let is_bad = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    if text.chars().count() > NOTES || text.chars().any(is_bad) {
        return Err(Fault::field(
            "contact.notes",
            "at most 10,000 characters, no control characters",
        ));
    }
    Ok(text.to_owned())
}

fn consents(given: &[Consent]) -> Result<Vec<(String, bool)>, Fault> {
    const FIELD: &str = "contact.consents";
    if given.len() > MOST {
        return Err(Fault::field(FIELD, "at most 20"));
    }
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let fits = |one: &Consent| (1..=PURPOSE).contains(&one.purpose.len()) && one.purpose.bytes().all(is_letter);
    if !given.iter().all(fits) {
        return Err(Fault::field(FIELD, "a purpose has 1–50 letters, digits, - and _"));
    }
    let purposes: BTreeSet<&str> = given.iter().map(|one| &*one.purpose).collect();
    if purposes.len() < given.len() {
        return Err(Fault::field(FIELD, "each purpose once"));
    }
    Ok(given.iter().map(|one| (one.purpose.clone(), one.given)).collect())
}

/// Which contacts are listed; the caller's divisions come later.
pub(super) fn listing(asked: &ListContactsRequest) -> Result<Listing, Fault> {
    let mut known = Vec::new();
    if !asked.email.is_empty() {
        known.push(email("email", &asked.email)?.by);
    }
    if !asked.phone.is_empty() {
        known.push(phone("phone", &asked.phone)?.by);
    }
    if let Some(given) = &asked.external {
        known.push(external("external", &given.system, &given.id)?.by);
    }
    Ok(Listing {
        divisions: Divisions::NONE,
        text: asked.text.clone(),
        known,
        after: decode_token(&asked.page_token)?,
        limit: page_size(asked.page_size)?,
    })
}

/// A custom field.
pub(super) fn definition(given: &ContactField) -> Result<Definition, Fault> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(1..=KEY).contains(&given.key.len()) || !given.key.bytes().all(is_letter) {
        let problem = "1–50 lower-case letters, digits and underscores";
        return Err(Fault::field("contact_field.key", problem));
    }
    let kind = match given.r#type() {
        ContactFieldType::Unspecified => None,
        known => i16::try_from(i32::from(known)).ok().and_then(Kind::of),
    };
    let kind = kind.ok_or_else(|| Fault::field("contact_field.type", "must be one of ContactFieldType"))?;
    Ok(Definition {
        key: given.key.clone(),
        name: name("contact_field.name", &given.name)?,
        kind,
        choices: choices(kind, &given.choices)?,
    })
}

/// What a field of that type offers.
pub(super) fn choices(kind: Kind, given: &[String]) -> Result<Vec<String>, Fault> {
    const FIELD: &str = "contact_field.choices";
    if kind != Kind::Choice {
        return match given.is_empty() {
            true => Ok(Vec::new()),
            false => Err(Fault::field(FIELD, "only for a choice")),
        };
    }
    let each: Vec<String> = given.iter().map(|text| name(FIELD, text)).collect::<Result<_, _>>()?;
    let once: BTreeSet<&String> = each.iter().collect();
    if !(1..=CHOICES).contains(&each.len()) || once.len() < each.len() {
        return Err(Fault::field(FIELD, "1–100, each once"));
    }
    Ok(each)
}

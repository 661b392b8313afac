//! A script as a whole.

use super::{
    json::{Fields, Node, Reader, bad_id, excerpt, line, lines},
    page::page,
};
use crate::{
    document::{ContactFieldType, Document, FORMAT, Page},
    problem::Code,
};
use jsonc_parser::ast::Value as Json;
use onqueue_model::Language;
use std::collections::BTreeMap;

const FIELDS: &[&str] = &[
    "format",
    "name",
    "description",
    "languages",
    "default_language",
    "contact_fields",
    "attributes",
    "pages",
];
const PAGES: usize = 200;
const LANGUAGES: usize = 20;
const CONTACT_FIELDS: usize = 100;
const ATTRIBUTES: usize = 50;

/// All of it; `None` if it is no object, or one of another format.
pub(super) fn document(reader: &mut Reader, json: &Json<'_>) -> Option<Document> {
    let root = Node {
        json,
        pointer: String::new(),
    };
    let fields = reader.map(&root)?;
    format(reader, &fields)?;
    let fields = reader.object(&root, FIELDS)?;
    let languages = languages(reader, &fields);
    let default_language = default_language(reader, &fields, &languages);
    Some(Document {
        format: FORMAT,
        name: reader.need_text(&fields, "name", line(100)),
        description: reader.have_text(&fields, "description", lines(1_000)),
        default_language: default_language?,
        languages,
        contact_fields: contact_fields(reader, &fields),
        attributes: attributes(reader, &fields),
        pages: pages(reader, &fields),
    })
}

/// A document of another version may mean anything: nothing more is said of it.
fn format(reader: &mut Reader, fields: &Fields<'_>) -> Option<()> {
    let node = reader.need(fields, "format")?;
    let is_ours = matches!(node.json, Json::NumberLit(number) if number.value == FORMAT.to_string());
    if !is_ours {
        let message = format!("This is not format {FORMAT}, the only one that can be read.");
        reader.say(Code::FormatUnknown, &node.pointer, message);
    }
    is_ours.then_some(())
}

fn languages(reader: &mut Reader, fields: &Fields<'_>) -> Vec<Language> {
    let Some(node) = reader.need(fields, "languages") else {
        return Vec::new();
    };
    let mut languages = Vec::new();
    for element in reader.list(&node, "languages", LANGUAGES) {
        let Some(language) = reader.language(&element) else {
            continue;
        };
        if languages.contains(&language) {
            reader.say(
                Code::ValueInvalid,
                &element.pointer,
                format!("{language} is here twice."),
            );
        } else {
            languages.push(language);
        }
    }
    if languages.is_empty() && matches!(node.json, Json::Array(list) if list.elements.is_empty()) {
        reader.say(Code::ValueInvalid, &node.pointer, "At least one language is needed.");
    }
    languages
}

/// Any declared one where it cannot be read, so that the rest is judged too; `None` only if none is declared.
fn default_language(reader: &mut Reader, fields: &Fields<'_>, declared: &[Language]) -> Option<Language> {
    let fallback = declared.first().cloned();
    let Some(node) = reader.need(fields, "default_language") else {
        return fallback;
    };
    let Some(language) = reader.language(&node) else {
        return fallback;
    };
    if !declared.is_empty() && !declared.contains(&language) {
        let message = format!("{language} is not one of the declared languages.");
        reader.say(Code::LanguageUndeclared, &node.pointer, message);
    }
    Some(language)
}

fn contact_fields(reader: &mut Reader, fields: &Fields<'_>) -> BTreeMap<String, ContactFieldType> {
    let mut types = BTreeMap::new();
    let Some(node) = fields.have("contact_fields") else {
        return types;
    };
    let Some(declared) = reader.map(&node) else {
        return types;
    };
    let count = declared.all().count();
    if count > CONTACT_FIELDS {
        let finding = super::too_large(
            &node.pointer,
            &format!("There are {count} contact fields"),
            CONTACT_FIELDS,
        );
        reader.findings.push(finding);
    }
    for (key, node) in declared.all().take(CONTACT_FIELDS) {
        if let Some(problem) = bad_id(key) {
            reader.say(Code::IdInvalid, &node.pointer, problem);
        }
        // One whose type is not said is there all the same.
        let kind = contact_field(reader, &node).unwrap_or(ContactFieldType::Text);
        types.insert(key.to_owned(), kind);
    }
    types
}

fn contact_field(reader: &mut Reader, node: &Node<'_>) -> Option<ContactFieldType> {
    let word = reader.string(node, line(100))?;
    let kind = match word.as_str() {
        "text" => ContactFieldType::Text,
        "number" => ContactFieldType::Number,
        "boolean" => ContactFieldType::Boolean,
        "date" => ContactFieldType::Date,
        "choice" => ContactFieldType::Choice,
        _ => {
            let message = "The type of a contact field is text, number, boolean, date or choice.";
            reader.say(Code::ValueInvalid, &node.pointer, message);
            return None;
        }
    };
    Some(kind)
}

fn attributes(reader: &mut Reader, fields: &Fields<'_>) -> Vec<String> {
    let Some(node) = fields.have("attributes") else {
        return Vec::new();
    };
    let mut attributes: Vec<String> = Vec::new();
    for element in reader.list(&node, "attributes", ATTRIBUTES) {
        let Some(name) = reader.string(&element, line(64)) else {
            continue;
        };
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_name = name.chars().all(is_letter) && !name.starts_with(|c: char| c.is_ascii_digit());
        if !is_name {
            let message = format!(
                "“{}” cannot be named in rules: letters, digits and underscores, no digit first.",
                excerpt(&name)
            );
            reader.say(Code::IdInvalid, &element.pointer, message);
        } else if attributes.contains(&name) {
            reader.say(
                Code::IdTwice,
                &element.pointer,
                format!("The attribute “{name}” is here twice."),
            );
        } else {
            attributes.push(name);
        }
    }
    attributes
}

fn pages(reader: &mut Reader, fields: &Fields<'_>) -> Vec<Page> {
    let Some(node) = reader.need(fields, "pages") else {
        return Vec::new();
    };
    let elements = reader.list(&node, "pages", PAGES);
    elements.iter().map(|element| page(reader, element)).collect()
}

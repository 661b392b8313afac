//! Values of JSON as those of a document.

use super::too_large;
use crate::{
    Date,
    document::Text,
    problem::{Code, Finding},
};
use jsonc_parser::ast::{Object, ObjectPropName, Value as Json};
use onqueue_model::Language;
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization as _;

/// Collects what is wrong on the way.
#[derive(Default)]
pub(super) struct Reader {
    pub findings: Vec<Finding>,
}

/// A value and where it is.
#[derive(Clone)]
pub(super) struct Node<'n> {
    pub json: &'n Json<'n>,
    pub pointer: String,
}

/// An object's fields.
pub(super) struct Fields<'n> {
    pub pointer: String,
    values: BTreeMap<&'n str, &'n Json<'n>>,
}

/// How long a text may be, in characters.
#[derive(Clone, Copy)]
pub(super) struct Length {
    pub most: usize,
    pub lines: Lines,
}

/// Whether a text may have several lines.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    One,
    Many,
}

pub(super) const fn line(most: usize) -> Length {
    Length {
        most,
        lines: Lines::One,
    }
}

pub(super) const fn lines(most: usize) -> Length {
    Length {
        most,
        lines: Lines::Many,
    }
}

/// Where a name of an object is.
pub(super) fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn name_of<'n>(name: &'n ObjectPropName<'n>) -> &'n str {
    match name {
        ObjectPropName::String(text) => &text.value,
        ObjectPropName::Word(word) => word.value,
    }
}

fn kind(json: &Json<'_>) -> &'static str {
    match json {
        Json::StringLit(_) => "a text",
        Json::NumberLit(_) => "a number",
        Json::BooleanLit(_) => "true or false",
        Json::Object(_) => "an object",
        Json::Array(_) => "a list",
        Json::NullKeyword(_) => "null",
    }
}

impl<'n> Fields<'n> {
    /// The value of that name, if there is one.
    pub fn have(&self, name: &str) -> Option<Node<'n>> {
        let json = self.values.get(name)?;
        Some(Node {
            json,
            pointer: below(&self.pointer, name),
        })
    }

    /// All of them, in order of their names.
    pub fn all(&self) -> impl Iterator<Item = (&'n str, Node<'n>)> {
        self.values.iter().map(|(name, json)| {
            let pointer = below(&self.pointer, name);
            (*name, Node { json, pointer })
        })
    }
}

impl Reader {
    pub fn say(&mut self, code: Code, pointer: &str, message: impl Into<String>) {
        self.findings.push(Finding::new(code, pointer, message));
    }

    fn wrong<T>(&mut self, node: &Node<'_>, wanted: &str) -> Option<T> {
        let message = format!("This must be {wanted}, and is {}.", kind(node.json));
        self.say(Code::TypeWrong, &node.pointer, message);
        None
    }

    /// The fields of an object that may have these and no others.
    pub fn object<'n>(&mut self, node: &Node<'n>, known: &[&str]) -> Option<Fields<'n>> {
        let fields = self.map(node)?;
        let strange: Vec<_> = fields.all().filter(|(name, _)| !known.contains(name)).collect();
        for (name, node) in strange {
            let message = format!(
                "There is no field “{}” here; there are {}.",
                excerpt(name),
                known.join(", ")
            );
            self.say(Code::FieldUnknown, &node.pointer, message);
        }
        Some(fields)
    }

    /// The fields of an object that may have any.
    pub fn map<'n>(&mut self, node: &Node<'n>) -> Option<Fields<'n>> {
        let Json::Object(object) = node.json else {
            return self.wrong(node, "an object");
        };
        let object: &'n Object<'n> = object;
        let mut values: BTreeMap<&'n str, &'n Json<'n>> = BTreeMap::new();
        for property in &object.properties {
            let name = name_of(&property.name);
            if values.insert(name, &property.value).is_some() {
                let message = format!("“{}” is here twice.", excerpt(name));
                self.say(Code::NameTwice, &below(&node.pointer, name), message);
            }
        }
        Some(Fields {
            pointer: node.pointer.clone(),
            values,
        })
    }

    /// The value of that name, which must be there.
    pub fn need<'n>(&mut self, fields: &Fields<'n>, name: &str) -> Option<Node<'n>> {
        let found = fields.have(name);
        if found.is_none() {
            let message = format!("The field “{name}” is missing.");
            self.say(Code::FieldMissing, &below(&fields.pointer, name), message);
        }
        found
    }

    /// The elements of a list, at most so many.
    pub fn list<'n>(&mut self, node: &Node<'n>, what: &str, most: usize) -> Vec<Node<'n>> {
        let Json::Array(array) = node.json else {
            return self.wrong(node, "a list").unwrap_or_default();
        };
        let count = array.elements.len();
        if count > most {
            let finding = too_large(&node.pointer, &format!("There are {count} {what}"), most);
            self.findings.push(finding);
        }
        let elements = array.elements.iter().take(most).enumerate();
        let element = |(index, json): (usize, &'n Json<'n>)| Node {
            json,
            pointer: format!("{}/{index}", node.pointer),
        };
        elements.map(element).collect()
    }

    /// A text in Unicode's normal form C, without blanks around it, with at least one character.
    pub fn string(&mut self, node: &Node<'_>, length: Length) -> Option<String> {
        let Json::StringLit(text) = node.json else {
            return self.wrong(node, "a text");
        };
        if text.value.len() > length.most.saturating_mul(16) {
            return self.long(node, text.value.chars().count(), length);
        }
        let text: String = text.value.trim().nfc().collect();
        let count = text.chars().count();
        if count > length.most {
            return self.long(node, count, length);
        }
        let is_bad = |c: char| c.is_control() && !(length.lines == Lines::Many && matches!(c, '\n' | '\t'));
        if text.chars().any(is_bad) {
            let wanted = match length.lines {
                Lines::One => "This must be one line without control characters.",
                Lines::Many => "This has control characters other than ends of lines and tabs.",
            };
            self.say(Code::ValueInvalid, &node.pointer, wanted);
            return None;
        }
        if text.is_empty() {
            self.say(Code::ValueInvalid, &node.pointer, "This text is empty.");
            return None;
        }
        Some(text)
    }

    fn long<T>(&mut self, node: &Node<'_>, count: usize, length: Length) -> Option<T> {
        let finding = too_large(&node.pointer, &format!("This text has {count} characters"), length.most);
        self.findings.push(finding);
        None
    }

    /// A text by language.
    pub fn text(&mut self, node: &Node<'_>, length: Length) -> Text {
        let Json::Object(_) = node.json else {
            return self
                .wrong(
                    node,
                    "an object with a text for each language, such as {\"en\": \"Hello\"}",
                )
                .unwrap_or_default();
        };
        let mut texts = BTreeMap::new();
        for (tag, node) in self.map(node).iter().flat_map(Fields::all) {
            let text = self.string(&node, length);
            let Some(language) = self.tag(tag, &node.pointer) else {
                continue;
            };
            if texts.insert(language, text.unwrap_or_default()).is_some() {
                let message = format!("“{}” is here twice.", excerpt(tag));
                self.say(Code::NameTwice, &node.pointer, message);
            }
        }
        Text(texts)
    }

    /// A text by language that must be there.
    pub fn need_text(&mut self, fields: &Fields<'_>, name: &str, length: Length) -> Text {
        let node = self.need(fields, name);
        node.map(|node| self.text(&node, length)).unwrap_or_default()
    }

    /// A text by language that may be there.
    pub fn have_text(&mut self, fields: &Fields<'_>, name: &str, length: Length) -> Option<Text> {
        let node = fields.have(name)?;
        Some(self.text(&node, length))
    }

    fn tag(&mut self, tag: &str, pointer: &str) -> Option<Language> {
        let language = Language::parse(tag);
        if language.is_none() {
            let message = format!("“{}” is no language such as en or de-AT.", excerpt(tag));
            self.say(Code::LanguageInvalid, pointer, message);
        }
        language
    }

    /// A language's tag.
    pub fn language(&mut self, node: &Node<'_>) -> Option<Language> {
        let tag = self.string(node, line(100))?;
        self.tag(&tag, &node.pointer)
    }

    /// True or false; false if it is not there.
    pub fn flag(&mut self, fields: &Fields<'_>, name: &str) -> bool {
        let Some(node) = fields.have(name) else { return false };
        match node.json {
            Json::BooleanLit(value) => value.value,
            _ => self.wrong(&node, "true or false").unwrap_or_default(),
        }
    }

    /// A number from -10¹⁵ to 10¹⁵.
    pub fn number(&mut self, node: &Node<'_>) -> Option<f64> {
        let Json::NumberLit(number) = node.json else {
            return self.wrong(node, "a number");
        };
        let value = number.value.parse::<f64>().ok();
        let value = value.filter(|value| value.abs() <= crate::value::GREATEST);
        if value.is_none() {
            self.say(
                Code::ValueInvalid,
                &node.pointer,
                "Numbers here are between -10¹⁵ and 10¹⁵.",
            );
        }
        value
    }

    /// A whole number from `least` to `most`, if it is there.
    pub fn have_count(&mut self, fields: &Fields<'_>, name: &str, least: usize, most: usize) -> Option<usize> {
        let node = fields.have(name)?;
        let Json::NumberLit(number) = node.json else {
            return self.wrong(&node, "a number");
        };
        let value = number.value.parse::<usize>().ok();
        let value = value.filter(|value| (least..=most).contains(value));
        if value.is_none() {
            let message = format!("This must be a whole number from {least} to {most}.");
            self.say(Code::ValueInvalid, &node.pointer, message);
        }
        value
    }

    /// A day, if it is there.
    pub fn have_date(&mut self, fields: &Fields<'_>, name: &str) -> Option<Date> {
        let node = fields.have(name)?;
        let text = self.string(&node, line(100))?;
        let date = Date::parse(&text);
        if date.is_none() {
            let message = format!("“{}” is no date such as 2026-01-31.", excerpt(&text));
            self.say(Code::ValueInvalid, &node.pointer, message);
        }
        date
    }

    /// An id: 1–50 lower-case letters, digits and underscores, a letter first; empty if it is none.
    pub fn id(&mut self, fields: &Fields<'_>) -> String {
        let Some(node) = self.need(fields, "id") else {
            return String::new();
        };
        let Json::StringLit(text) = node.json else {
            return self.wrong(&node, "a text").unwrap_or_default();
        };
        if let Some(problem) = bad_id(&text.value) {
            self.say(Code::IdInvalid, &node.pointer, problem);
        }
        text.value.to_string()
    }
}

/// The longest id.
const ID: usize = 50;

/// Words that stand for something else in expressions.
const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// What is wrong with an id, if anything.
pub(super) fn bad_id(id: &str) -> Option<String> {
    if RESERVED.contains(&id) {
        return Some(format!("“{id}” means something else in rules; take another id."));
    }
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_good = id.starts_with(|c: char| c.is_ascii_lowercase()) && id.chars().all(is_letter) && id.len() <= ID;
    (!is_good).then(|| {
        format!(
            "“{}” is no id: 1–{ID} lower-case letters, digits and underscores, beginning with a letter.",
            excerpt(id)
        )
    })
}

/// So much of the text that it is recognised.
pub(super) fn excerpt(text: &str) -> String {
    const ENOUGH: usize = 40;
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

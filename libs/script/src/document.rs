//! A script as it is written: pages, what is on them, and where their buttons lead. A document that is read may still be
//! wrong in many ways; [`crate::Script`] is one that is not.

use crate::Date;
use onqueue_model::Language;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the format that this crate reads and writes.
pub const FORMAT: u32 = 1;

/// The most characters of an answer of which nothing is said.
const USUAL_LENGTH: usize = 1_000;

/// A text by language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Text(pub BTreeMap<Language, String>);

impl Text {
    /// In that language; else in a language of the same primary tag; else in `default`; else in any.
    pub fn nearest(&self, language: Option<&Language>, default: &Language) -> &str {
        let texts = &self.0;
        let related = |wanted: &Language| texts.iter().find(|(own, _)| primary(own) == primary(wanted));
        let found = language.and_then(|wanted| texts.get(wanted).or_else(|| Some(related(wanted)?.1)));
        let found = found.or_else(|| texts.get(default)).or_else(|| texts.values().next());
        found.map_or("", String::as_str)
    }
}

/// The language without script, region and the like.
pub(crate) fn primary(language: &Language) -> &str {
    language.as_str().split('-').next().unwrap_or_default()
}

/// A whole script.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    /// Which version of the format it is in: 1.
    pub format: u32,
    /// What agents and administrators call it, 1–100 characters.
    pub name: Text,
    /// What it is for, at most 1,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// The languages that each text is in, 1–20.
    pub languages: Vec<Language>,
    /// The one that is shown to those who speak none of them.
    pub default_language: Language,
    /// The organisation's own contact fields that it reads or writes, by their keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub contact_fields: BTreeMap<String, ContactFieldType>,
    /// The attributes of the conversation that it reads.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
    /// 1–200.
    pub pages: Vec<Page>,
}

impl Document {
    /// The page with that id.
    pub fn page(&self, id: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.id == id)
    }

    /// All fields of all pages.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.pages.iter().flat_map(Page::fields)
    }
}

/// The type of one of the organisation's own contact fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactFieldType {
    /// A line.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
    /// A day.
    Date,
    /// One of a list that the organisation keeps.
    Choice,
}

/// What the agent sees at once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page {
    /// Unique in the script.
    pub id: String,
    /// Whether runs begin here; exactly one page says so.
    #[serde(skip_serializing_if = "is_false")]
    pub start: bool,
    /// 1–200 characters.
    pub title: Text,
    /// From top to bottom, at most 50.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// From left to right, 1–20.
    pub buttons: Vec<Button>,
}

impl Page {
    /// Its fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.items.iter().filter_map(|item| match item {
            Item::Field(field) => Some(field),
            _ => None,
        })
    }

    /// Its fields, with their places among the items.
    pub(crate) fn fields_with_places(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.items.iter().enumerate().filter_map(|(index, item)| match item {
            Item::Field(field) => Some((index, field)),
            _ => None,
        })
    }

    /// The button with that id.
    pub fn button(&self, id: &str) -> Option<&Button> {
        self.buttons.iter().find(|button| button.id == id)
    }
}

/// One thing on a page.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Item {
    /// What the agent reads.
    Paragraph {
        /// 1–4,000 characters, with substitutions.
        text: Text,
    },
    /// A canned response to offer.
    Response {
        /// Its shortcut, 1–20 characters.
        shortcut: String,
        /// What it is called here, at most 200 characters.
        #[serde(skip_serializing_if = "Option::is_none")]
        label: Option<Text>,
    },
    /// What the agent fills in.
    #[serde(untagged)]
    Field(Field),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// Unique in the script: rules and texts know the answer as `answers.<id>`.
    pub id: String,
    /// What is asked, 1–200 characters, with substitutions.
    pub label: Text,
    /// What helps to answer it, at most 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Text>,
    /// Whether the page cannot be left forwards without an answer; of a checkbox, unless it is ticked.
    #[serde(skip_serializing_if = "is_false")]
    pub required: bool,
    /// What of the contact the answer is: `name`, `email`, `phone`, `language`, `notes`, `fields.<key>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// What may be answered.
    #[serde(flatten)]
    pub kind: FieldKind,
}

impl Field {
    /// Whether there is a value once its page was submitted.
    pub fn is_always_answered(&self) -> bool {
        self.required || matches!(self.kind, FieldKind::Checkbox | FieldKind::MultiChoice { .. })
    }

    /// The most characters of a text: what the field says, else 1,000, or fewer where the contact takes no more.
    pub fn most_characters(&self) -> usize {
        let said = match self.kind {
            FieldKind::Text { max_length, .. } => max_length,
            _ => None,
        };
        let taken = self.contact.as_deref().map_or(USUAL_LENGTH, contact_key::longest);
        said.unwrap_or(taken.min(USUAL_LENGTH))
    }
}

/// What may be answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FieldKind {
    /// Text.
    Text {
        /// Characters, 1–10,000; 1,000 if nothing is said.
        #[serde(skip_serializing_if = "Option::is_none")]
        max_length: Option<usize>,
        /// Whether it may have several lines.
        #[serde(skip_serializing_if = "is_false")]
        multiline: bool,
    },
    /// A number, from -10¹⁵ to 10¹⁵.
    Number {
        /// The least.
        #[serde(skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        /// The greatest.
        #[serde(skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
        /// Whether it must be whole.
        #[serde(skip_serializing_if = "is_false")]
        whole: bool,
    },
    /// A day.
    Date {
        /// The first.
        #[serde(skip_serializing_if = "Option::is_none")]
        earliest: Option<Date>,
        /// The last.
        #[serde(skip_serializing_if = "Option::is_none")]
        latest: Option<Date>,
    },
    /// One of some.
    Choice {
        /// 1–100.
        options: Vec<ChoiceOption>,
    },
    /// Any of some.
    MultiChoice {
        /// 1–100.
        options: Vec<ChoiceOption>,
        /// How many at most.
        #[serde(skip_serializing_if = "Option::is_none")]
        at_most: Option<usize>,
    },
    /// Yes or no.
    Checkbox,
}

/// One answer to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChoiceOption {
    /// What is kept: one line, 1–100 characters, unique in its field.
    pub id: String,
    /// What the agent sees, 1–200 characters.
    pub label: Text,
}

/// What the agent presses.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Button {
    /// Unique on its page.
    pub id: String,
    /// 1–200 characters.
    pub label: Text,
    /// Where it leads.
    pub go: Go,
    /// Of a button that goes to the next page: the first that holds says which.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// Of a button that goes to the next page: which, if no rule holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// What is done with it, each kind at most once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ButtonAction>,
}

impl Button {
    /// The pages to which it may lead.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().map(|rule| rule.page.as_str());
        rules.chain(self.otherwise.as_deref()).filter(|_| self.go == Go::Next)
    }
}

/// Where a button leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Go {
    /// Keeps what is on the page and goes on.
    Next,
    /// To the page before; keeps nothing.
    Back,
    /// Keeps what is on the page, and the run is over.
    End,
    /// Nowhere; keeps nothing.
    Stay,
}

/// Which page, if something holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// An expression in CEL that says yes or no, at most 1,000 characters.
    pub when: String,
    /// The page's id.
    pub page: String,
}

/// What is done in the desk when a button is pressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ButtonAction {
    /// A supervisor is asked for.
    Assistance {
        /// What they read, at most 200 characters.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<Text>,
    },
    /// The conversation is handed to a queue.
    Transfer {
        /// The queue's name, 1–100 characters.
        queue: String,
    },
    /// The wrap-up is set.
    WrapUp {
        /// The code's name, 1–100 characters.
        code: String,
    },
}

impl ButtonAction {
    /// What the document calls this kind of action.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Assistance { .. } => "assistance",
            Self::Transfer { .. } => "transfer",
            Self::WrapUp { .. } => "wrap_up",
        }
    }
}

/// What of a contact a field may be bound to besides `fields.<key>`.
pub mod contact_key {
    /// Name.
    pub const NAME: &str = "name";
    /// One of the addresses.
    pub const EMAIL: &str = "email";
    /// One of the numbers.
    pub const PHONE: &str = "phone";
    /// BCP-47 tag.
    pub const LANGUAGE: &str = "language";
    /// Notes.
    pub const NOTES: &str = "notes";
    /// What stands before the key of one of the organisation's own fields.
    pub const FIELDS: &str = "fields.";
    /// The most characters that contacts take.
    pub const fn longest(key: &str) -> usize {
        match key.as_bytes() {
            b"name" => 100,
            b"email" => 254,
            b"phone" => 40,
            b"language" => 35,
            b"notes" => 10_000,
            _ => 1_000,
        }
    }

    /// All but the organisation's own.
    pub const ALL: [&str; 5] = [NAME, EMAIL, PHONE, LANGUAGE, NOTES];
}

fn is_false(value: &bool) -> bool {
    !value
}

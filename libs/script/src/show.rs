//! A page as the agent sees it: in their language, with values in the texts.

use crate::{
    Date, Facts, Go, Run, Script, Value,
    document::{Button, ButtonAction, ChoiceOption, Field, FieldKind, Item, Page, Text},
    run::Answers,
    template::fill,
    variables::TODAY,
};
use onqueue_model::Language;
use serde::Serialize;
use std::borrow::Cow;

/// A page. All texts are plain: nothing in them is markup.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// Its id.
    pub page: String,
    /// What it is called.
    pub title: String,
    /// The language in which it is, one of the script's.
    pub language: Language,
    /// From top to bottom.
    pub items: Vec<ShownItem>,
    /// From left to right.
    pub buttons: Vec<ShownButton>,
    /// The variables for which “…” stands in its texts, for want of a value.
    pub missing: Vec<String>,
}

/// One thing on it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ShownItem {
    /// To be read.
    Paragraph {
        /// May have several lines.
        text: String,
    },
    /// A canned response to offer.
    Response {
        /// Its shortcut.
        shortcut: String,
        /// What it is called here; empty for its own name.
        label: String,
    },
    /// To be filled in.
    #[serde(untagged)]
    Field(ShownField),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownField {
    /// text, number, date, choice, multi_choice or checkbox.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// What is asked.
    pub label: String,
    /// What helps to answer it; may be empty.
    pub hint: String,
    /// Whether it must be answered.
    pub required: bool,
    /// What was answered here before; else what the contact has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// What of the contact it is; empty for nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub contact: String,
    /// Of a text, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// Of a text: whether it may have several lines.
    pub multiline: bool,
    /// Of a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Of a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Of a number: whether it must be whole.
    pub whole: bool,
    /// Of a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest: Option<Date>,
    /// Of a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<Date>,
    /// Of a choice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<ShownOption>,
    /// How many of them at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<usize>,
}

/// One answer to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownOption {
    /// What is sent.
    pub id: String,
    /// What the agent reads.
    pub label: String,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownButton {
    /// Its id.
    pub id: String,
    /// What is on it.
    pub label: String,
    /// Where it leads.
    pub go: Go,
    /// Whether it can be pressed: not the way back on the first page.
    pub available: bool,
    /// What the desk is to do when it was pressed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
}

/// What the desk is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Action {
    /// Ask for a supervisor.
    Assistance {
        /// What they read.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Hand the conversation to a queue.
    Transfer {
        /// The queue's name.
        queue: String,
    },
    /// Set the wrap-up.
    WrapUp {
        /// The code's name.
        code: String,
    },
}

impl Action {
    pub(crate) fn of(action: &ButtonAction, language: Option<&Language>, default: &Language) -> Self {
        match action {
            ButtonAction::Assistance { note } => Self::Assistance {
                note: note.as_ref().map(|note| note.nearest(language, default).to_owned()),
            },
            ButtonAction::Transfer { queue } => Self::Transfer { queue: queue.clone() },
            ButtonAction::WrapUp { code } => Self::WrapUp { code: code.clone() },
        }
    }
}

impl Script {
    /// The page on which the run stands, in that language as far as the script has it; `None` when the run is over.
    pub fn show(&self, run: &Run, facts: &Facts, language: Option<&Language>) -> Option<Shown> {
        let page = self.document.page(run.page()?)?;
        let mut painter = Painter {
            script: self,
            run,
            facts,
            language: self.spoken(language),
            missing: Vec::new(),
        };
        Some(Shown {
            page: page.id.clone(),
            title: painter.filled(&page.title),
            items: page.items.iter().map(|item| painter.item(page, item)).collect(),
            buttons: page.buttons.iter().map(|button| painter.button(button)).collect(),
            language: painter.language,
            missing: painter.missing,
        })
    }

    /// The script's language that fits best.
    fn spoken(&self, wanted: Option<&Language>) -> Language {
        let document = &self.document;
        let primary = crate::document::primary;
        let exact = document.languages.iter().find(|own| Some(*own) == wanted);
        let related = || {
            document
                .languages
                .iter()
                .find(|own| wanted.is_some_and(|it| primary(own) == primary(it)))
        };
        exact.or_else(related).unwrap_or(&document.default_language).clone()
    }
}

struct Painter<'r> {
    script: &'r Script,
    run: &'r Run,
    facts: &'r Facts,
    language: Language,
    missing: Vec<String>,
}

impl Painter<'_> {
    fn plain(&self, text: &Text) -> String {
        let default = &self.script.document.default_language;
        text.nearest(Some(&self.language), default).to_owned()
    }

    fn filled(&mut self, text: &Text) -> String {
        let template = self.plain(text);
        let mut missing = std::mem::take(&mut self.missing);
        let filled = fill(&template, |name| self.value(name), &mut missing);
        self.missing = missing;
        filled
    }

    /// What stands in a text for that name.
    fn value(&self, name: &str) -> Option<Cow<'static, str>> {
        if name == TODAY {
            return Some(self.facts.today.to_string().into());
        }
        if let Some(id) = name.strip_prefix("answers.") {
            let field = self.script.document.fields().find(|field| field.id == id)?;
            return Some(self.told(self.run.answers().get(id)?, options(field)).into());
        }
        let value = self.facts.values.get(name)?;
        let is_fitting = self.script.variables.kind(name).is_none_or(|kind| kind.has(value));
        is_fitting.then(|| self.told(value, &[]).into())
    }

    fn told(&self, value: &Value, options: &[ChoiceOption]) -> String {
        let label = |id: &String| {
            let option = options.iter().find(|option| option.id == *id);
            option.map_or_else(|| id.clone(), |option| self.plain(&option.label))
        };
        match value {
            Value::Boolean(is_so) => if *is_so { "✓" } else { "✗" }.to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => label(text),
            Value::Many(texts) => texts.iter().map(label).collect::<Vec<_>>().join(", "),
        }
    }

    fn item(&mut self, page: &Page, item: &Item) -> ShownItem {
        match item {
            Item::Paragraph { text } => ShownItem::Paragraph {
                text: self.filled(text),
            },
            Item::Response { shortcut, label } => ShownItem::Response {
                shortcut: shortcut.clone(),
                label: label.as_ref().map(|label| self.filled(label)).unwrap_or_default(),
            },
            Item::Field(field) => ShownItem::Field(self.field(page, field)),
        }
    }

    fn field(&mut self, page: &Page, field: &Field) -> ShownField {
        let mut shown = ShownField {
            kind: kind(&field.kind),
            id: field.id.clone(),
            label: self.filled(&field.label),
            hint: field.hint.as_ref().map(|hint| self.filled(hint)).unwrap_or_default(),
            required: field.required,
            value: self.before(page, field),
            contact: field.contact.clone().unwrap_or_default(),
            max_length: None,
            multiline: false,
            min: None,
            max: None,
            whole: false,
            earliest: None,
            latest: None,
            options: options(field).iter().map(|option| self.option(option)).collect(),
            at_most: None,
        };
        match &field.kind {
            FieldKind::Text { multiline, .. } => {
                (shown.max_length, shown.multiline) = (Some(field.most_characters()), *multiline);
            }
            FieldKind::Number { min, max, whole } => (shown.min, shown.max, shown.whole) = (*min, *max, *whole),
            FieldKind::Date { earliest, latest } => (shown.earliest, shown.latest) = (*earliest, *latest),
            FieldKind::MultiChoice { at_most, .. } => shown.at_most = *at_most,
            FieldKind::Choice { .. } | FieldKind::Checkbox => {}
        }
        shown
    }

    /// What was answered when the page was submitted last; what the contact has where it was not.
    fn before(&self, page: &Page, field: &Field) -> Option<Value> {
        if let Some(answers) = self.run.remembered(&page.id) {
            let answers: &Answers = answers;
            return answers.get(&field.id).cloned();
        }
        let known = self.facts.values.get(&format!("contact.{}", field.contact.as_ref()?))?;
        let kind = self.script.variables.kind(&format!("answers.{}", field.id))?;
        kind.has(known).then(|| known.clone())
    }

    fn option(&self, option: &ChoiceOption) -> ShownOption {
        ShownOption {
            id: option.id.clone(),
            label: self.plain(&option.label),
        }
    }

    fn button(&self, button: &Button) -> ShownButton {
        let default = &self.script.document.default_language;
        let actions = button.actions.iter();
        ShownButton {
            id: button.id.clone(),
            label: self.plain(&button.label),
            go: button.go,
            available: button.go != Go::Back || self.run.can_go_back(),
            actions: actions
                .map(|action| Action::of(action, Some(&self.language), default))
                .collect(),
        }
    }
}

fn options(field: &Field) -> &[ChoiceOption] {
    match &field.kind {
        FieldKind::Choice { options } | FieldKind::MultiChoice { options, .. } => options,
        _ => &[],
    }
}

const fn kind(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text { .. } => "text",
        FieldKind::Number { .. } => "number",
        FieldKind::Date { .. } => "date",
        FieldKind::Choice { .. } => "choice",
        FieldKind::MultiChoice { .. } => "multi_choice",
        FieldKind::Checkbox => "checkbox",
    }
}

//! Answers: what a field takes, and in which form it is kept.

use crate::{
    Date,
    document::{ChoiceOption, Field, FieldKind, contact_key},
};
use onqueue_model::Language;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// The greatest number, whatever its sign: up to it whole numbers are exact.
pub(crate) const GREATEST: f64 = 1e15;

/// An answer, or what is known of a contact or conversation. Dates (YYYY-MM-DD) and choices are texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A text, day or choice.
    Text(String),
    /// Choices.
    Many(Vec<String>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(is_so: bool) -> Self {
        Self::Boolean(is_so)
    }
}

/// Why an answer is not taken, in words that programs rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ValueCode {
    /// It must be answered.
    Required,
    /// The page has no such field.
    FieldUnknown,
    /// It is of another type.
    TypeWrong,
    /// It has more characters than the limit.
    TooLong,
    /// It is less than the limit.
    TooSmall,
    /// It is more than the limit.
    TooGreat,
    /// It is not whole.
    NotWhole,
    /// There is no such day.
    NoDate,
    /// It is before the limit.
    TooEarly,
    /// It is after the limit.
    TooLate,
    /// It is not one of the options.
    NotAnOption,
    /// One option is there twice.
    ChosenTwice,
    /// There are more than the limit.
    TooMany,
    /// Contacts do not take it as an address.
    NoEmail,
    /// Contacts do not take it as a number.
    NoPhone,
    /// It is no language's tag.
    NoLanguage,
}

impl ValueCode {
    /// Its stable name, such as TOO_LONG.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "REQUIRED",
            Self::FieldUnknown => "FIELD_UNKNOWN",
            Self::TypeWrong => "TYPE_WRONG",
            Self::TooLong => "TOO_LONG",
            Self::TooSmall => "TOO_SMALL",
            Self::TooGreat => "TOO_GREAT",
            Self::NotWhole => "NOT_WHOLE",
            Self::NoDate => "NO_DATE",
            Self::TooEarly => "TOO_EARLY",
            Self::TooLate => "TOO_LATE",
            Self::NotAnOption => "NOT_AN_OPTION",
            Self::ChosenTwice => "CHOSEN_TWICE",
            Self::TooMany => "TOO_MANY",
            Self::NoEmail => "NO_EMAIL",
            Self::NoPhone => "NO_PHONE",
            Self::NoLanguage => "NO_LANGUAGE",
        }
    }
}

/// Why one answer is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueProblem {
    /// The field's id.
    pub field: String,
    /// Why.
    pub code: ValueCode,
    /// The limit that it breaks; empty if it is none.
    pub limit: String,
    /// A sentence for people.
    pub message: String,
}

impl ValueProblem {
    pub(crate) fn new(field: &str, code: ValueCode, limit: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            code,
            limit: limit.into(),
            message: message.into(),
        }
    }
}

/// What is kept of what was given for a field; `None` if it is not answered.
pub(crate) fn answer(field: &Field, given: Option<&Value>) -> Result<Option<Value>, ValueProblem> {
    let say = |code, limit: String, message: String| ValueProblem::new(&field.id, code, limit, message);
    let kept = match (&field.kind, given) {
        (FieldKind::Checkbox, None) => Some(Value::Boolean(false)),
        (FieldKind::MultiChoice { .. }, None) => Some(Value::Many(Vec::new())),
        (_, None) => None,
        (FieldKind::Checkbox, Some(Value::Boolean(is_ticked))) => Some(Value::Boolean(*is_ticked)),
        (FieldKind::Number { min, max, whole }, Some(Value::Number(number))) => {
            Some(number_of(*number, (*min, *max), *whole, say)?)
        }
        (FieldKind::Text { multiline, .. }, Some(Value::Text(text))) => {
            text_of(field, text, field.most_characters(), *multiline)?
        }
        (FieldKind::Date { earliest, latest }, Some(Value::Text(text))) => date_of(text, (*earliest, *latest), say)?,
        (FieldKind::Choice { options }, Some(Value::Text(text))) => choice_of(text, options, say)?,
        (FieldKind::MultiChoice { options, at_most }, Some(Value::Many(texts))) => {
            Some(choices_of(texts, options, at_most.unwrap_or(options.len()), say)?)
        }
        _ => {
            let message = format!("This must be {}.", wanted(&field.kind));
            return Err(say(ValueCode::TypeWrong, String::new(), message));
        }
    };
    let is_nothing = match &kept {
        None | Some(Value::Boolean(false)) => true,
        Some(Value::Many(chosen)) => chosen.is_empty(),
        Some(_) => false,
    };
    if field.required && is_nothing {
        let message = "This must be answered.".to_owned();
        return Err(say(ValueCode::Required, String::new(), message));
    }
    Ok(kept)
}

const fn wanted(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text { .. } => "a text",
        FieldKind::Number { .. } => "a number",
        FieldKind::Date { .. } => "a date such as 2026-01-31",
        FieldKind::Choice { .. } => "one of the options",
        FieldKind::MultiChoice { .. } => "a list of options",
        FieldKind::Checkbox => "true or false",
    }
}

type Kept = Result<Option<Value>, ValueProblem>;

fn number_of(
    number: f64,
    (min, max): (Option<f64>, Option<f64>),
    whole: bool,
    say: impl Fn(ValueCode, String, String) -> ValueProblem,
) -> Result<Value, ValueProblem> {
    let (min, max) = (min.unwrap_or(-GREATEST), max.unwrap_or(GREATEST));
    if number.is_nan() {
        return Err(say(
            ValueCode::TypeWrong,
            String::new(),
            "This must be a number.".to_owned(),
        ));
    }
    if number < min {
        let message = format!("This must be at least {min}.");
        return Err(say(ValueCode::TooSmall, min.to_string(), message));
    }
    if number > max {
        let message = format!("This must be at most {max}.");
        return Err(say(ValueCode::TooGreat, max.to_string(), message));
    }
    if whole && number.fract() != 0.0 {
        let message = "This must be a whole number.".to_owned();
        return Err(say(ValueCode::NotWhole, String::new(), message));
    }
    // Zero has no sign for people.
    Ok(Value::Number(number + 0.0))
}

fn text_of(field: &Field, text: &str, most: usize, multiline: bool) -> Kept {
    let text = clean(text, multiline);
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().count() > most {
        let message = format!("This must have at most {most} characters.");
        return Err(ValueProblem::new(
            &field.id,
            ValueCode::TooLong,
            most.to_string(),
            message,
        ));
    }
    if let Some((code, message)) = field.contact.as_deref().and_then(|key| unfit(key, &text)) {
        return Err(ValueProblem::new(&field.id, code, "", message));
    }
    Ok(Some(Value::Text(text)))
}

/// In Unicode's normal form C, without blanks around it and without control characters.
fn clean(text: &str, multiline: bool) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let letter = |c: char| if !multiline && c.is_whitespace() { ' ' } else { c };
    let is_good = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    let text: String = text.chars().map(letter).filter(is_good).nfc().collect();
    text.trim().to_owned()
}

/// Why session would not take it for that part of a contact.
fn unfit(key: &str, text: &str) -> Option<(ValueCode, &'static str)> {
    match key {
        contact_key::EMAIL if !is_email(text) => {
            Some((ValueCode::NoEmail, "This must be an address such as ann@example.com."))
        }
        contact_key::PHONE if !is_phone(text) => {
            Some((ValueCode::NoPhone, "This must be a number such as +49 30 1234567."))
        }
        contact_key::LANGUAGE if Language::parse(text).is_none() => {
            Some((ValueCode::NoLanguage, "This must be a language such as de or en-GB."))
        }
        _ => None,
    }
}

fn is_email(text: &str) -> bool {
    let is_one = text
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    is_one && !text.chars().any(char::is_whitespace)
}

fn is_phone(text: &str) -> bool {
    let is_good = |(at, letter): (usize, char)| {
        letter.is_ascii_digit() || matches!(letter, ' ' | '-' | '/' | '.' | '(' | ')') || (letter == '+' && at == 0)
    };
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.char_indices().all(is_good) && (3..=20).contains(&digits)
}

fn date_of(
    text: &str,
    (earliest, latest): (Option<Date>, Option<Date>),
    say: impl Fn(ValueCode, String, String) -> ValueProblem,
) -> Kept {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let Some(date) = Date::parse(text) else {
        let message = "This must be a date such as 2026-01-31.".to_owned();
        return Err(say(ValueCode::NoDate, String::new(), message));
    };
    if let Some(earliest) = earliest.filter(|earliest| date < *earliest) {
        let message = format!("This must be {earliest} or later.");
        return Err(say(ValueCode::TooEarly, earliest.to_string(), message));
    }
    if let Some(latest) = latest.filter(|latest| date > *latest) {
        let message = format!("This must be {latest} or earlier.");
        return Err(say(ValueCode::TooLate, latest.to_string(), message));
    }
    Ok(Some(Value::Text(date.to_string())))
}

fn option_of(text: &str, options: &[ChoiceOption]) -> Option<String> {
    let text: String = text.trim().nfc().collect();
    options.iter().any(|option| option.id == text).then_some(text)
}

fn choice_of(text: &str, options: &[ChoiceOption], say: impl Fn(ValueCode, String, String) -> ValueProblem) -> Kept {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let not_one = || {
        let message = "This is not one of the options.".to_owned();
        say(ValueCode::NotAnOption, String::new(), message)
    };
    let option = option_of(text, options).ok_or_else(not_one)?;
    Ok(Some(Value::Text(option)))
}

/// In the order of the options.
fn choices_of(
    texts: &[String],
    options: &[ChoiceOption],
    most: usize,
    say: impl Fn(ValueCode, String, String) -> ValueProblem,
) -> Result<Value, ValueProblem> {
    let mut chosen = Vec::new();
    for text in texts.iter().take(options.len() + 1) {
        let Some(option) = option_of(text, options) else {
            let message = "Something here is not one of the options.".to_owned();
            return Err(say(ValueCode::NotAnOption, String::new(), message));
        };
        if chosen.contains(&option) {
            let message = "One option is here twice.".to_owned();
            return Err(say(ValueCode::ChosenTwice, String::new(), message));
        }
        chosen.push(option);
    }
    if chosen.len() > most {
        let message = format!("At most {most} may be chosen.");
        return Err(say(ValueCode::TooMany, most.to_string(), message));
    }
    let ordered = options.iter().map(|option| &option.id).filter(|id| chosen.contains(id));
    Ok(Value::Many(ordered.cloned().collect()))
}

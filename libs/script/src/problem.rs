//! What can be wrong with a document, and where.

use serde::Serialize;
use std::fmt;

/// What kind of thing is wrong, in words that programs rely on. docs/guides/scripts.md lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The text is no JSON.
    JsonInvalid,
    /// An object has a name twice.
    NameTwice,
    /// An object has a field that nobody knows.
    FieldUnknown,
    /// An object lacks a field.
    FieldMissing,
    /// A value is of another type than it must be.
    TypeWrong,
    /// A value is of the right type, but not one that may be here.
    ValueInvalid,
    /// Its format is of another version.
    FormatUnknown,
    /// Something is longer, more, or deeper than it may be.
    TooLarge,
    /// An id is not made of what ids are made of.
    IdInvalid,
    /// Two things have one id.
    IdTwice,
    /// Not a language's tag.
    LanguageInvalid,
    /// A text in a language that is not declared.
    LanguageUndeclared,
    /// A text lacks a declared language.
    TranslationMissing,
    /// No page says that it is the start.
    StartMissing,
    /// Several pages say so.
    StartTwice,
    /// A button leads to a page that is not there.
    PageUnknown,
    /// Nothing leads to the page.
    PageUnreachable,
    /// From the page no way leads to an end.
    DeadEnd,
    /// A button has no page for when no rule holds.
    OtherwiseMissing,
    /// A choice has no options, the same one twice, more than there are; or a rule compares with one that is none.
    ChoiceInvalid,
    /// A field is bound to what contacts do not have, or have as another type.
    ContactInvalid,
    /// `{{` that begins no substitution.
    SubstitutionInvalid,
    /// A rule or a text names a variable that nothing declares.
    VariableUnknown,
    /// A rule or a text uses an answer that may not be there, without asking for it.
    ValueMayBeMissing,
    /// A rule is no expression.
    ExpressionInvalid,
    /// A rule does with values what cannot be done with their types.
    ExpressionType,
    /// A rule says something other than yes or no.
    ExpressionNotBoolean,
    /// A rule fails with values that it may meet.
    ExpressionFails,
}

impl Code {
    /// Every code.
    pub const ALL: &'static [Self] = &[
        Self::JsonInvalid,
        Self::NameTwice,
        Self::FieldUnknown,
        Self::FieldMissing,
        Self::TypeWrong,
        Self::ValueInvalid,
        Self::FormatUnknown,
        Self::TooLarge,
        Self::IdInvalid,
        Self::IdTwice,
        Self::LanguageInvalid,
        Self::LanguageUndeclared,
        Self::TranslationMissing,
        Self::StartMissing,
        Self::StartTwice,
        Self::PageUnknown,
        Self::PageUnreachable,
        Self::DeadEnd,
        Self::OtherwiseMissing,
        Self::ChoiceInvalid,
        Self::ContactInvalid,
        Self::SubstitutionInvalid,
        Self::VariableUnknown,
        Self::ValueMayBeMissing,
        Self::ExpressionInvalid,
        Self::ExpressionType,
        Self::ExpressionNotBoolean,
        Self::ExpressionFails,
    ];

    /// Its stable name, such as PAGE_UNREACHABLE.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JsonInvalid => "JSON_INVALID",
            Self::NameTwice => "NAME_TWICE",
            Self::FieldUnknown => "FIELD_UNKNOWN",
            Self::FieldMissing => "FIELD_MISSING",
            Self::TypeWrong => "TYPE_WRONG",
            Self::ValueInvalid => "VALUE_INVALID",
            Self::FormatUnknown => "FORMAT_UNKNOWN",
            Self::TooLarge => "TOO_LARGE",
            Self::IdInvalid => "ID_INVALID",
            Self::IdTwice => "ID_TWICE",
            Self::LanguageInvalid => "LANGUAGE_INVALID",
            Self::LanguageUndeclared => "LANGUAGE_UNDECLARED",
            Self::TranslationMissing => "TRANSLATION_MISSING",
            Self::StartMissing => "START_MISSING",
            Self::StartTwice => "START_TWICE",
            Self::PageUnknown => "PAGE_UNKNOWN",
            Self::PageUnreachable => "PAGE_UNREACHABLE",
            Self::DeadEnd => "DEAD_END",
            Self::OtherwiseMissing => "OTHERWISE_MISSING",
            Self::ChoiceInvalid => "CHOICE_INVALID",
            Self::ContactInvalid => "CONTACT_INVALID",
            Self::SubstitutionInvalid => "SUBSTITUTION_INVALID",
            Self::VariableUnknown => "VARIABLE_UNKNOWN",
            Self::ValueMayBeMissing => "VALUE_MAY_BE_MISSING",
            Self::ExpressionInvalid => "EXPRESSION_INVALID",
            Self::ExpressionType => "EXPRESSION_TYPE",
            Self::ExpressionNotBoolean => "EXPRESSION_NOT_BOOLEAN",
            Self::ExpressionFails => "EXPRESSION_FAILS",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// In the document, as RFC 6901 writes it: `/pages/2/buttons/0/rules/1/when`; empty for the whole.
    pub pointer: String,
    /// The page's id; empty outside pages.
    pub page: String,
    /// The id of the field or button; empty outside them.
    pub item: String,
    /// In the text, from 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind of thing.
    pub code: Code,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// A sentence for people, which says what to do where that is not plain.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A problem of which only the pointer is known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub code: Code,
    pub pointer: String,
    pub message: String,
}

impl Finding {
    pub fn new(code: Code, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            pointer: pointer.into(),
            message: message.into(),
        }
    }
}

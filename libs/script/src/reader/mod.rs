//! From text to a document: every value that is not what it must be is named, and reading goes on with the next. What is
//! left out for it is empty, so that each page, item, button and rule keeps its place in the document.

mod document;
mod field;
mod json;
mod locate;
mod page;

pub(crate) use locate::{line_and_column, locate, locate_mentions};

use crate::{
    document::Document,
    problem::{Code, Finding},
};
use json::Reader;
use jsonc_parser::{CollectOptions, ParseOptions, ast::Value as Json, parse_to_ast};
use serde::de::IgnoredAny;

/// What was read of a text that is JSON.
pub(crate) struct Read {
    /// As far as it could be read; `None` if it is no document of this format at all.
    pub document: Option<Document>,
    pub findings: Vec<Finding>,
}

/// Why a text is no JSON, and where: byte from the start.
pub(crate) struct NoJson {
    pub at: usize,
    pub message: String,
}

/// JSON as RFC 8259 has it, with the place of each value. serde_json looks as well: the other takes ends of lines within texts,
/// numbers such as 01, and the like.
pub(crate) fn parse(source: &str) -> Result<Json<'_>, NoJson> {
    let parsed = parse_to_ast(source, &CollectOptions::default(), &strict()).map_err(|error| NoJson {
        at: error.range().start,
        message: format!("This is no JSON: {}.", lower(&error.kind().to_string())),
    })?;
    serde_json::from_str::<IgnoredAny>(source).map_err(|error| NoJson {
        at: offset(source, error.line(), error.column()),
        message: format!("This is no JSON: {}.", without_place(&error.to_string())),
    })?;
    parsed.value.ok_or_else(|| NoJson {
        at: 0,
        message: "This is no JSON: there is nothing in it.".to_owned(),
    })
}

/// Of a line from 1 and a byte in it from 1; serde_json's column is that of the last byte that it read.
fn offset(source: &str, line: usize, column: usize) -> usize {
    let before: usize = source
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let at = before + column.saturating_sub(1);
    (0..=at.min(source.len()))
        .rev()
        .find(|at| source.is_char_boundary(*at))
        .unwrap_or_default()
}

/// What serde_json says, without where it says it is.
fn without_place(message: &str) -> &str {
    message.split(" at line ").next().unwrap_or_default()
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// The document in it, and what hinders.
pub(crate) fn read(json: &Json<'_>) -> Read {
    let mut reader = Reader::default();
    let document = document::document(&mut reader, json);
    Read {
        document,
        findings: reader.findings,
    }
}

/// A sentence about a thing that is too large.
fn too_large(pointer: &str, what: &str, most: usize) -> Finding {
    Finding::new(Code::TooLarge, pointer, format!("{what}; at most {most} are allowed."))
}

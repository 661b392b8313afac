//! Responses as files: reading them, naming everything that is wrong with them by line and column, and writing them so that
//! the same responses are the same bytes.

mod cell;
mod csv;
mod json;
mod order;

use crate::content::{Response, ResponseContent, Substitution, Variant};
use crate::fields;
use crate::mistake::{self, About as _, Mistake};
use onqueue_model::{Fault, Reason};
use onqueue_store::query::fold;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The most responses in a file.
const ROWS: usize = 20_000;

/// How many problems are told.
const TOLD: usize = 200;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    Json,
}

impl Format {
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }

    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// A response in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it begins, from 1.
    pub line: u64,
    pub key: Key,
    /// Whether a row above has its shortcut, which is noted then.
    pub repeats: bool,
    /// In no library yet; `None` if it cannot be, and what is wrong with it is noted.
    pub content: Option<ResponseContent>,
}

/// By what a row tells which response it is about, as it may be in a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Shortcut(String),
    /// It has no shortcut.
    Name(String),
    /// What it has cannot be.
    Unreadable,
}

/// What part of a response something is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    All,
    Name,
    Shortcut,
    Tags,
    Substitutions,
    /// In that language, as it was written.
    Text(String),
}

/// What a file calls the parts of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Headings {
    /// In this order.
    Csv(Vec<String>),
    Json,
}

impl Headings {
    /// What the column is called and which one it is; 0 where that does not count.
    fn place(&self, column: &Column) -> (String, u32) {
        let called = match (column, self) {
            // A table may have columns without a heading; the row is none of them.
            (Column::All, _) => return (String::new(), 0),
            (Column::Name, _) => "name".to_owned(),
            (Column::Shortcut, _) => "shortcut".to_owned(),
            (Column::Tags, _) => "tags".to_owned(),
            (Column::Substitutions, _) => "substitutions".to_owned(),
            (Column::Text(language), Self::Csv(_)) => format!("text:{language}"),
            (Column::Text(language), Self::Json) => format!("texts.{language}"),
        };
        let Self::Csv(order) = self else { return (called, 0) };
        let number = order.iter().position(|heading| *heading == called);
        (called, number.map_or(0, number_of))
    }
}

/// Of a column, from 1.
fn number_of(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

/// Something that is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub line: u64,
    pub column: String,
    /// From 1; 0 where it does not count.
    pub number: u32,
    pub reason: String,
    pub message: String,
    /// Which mistake it is, in a word; empty where the reason says enough.
    #[serde(default)]
    pub mistake: String,
    /// What belongs to it.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// Everything that is wrong in a file, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problems {
    /// The first of them, by line and column.
    pub told: Vec<Problem>,
    /// How many there are.
    pub count: u64,
}

impl Problems {
    pub const fn is_none(&self) -> bool {
        self.count == 0
    }

    /// Notes one, in whatever order they are found.
    fn add(&mut self, line: u64, (column, number): (String, u32), fault: Fault) {
        self.count += 1;
        let is_before = |told: &Problem| (told.line, told.number) <= (line, number);
        let at = self.told.partition_point(is_before);
        if at == TOLD {
            return;
        }
        self.told.truncate(TOLD - 1);
        let mut parameters: BTreeMap<_, _> = owned(fault.metadata).collect();
        // The column says more.
        parameters.remove("field");
        let problem = Problem {
            line,
            column,
            number,
            reason: fault.reason.as_str().to_owned(),
            message: fault.message,
            mistake: parameters.remove(mistake::KEY).unwrap_or_default(),
            parameters,
        };
        self.told.insert(at, problem);
    }

    /// Of a file that cannot be read from there on.
    fn one(line: u64, fault: Fault) -> Self {
        let mut problems = Self::default();
        problems.add(line, (String::new(), 0), fault);
        problems
    }

    /// Of a file that is too long.
    pub fn too_long() -> Self {
        let fault = wrong(Mistake::FileTooLong, "a file has at most 16 MiB");
        Self::one(1, fault.with("maximum", 16))
    }

    /// Notes what is wrong with a row beside what else there is.
    pub fn refuse(&mut self, headings: &Headings, row: &Row, (column, fault): (Column, Fault)) {
        self.add(row.line, headings.place(&column), fault);
    }
}

/// What became of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub added: i64,
    pub changed: i64,
    pub unchanged: i64,
    /// If there are any, nothing was done.
    pub problems: Problems,
}

impl Outcome {
    pub fn refused(problems: Problems) -> Self {
        Self {
            problems,
            ..Self::default()
        }
    }
}

fn owned(metadata: Vec<(&'static str, String)>) -> impl Iterator<Item = (String, String)> {
    metadata.into_iter().map(|(key, value)| (key.to_owned(), value))
}

fn wrong(mistake: Mistake, message: impl Into<String>) -> Fault {
    Fault::new(Reason::FieldInvalid, message).mistake(mistake)
}

/// What a file says of a response, as it says it.
#[derive(Clone, Debug, Default)]
struct Draft {
    line: u64,
    name: String,
    shortcut: String,
    tags: Vec<String>,
    /// Name, description, default value.
    substitutions: Vec<[String; 3]>,
    /// Languages and texts.
    texts: Vec<(String, String)>,
    /// Whether there is more that cannot be read, which is noted.
    is_partial: bool,
}

impl Draft {
    fn shortcut(&self) -> &str {
        self.shortcut.trim()
    }

    fn key(&self) -> Key {
        match self.shortcut() {
            "" => fields::name(&self.name).map_or(Key::Unreadable, Key::Name),
            shortcut => fields::shortcut(shortcut).map_or(Key::Unreadable, Key::Shortcut),
        }
    }
}

/// What was read of a file.
#[derive(Clone, Debug)]
pub struct Read {
    pub rows: Vec<Row>,
    pub headings: Headings,
    /// What is wrong with rows, each by itself and among each other.
    pub problems: Problems,
}

/// The rows of a file, the wrong ones too; or what makes it no file of responses.
pub fn read(format: Format, file: &[u8]) -> Result<Read, Problems> {
    let text = utf8(file)?;
    let mut problems = Problems::default();
    let (headings, drafts) = match format {
        Format::Csv => csv::read(text, &mut problems)?,
        Format::Json => json::read(text, &mut problems)?,
    };
    if drafts.is_empty() && problems.is_none() {
        let fault = wrong(Mistake::NoResponse, "there is no response in the file");
        return Err(Problems::one(1, fault));
    }
    let rows = check(&headings, drafts, &mut problems);
    Ok(Read {
        rows,
        headings,
        problems,
    })
}

/// The responses as a file, all of it.
pub fn write(format: Format, responses: &[Response]) -> Result<Vec<u8>, Fault> {
    match format {
        Format::Csv => csv::write(responses),
        Format::Json => json::write(responses),
    }
}

/// The text without the mark that spreadsheets put in front of it.
fn utf8(file: &[u8]) -> Result<&str, Problems> {
    match std::str::from_utf8(file) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let line = Lines::of(file).at(error.valid_up_to());
            let message = "this is not UTF-8: save the file as “CSV UTF-8”, or in the encoding UTF-8";
            Err(Problems::one(line, wrong(Mistake::Encoding, message)))
        }
    }
}

/// Where the lines of a file begin.
struct Lines(Vec<usize>);

impl Lines {
    /// A line ends with a line feed, with a carriage return, or with both.
    fn of(file: &[u8]) -> Self {
        let ends = |(at, byte): (usize, &u8)| match byte {
            b'\n' => Some(at + 1),
            b'\r' if file.get(at + 1) != Some(&b'\n') => Some(at + 1),
            _ => None,
        };
        Self(file.iter().enumerate().filter_map(ends).collect())
    }

    /// In which line that byte is, from 1.
    fn at(&self, byte: usize) -> u64 {
        self.0.partition_point(|start| *start <= byte) as u64 + 1
    }
}

/// The rows; notes what is wrong with them.
fn check(headings: &Headings, drafts: Vec<Draft>, problems: &mut Problems) -> Vec<Row> {
    if let Some(draft) = drafts.get(ROWS) {
        let fault = wrong(Mistake::TooManyResponses, "a file has at most 20,000 responses");
        problems.add(draft.line, (String::new(), 0), fault.with("maximum", ROWS));
        return Vec::new();
    }
    let (mut rows, mut shortcuts) = (Vec::with_capacity(drafts.len()), HashMap::new());
    for draft in drafts {
        let (line, key) = (draft.line, draft.key());
        let folded = Some(fold(draft.shortcut())).filter(|shortcut| !shortcut.is_empty());
        let above = folded.and_then(|shortcut| shortcuts.insert(shortcut, line));
        let mut note = |(column, fault)| problems.add(line, headings.place(&column), fault);
        if let Some(above) = above {
            note((Column::Shortcut, repeated(draft.shortcut(), above)));
        }
        let content = match draft.is_partial {
            true => None,
            false => content(draft).map_err(|faults| faults.into_iter().for_each(note)).ok(),
        };
        rows.push(Row {
            line,
            key,
            repeats: above.is_some(),
            content,
        });
    }
    rows
}

fn repeated(shortcut: &str, line: u64) -> Fault {
    let message = format!("“{shortcut}” is the shortcut of line {line} too");
    let fault = Fault::new(Reason::NameTaken, message).mistake(Mistake::ShortcutTwice);
    fault.with("shortcut", shortcut).with("other_line", line)
}

/// What the draft means, or what is wrong in each of its columns.
fn content(draft: Draft) -> Result<ResponseContent, Vec<(Column, Fault)>> {
    let mut faults = Vec::new();
    let content = ResponseContent {
        name: or_note(&mut faults, Column::Name, fields::name(&draft.name)),
        shortcut: or_note(&mut faults, Column::Shortcut, fields::shortcut(draft.shortcut())),
        libraries: BTreeSet::new(),
        variants: variants(&mut faults, draft.texts),
        substitutions: or_note(&mut faults, Column::Substitutions, substitutions(&draft.substitutions)),
        tags: or_note(&mut faults, Column::Tags, fields::tags(&draft.tags)),
    };
    let has_substitutions = faults.iter().all(|(column, _)| *column != Column::Substitutions);
    for variant in content.variants.iter().filter(|_| has_substitutions) {
        if let Err(fault) = content.check_variant(variant) {
            faults.push((Column::Text(variant.language.to_string()), fault));
        }
    }
    if faults.is_empty() { Ok(content) } else { Err(faults) }
}

fn or_note<T: Default>(faults: &mut Vec<(Column, Fault)>, column: Column, read: Result<T, Fault>) -> T {
    read.map_err(|fault| faults.push((column, fault))).unwrap_or_default()
}

fn variants(faults: &mut Vec<(Column, Fault)>, texts: Vec<(String, String)>) -> Vec<Variant> {
    let mut variants = Vec::new();
    for (language, text) in texts {
        match fields::variant(&language, &text) {
            Ok(variant) => variants.push(variant),
            Err(fault) => faults.push((Column::Text(language), fault)),
        }
    }
    if faults.iter().any(|(column, _)| matches!(column, Column::Text(_))) {
        return variants;
    }
    or_note(faults, Column::All, fields::variants(variants))
}

fn substitutions(drafts: &[[String; 3]]) -> Result<Vec<Substitution>, Fault> {
    let each = |[name, description, default]: &[String; 3]| fields::substitution(name, description, default);
    fields::substitutions(drafts.iter().map(each).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests;

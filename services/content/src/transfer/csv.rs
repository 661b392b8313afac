//! Tables: a row for each response, a column for each language.

use super::{Draft, Headings, Lines, Problems, cell, number_of, order, wrong};
use crate::content::{Response, Substitution};
use crate::mistake::Mistake;
use csv::{ReaderBuilder, StringRecord, Terminator, WriterBuilder};
use onqueue_model::{Fault, Language};

/// What may be between cells.
const BETWEEN: [u8; 3] = [b',', b';', b'\t'];

/// Which columns there are beside those of texts.
const KNOWN: [&str; 4] = ["name", "shortcut", "tags", "substitutions"];

/// What a column of texts is called, before its language.
const TEXT: &str = "text:";

/// The responses of a table. Notes what is wrong with its cells; answers what makes it unreadable.
pub fn read(table: &str, problems: &mut Problems) -> Result<(Headings, Vec<Draft>), Problems> {
    let lines = Lines::of(table.as_bytes());
    let between = between(table);
    if let Some(open) = open_quote(table, between) {
        let message = "a quotation mark begins a cell here that no other one ends";
        return Err(Problems::one(lines.at(open), wrong(Mistake::QuoteOpen, message)));
    }
    let (headings, records) = records(table, between, &lines)?;
    let headings = named(&headings)?;
    let mut drafts = Vec::with_capacity(records.len());
    for (line, record) in records {
        if record.iter().any(|cell| !cell.trim().is_empty()) {
            drafts.push(draft(&headings, (line, &record), problems));
        }
    }
    Ok((Headings::Csv(headings), drafts))
}

/// A row with the line in which it begins.
type Numbered = (u64, StringRecord);

/// The first row and all others.
fn records(table: &str, between: u8, lines: &Lines) -> Result<(StringRecord, Vec<Numbered>), Problems> {
    let mut reader = ReaderBuilder::new()
        .delimiter(between)
        .has_headers(false)
        .flexible(true)
        .from_reader(table.as_bytes());
    let mut records = Vec::new();
    for record in reader.records() {
        let unreadable = |error: csv::Error| wrong(Mistake::TableUnreadable, error.to_string());
        let record = record.map_err(|error| Problems::one(1, unreadable(error)))?;
        let read_from = record.position().map_or(0, |position| position.byte() as usize);
        // It was read from the end of the line before on.
        let begin = table.as_bytes()[read_from..]
            .iter()
            .position(|byte| !matches!(byte, b'\r' | b'\n'));
        records.push((lines.at(read_from + begin.unwrap_or(0)), record));
    }
    if records.is_empty() {
        return Err(Problems::one(1, wrong(Mistake::FileEmpty, "the file is empty")));
    }
    let (_, headings) = records.remove(0);
    Ok((headings, records))
}

/// That with which the first row has a name.
fn between(table: &str) -> u8 {
    let first = table.lines().find(|line| !line.is_empty()).unwrap_or_default();
    let has_name = |between: &u8| {
        let mut headings = first.split(char::from(*between));
        headings.any(|heading| heading.trim().trim_matches('"').eq_ignore_ascii_case("name"))
    };
    BETWEEN.into_iter().find(has_name).unwrap_or(b',')
}

/// Where a quotation mark begins a cell that does not end.
fn open_quote(table: &str, between: u8) -> Option<usize> {
    let bytes = table.as_bytes();
    let (mut open, mut is_start, mut at) = (None, true, 0);
    while at < bytes.len() {
        let byte = bytes[at];
        match (open, byte) {
            (None, b'"') if is_start => open = Some(at),
            (Some(_), b'"') if bytes.get(at + 1) == Some(&b'"') => at += 1,
            (Some(_), b'"') => open = None,
            _ => {}
        }
        is_start = open.is_none() && (byte == between || matches!(byte, b'\r' | b'\n'));
        at += 1;
    }
    open
}

/// What the columns are called, as we call them; empty ones have nothing in them.
fn named(row: &StringRecord) -> Result<Vec<String>, Problems> {
    let mut problems = Problems::default();
    let mut names: Vec<String> = Vec::new();
    for (index, given) in row.iter().enumerate() {
        let name = heading(given);
        let refused = match &name {
            None => Some(strange(given.trim())),
            Some(name) if !name.is_empty() && names.contains(name) => {
                Some(wrong(Mistake::Twice, format!("“{name}” comes twice")).with("name", name))
            }
            Some(_) => None,
        };
        if let Some(fault) = refused {
            problems.add(1, (given.trim().to_owned(), number_of(index)), fault);
        }
        names.push(name.unwrap_or_default());
    }
    if problems.is_none() {
        let has = |wanted: fn(&str) -> bool| names.iter().any(|name| wanted(name));
        for (is_there, missing) in [
            (
                has(|name| name == "name"),
                wrong(Mistake::ColumnMissing, "there is no column “name”").with("name", "name"),
            ),
            (
                has(|name| name.starts_with(TEXT)),
                wrong(
                    Mistake::TextColumnMissing,
                    "there is no column of texts, such as “text:de”",
                ),
            ),
        ] {
            if !is_there {
                problems.add(1, (String::new(), 0), missing);
            }
        }
    }
    if problems.is_none() { Ok(names) } else { Err(problems) }
}

fn strange(column: &str) -> Fault {
    let message = format!(
        "“{column}” is no column: there are {}, and text:de and so on for each language",
        KNOWN.join(", ")
    );
    wrong(Mistake::ColumnUnknown, message).with("name", column)
}

/// What we call it; `None` for what is no column.
fn heading(given: &str) -> Option<String> {
    let name = given.trim().to_lowercase();
    if name.is_empty() || KNOWN.contains(&name.as_str()) {
        return Some(name);
    }
    let language = Language::parse(name.strip_prefix(TEXT)?.trim())?;
    Some(format!("{TEXT}{language}"))
}

fn draft(headings: &[String], (line, record): (u64, &StringRecord), problems: &mut Problems) -> Draft {
    let mut draft = Draft {
        line,
        ..Draft::default()
    };
    for (index, cell) in record.iter().enumerate() {
        // What other programs write as line ends within a cell.
        let cell = cell::unguarded(cell).replace("\r\n", "\n").replace('\r', "\n");
        match headings.get(index).map(String::as_str) {
            Some("name") => draft.name = cell,
            Some("shortcut") => draft.shortcut = cell.trim().to_owned(),
            Some("tags") => draft.tags = filled(cell::split(&cell)),
            Some("substitutions") => draft.substitutions = cell.lines().filter_map(substitution).collect(),
            Some(name) if name.starts_with(TEXT) => {
                if !cell.trim().is_empty() {
                    draft.texts.push((name[TEXT.len()..].to_owned(), cell));
                }
            }
            _ if cell.trim().is_empty() => {}
            _ => {
                let message = "this cell is in a column without a heading";
                let fault = wrong(Mistake::HeadingMissing, message);
                problems.add(line, (String::new(), number_of(index)), fault);
            }
        }
    }
    draft
}

fn filled(parts: Vec<String>) -> Vec<String> {
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

/// Of a line with name, default value and description; `None` for an empty one.
fn substitution(line: &str) -> Option<[String; 3]> {
    let mut parts = cell::split(line).into_iter();
    let name = parts.next()?.trim().to_owned();
    let default = parts.next().unwrap_or_default();
    let description = parts.collect::<Vec<_>>().join("|");
    (!line.trim().is_empty()).then_some([name, description, default])
}

/// The table as spreadsheets like it: marked as UTF-8, with commas, and line ends as the standard has them.
pub fn write(responses: &[Response]) -> Result<Vec<u8>, Fault> {
    let languages = languages(responses);
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    let texts = languages.iter().map(|language| format!("{TEXT}{language}"));
    let headings = KNOWN.into_iter().map(str::to_owned).chain(texts);
    writer.write_record(headings).map_err(Fault::internal)?;
    for response in responses {
        writer
            .write_record(cells(response, &languages))
            .map_err(Fault::internal)?;
    }
    writer.into_inner().map_err(Fault::internal)
}

fn languages(responses: &[Response]) -> Vec<&Language> {
    let lists: Vec<Vec<&Language>> = responses
        .iter()
        .map(|response| {
            response
                .content
                .variants
                .iter()
                .map(|variant| &variant.language)
                .collect()
        })
        .collect();
    order::of_all(&lists)
}

fn cells(response: &Response, languages: &[&Language]) -> Vec<String> {
    let content = &response.content;
    let lines: Vec<String> = content.substitutions.iter().map(line_of).collect();
    let mut cells = vec![
        cell::guarded(&content.name),
        cell::guarded(&content.shortcut),
        cell::guarded(&cell::join(content.tags.iter().map(String::as_str))),
        cell::guarded(&lines.join("\n")),
    ];
    let text = |language: &Language| {
        let mut variants = content.variants.iter();
        variants.find(|variant| variant.language == *language)
    };
    let texts = languages
        .iter()
        .map(|language| text(language).map_or("", |variant| &variant.text));
    cells.extend(texts.map(cell::guarded));
    cells
}

fn line_of(substitution: &Substitution) -> String {
    let parts = [
        substitution.name.as_str(),
        &substitution.default_value,
        &substitution.description,
    ];
    let count = parts
        .iter()
        .rposition(|part| !part.is_empty())
        .map_or(0, |last| last + 1);
    cell::join(parts.into_iter().take(count))
}

//! Where in the text a pointer points, and on which page and item.

use crate::{
    mention::{Mention, Named},
    problem::{Finding, Place, Problem},
};
use jsonc_parser::{
    ast::{ObjectPropName, Value as Json},
    common::Ranged as _,
};

/// The problems with their places, in the order of the text.
pub(crate) fn locate(source: &str, json: &Json<'_>, findings: Vec<Finding>) -> Vec<Problem> {
    let starts = line_starts(source);
    let mut problems: Vec<Problem> = findings
        .into_iter()
        .map(|finding| Problem {
            code: finding.code,
            place: place((source, &starts), json, finding.pointer),
            message: finding.message,
        })
        .collect();
    problems.sort_by(|a, b| {
        let key = |problem: &Problem| (problem.place.line, problem.place.column, problem.code);
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    problems
}

/// What is named outside the document, in the order of the text.
pub(crate) fn locate_mentions(source: &str, json: &Json<'_>, named: Vec<Named>) -> Vec<Mention> {
    let starts = line_starts(source);
    let mut mentions: Vec<Mention> = named
        .into_iter()
        .map(|one| Mention {
            kind: one.kind,
            name: one.name,
            place: place((source, &starts), json, one.pointer),
        })
        .collect();
    mentions.sort_by_key(|mention| (mention.place.line, mention.place.column));
    mentions
}

fn place((source, starts): (&str, &[usize]), json: &Json<'_>, pointer: String) -> Place {
    let spot = walk(json, &pointer);
    let (line, column) = position(source, starts, spot.at);
    Place {
        pointer,
        page: spot.page,
        item: spot.item,
        line,
        column,
    }
}

/// The problem of a text that is no JSON.
pub(crate) fn line_and_column(source: &str, at: usize) -> (usize, usize) {
    position(source, &line_starts(source), at)
}

struct Spot {
    at: usize,
    page: String,
    item: String,
}

/// As far as the pointer leads; a name that is missing is where its object is.
fn walk(json: &Json<'_>, pointer: &str) -> Spot {
    let mut spot = Spot {
        at: json.start(),
        page: String::new(),
        item: String::new(),
    };
    let (mut current, mut way) = (json, Vec::new());
    for step in pointer.split('/').skip(1) {
        let name = step.replace("~1", "/").replace("~0", "~");
        let Some((at, next)) = child(current, &name) else { break };
        (spot.at, current) = (at, next);
        way.push(name);
        match way.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["pages", _] => spot.page = id(current),
            ["pages", _, "items" | "buttons", _] => spot.item = id(current),
            _ => {}
        }
    }
    spot
}

/// Where it begins (of a name in an object, where the name does), and it. The last of two of one name, as it is read.
fn child<'n>(json: &'n Json<'n>, name: &str) -> Option<(usize, &'n Json<'n>)> {
    match json {
        Json::Object(object) => {
            let property = object.properties.iter().rev().find(|property| match &property.name {
                ObjectPropName::String(text) => text.value == name,
                ObjectPropName::Word(word) => word.value == name,
            })?;
            Some((property.range.start, &property.value))
        }
        Json::Array(array) => {
            let element = array.elements.get(name.parse::<usize>().ok()?)?;
            Some((element.start(), element))
        }
        _ => None,
    }
}

fn id(json: &Json<'_>) -> String {
    match child(json, "id") {
        Some((_, Json::StringLit(text))) => super::json::excerpt(&text.value),
        _ => String::new(),
    }
}

fn line_starts(source: &str) -> Vec<usize> {
    let ends = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect()
}

fn position(source: &str, starts: &[usize], at: usize) -> (usize, usize) {
    let at = at.min(source.len());
    let line = starts.partition_point(|start| *start <= at);
    let start = starts[line - 1];
    let before = source.get(start..at).unwrap_or_default();
    (line, before.chars().count() + 1)
}

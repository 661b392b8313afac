//! Ids that are there twice, and pages that say they are the start.

use crate::{
    document::Document,
    problem::{Code, Finding},
};
use std::collections::BTreeMap;

/// Ids that are there twice.
pub(super) fn findings(document: &Document) -> Vec<Finding> {
    let mut found = Vec::new();
    let pages = document.pages.iter().enumerate();
    found.extend(twice(
        "page",
        pages.map(|(page, it)| (it.id.as_str(), format!("/pages/{page}/id"))),
    ));
    found.extend(twice("field", fields(document)));
    for (page, it) in document.pages.iter().enumerate() {
        let buttons = it.buttons.iter().enumerate();
        let named = buttons.map(|(button, it)| (it.id.as_str(), format!("/pages/{page}/buttons/{button}/id")));
        found.extend(twice("button", named));
    }
    found
}

fn fields(document: &Document) -> impl Iterator<Item = (&str, String)> {
    let pages = document.pages.iter().enumerate();
    pages.flat_map(|(page, it)| {
        it.fields_with_places()
            .map(move |(item, field)| (field.id.as_str(), format!("/pages/{page}/items/{item}/id")))
    })
}

fn twice<'d>(what: &str, named: impl Iterator<Item = (&'d str, String)>) -> Vec<Finding> {
    let mut first: BTreeMap<&str, String> = BTreeMap::new();
    let mut found = Vec::new();
    for (id, pointer) in named.filter(|(id, _)| !id.is_empty()) {
        if let Some(other) = first.get(id) {
            let message = format!("Another {what} has the id “{id}”: {other}.");
            found.push(Finding::new(Code::IdTwice, pointer, message));
        } else {
            first.insert(id, pointer);
        }
    }
    found
}

/// No page that is the start, or several.
pub(super) fn starts(document: &Document) -> Vec<Finding> {
    let mut starts = document.pages.iter().enumerate().filter(|(_, page)| page.start);
    let Some((_, first)) = starts.next() else {
        let message = "No page is the start; give one of them “start”: true.";
        return vec![Finding::new(Code::StartMissing, "/pages", message)];
    };
    starts
        .map(|(page, _)| {
            let message = format!("A script starts on one page, and “{}” is the start already.", first.id);
            Finding::new(Code::StartTwice, format!("/pages/{page}/start"), message)
        })
        .collect()
}

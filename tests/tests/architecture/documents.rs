//! Rule 11: what the pages for people say about crates and files is so.

use super::{
    graph::{LAYERS, members},
    source::{assert_clean, files, read, root},
};
use std::{collections::BTreeSet, path::Path};

const PAGES: &[&str] = &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];

/// Folders whose paths are checked wherever they stand between backticks.
const FOLDERS: &[&str] = &[
    "libs/",
    "services/",
    "proto/",
    "tests/",
    "xtask/",
    "web/",
    "docs/",
    ".ci/",
];

/// What stands between backticks.
fn quoted(page: &str) -> impl Iterator<Item = &str> {
    page.split("```")
        .step_by(2)
        .flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

/// Targets of links that lie in the checkout.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://"))
        .map(|target| target.split('#').next().unwrap_or_default())
}

fn dead_paths(path: &str, page: &str, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let folder = Path::new(path).parent().unwrap_or_else(|| Path::new(""));
    let linked = links(page)
        .filter(|target| !target.is_empty())
        .map(|target| folder.join(target));
    let named = quoted(page)
        .filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)))
        .filter(|word| !word.contains(['*', '{', '<', ' ', '…']))
        .map(|word| Path::new(word).to_owned());
    let dead = linked.chain(named).filter(|target| !exists(target));
    dead.map(|target| format!("{path}: {} does not exist", target.display()))
        .collect()
}

fn unknown_crates(path: &str, page: &str, members: &BTreeSet<String>) -> Vec<String> {
    let named = quoted(page).filter(|word| word.starts_with("onqueue-") && !word.contains([' ', '/', '.']));
    let unknown = named.filter(|word| !members.contains(*word));
    unknown
        .map(|word| format!("{path}: there is no crate {word}"))
        .collect()
}

/// The rows of ARCHITECTURE.md's table of layers, in which crates go by the names of their folders.
fn drawn_layers(page: &str) -> Vec<(usize, BTreeSet<String>)> {
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    rows.filter_map(|(layer, names)| {
        let names = names.trim_end_matches(" |").split('`').skip(1).step_by(2);
        Some((layer.trim().parse().ok()?, names.map(str::to_owned).collect()))
    })
    .collect()
}

fn misdrawn(page: &str, members: &BTreeSet<String>) -> Vec<String> {
    let drawn = drawn_layers(page);
    let expected = LAYERS.iter().enumerate().map(|(layer, crates)| {
        let there = crates.iter().filter(|name| members.contains(**name));
        (
            layer,
            there.map(|name| folder(name).to_owned()).collect::<BTreeSet<_>>(),
        )
    });
    expected
        .filter(|row| !drawn.contains(row))
        .map(|(layer, names)| format!("ARCHITECTURE.md: layer {layer} is {names:?}"))
        .collect()
}

/// The folder of a crate.
fn folder(name: &str) -> &str {
    name.strip_prefix("onqueue-").unwrap_or(name)
}

#[test]
fn rule_11_pages_name_what_exists() {
    let mut pages: Vec<(String, String)> = PAGES.iter().map(|path| ((*path).to_owned(), read(path))).collect();
    pages.extend(
        files(&["docs"], &["md"])
            .into_iter()
            .map(|source| (source.path, source.text)),
    );
    let members = members();
    let mut findings = Vec::new();
    for (path, page) in &pages {
        findings.extend(dead_paths(path, page, |target| root().join(target).exists()));
        findings.extend(unknown_crates(path, page, &members));
    }
    assert_clean("pages", &findings);
}

#[test]
fn rule_11_the_layers_are_drawn_as_they_are() {
    assert_clean("layers", &misdrawn(&read("ARCHITECTURE.md"), &members()));
}

#[test]
fn rule_11_finds_what_breaks_it() {
    let page = "See [x](docs/none.md#a), [y](https://example.org/z) and `libs/nowhere`, `libs/*/src`, `onqueue-nobody`.\n```\n`libs/code`\n```\n";
    let dead = dead_paths("README.md", page, |_| false);
    assert_eq!(dead.len(), 2, "{dead:?}");
    assert_eq!(
        unknown_crates("README.md", page, &BTreeSet::from(["onqueue".to_owned()])).len(),
        1
    );
    let members = BTreeSet::from(["onqueue-model".to_owned(), "onqueue-server".to_owned()]);
    let rest = "| 1 | |\n| 2 | |\n| 3 | |\n| 5 | |\n| 6 | |\n| 7 | |\n";
    assert_eq!(
        misdrawn(&format!("| 0 | `model` |\n| 4 | `server` |\n{rest}"), &members),
        Vec::<String>::new()
    );
    assert_eq!(
        misdrawn(&format!("| 0 | `server` |\n| 4 | `model` |\n{rest}"), &members).len(),
        2
    );
}

//! Rule 9: what every crate takes over from the workspace, documentation of the libraries, and no unsafe code.

use super::source::{assert_clean, files, read};
use toml::{Table, Value};

const INHERITED: &[&str] = &["version", "edition", "license", "rust-version", "publish"];

fn own_ways(path: &str, text: &str) -> Vec<String> {
    let manifest: Table = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
    let is_inherited =
        |value: Option<&Value>| value.and_then(|value| value.get("workspace")) == Some(&Value::Boolean(true));
    let package = manifest.get("package");
    let mut findings: Vec<String> = INHERITED
        .iter()
        .filter(|key| !is_inherited(package.and_then(|package| package.get(**key))))
        .map(|key| format!("{path}: write {key}.workspace = true"))
        .collect();
    if !is_inherited(manifest.get("lints")) {
        findings.push(format!("{path}: write [lints] workspace = true"));
    }
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let dependencies = manifest.get(section).and_then(Value::as_table).into_iter().flatten();
        let own = dependencies.filter(|(_, value)| !is_inherited(Some(value)));
        findings
            .extend(own.map(|(name, _)| format!("{path}: {name}.workspace = true; its version belongs into the root")));
    }
    findings
}

fn undocumented(path: &str, text: &str) -> Option<String> {
    let says_so = [
        "#![deny(missing_docs)]",
        "#![warn(missing_docs)]",
        "#![forbid(missing_docs)]",
    ];
    let is_told = text.lines().any(|line| says_so.contains(&line.trim()));
    (!is_told).then(|| format!("{path}: write #![deny(missing_docs)]"))
}

fn allows_unsafe(root: &str) -> bool {
    let root: Table = root.parse().expect("TOML");
    let lint = root
        .get("workspace")
        .and_then(|workspace| workspace.get("lints")?.get("rust")?.get("unsafe_code"));
    lint.and_then(Value::as_str) != Some("forbid")
}

#[test]
fn rule_9_every_crate_takes_over_what_the_workspace_says() {
    let manifests = files(&["libs", "services", "tests", "xtask"], &["toml"]);
    let manifests: Vec<_> = manifests
        .iter()
        .filter(|source| source.path.ends_with("/Cargo.toml"))
        .collect();
    assert!(manifests.len() > 15, "too few manifests");
    assert_clean(
        "manifests",
        &manifests
            .iter()
            .flat_map(|source| own_ways(&source.path, &source.text))
            .collect::<Vec<_>>(),
    );
    assert!(
        !allows_unsafe(&read("Cargo.toml")),
        "Cargo.toml: unsafe_code = \"forbid\" in [workspace.lints.rust]"
    );
}

#[test]
fn rule_9_libraries_are_documented() {
    let libraries = files(&["libs"], &["rs"]);
    let roots = libraries.iter().filter(|source| source.path.ends_with("/src/lib.rs"));
    assert_clean(
        "docs",
        &roots
            .filter_map(|source| undocumented(&source.path, &source.text))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn rule_9_finds_what_breaks_it() {
    let inherited = INHERITED
        .iter()
        .map(|key| format!("{key}.workspace = true\n"))
        .collect::<String>();
    let good =
        format!("[package]\nname = \"x\"\n{inherited}[lints]\nworkspace = true\n[dependencies]\na.workspace = true\n");
    for (text, expected) in [
        (good.clone(), 0),
        (good.replace("edition.workspace = true", "edition = \"2021\""), 1),
        (good.replace("[lints]\nworkspace = true\n", ""), 1),
        (good.replace("a.workspace = true", "a = \"1\""), 1),
    ] {
        assert_eq!(own_ways("Cargo.toml", &text).len(), expected, "{text}");
    }
    assert!(undocumented("lib.rs", "//! Says much.\n").is_some());
    assert!(undocumented("lib.rs", "//! Says much.\n#![deny(missing_docs)]\n").is_none());
    assert!(allows_unsafe("[workspace.lints.rust]\nunsafe_code = \"warn\"\n"));
}

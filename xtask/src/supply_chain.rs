//! What others' code we take: licences, bans and sources, as deny.toml says, without a tool to install.

use crate::{
    cli::{Failure, Outcome},
    process, tree,
};
use serde_json::Value;
use std::{collections::BTreeSet, fs};

/// The part of deny.toml that is checked here.
struct Policy {
    licences: BTreeSet<String>,
    banned: BTreeSet<String>,
}

/// A package as somebody else made it.
struct Package {
    name: String,
    version: String,
    licence: String,
}

/// Checks every package of the lock file and the licence of every package that is built on this machine.
pub fn check() -> Outcome<String> {
    let policy = policy(&read("deny.toml")?)?;
    let lock: toml::Table = parse("Cargo.lock", &read("Cargo.lock")?)?;
    let packages = packages()?;
    let mut problems = locked(&lock, &policy);
    problems.extend(packages.iter().filter_map(|package| licence_problem(package, &policy)));
    if problems.is_empty() {
        return Ok(format!("{} packages", packages.len()));
    }
    Err(Failure(problems.join("\n")))
}

fn read(name: &str) -> Outcome<String> {
    fs::read_to_string(tree::at(name)).map_err(|error| Failure(format!("cannot read {name}: {error}")))
}

fn parse(name: &str, text: &str) -> Outcome<toml::Table> {
    text.parse()
        .map_err(|error| Failure(format!("{name} is not TOML: {error}")))
}

fn policy(text: &str) -> Outcome<Policy> {
    let table = parse("deny.toml", text)?;
    let list = |section: &str, key: &str| {
        table
            .get(section)
            .and_then(|section| section.get(key))
            .and_then(toml::Value::as_array)
    };
    let licences = list("licenses", "allow").ok_or_else(|| Failure("deny.toml allows no licence".into()))?;
    let banned = list("bans", "deny").ok_or_else(|| Failure("deny.toml bans nothing".into()))?;
    Ok(Policy {
        licences: licences
            .iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
        banned: banned
            .iter()
            .filter_map(|ban| ban.get("crate").and_then(toml::Value::as_str).map(str::to_owned))
            .collect(),
    })
}

fn locked(lock: &toml::Table, policy: &Policy) -> Vec<String> {
    let packages = lock.get("package").and_then(toml::Value::as_array);
    packages
        .into_iter()
        .flatten()
        .filter_map(|package| locked_problem(package, policy))
        .collect()
}

fn locked_problem(package: &toml::Value, policy: &Policy) -> Option<String> {
    let name = package.get("name").and_then(toml::Value::as_str).unwrap_or_default();
    let source = package.get("source").and_then(toml::Value::as_str).unwrap_or_default();
    if policy.banned.contains(name) {
        return Some(format!(
            "{name} is banned by deny.toml; `cargo tree --invert {name}` says who wants it"
        ));
    }
    (!source.is_empty() && !source.starts_with("registry+"))
        .then(|| format!("{name} comes from {source}; take a published version"))
}

/// Other people's packages that are built for this machine.
fn packages() -> Outcome<Vec<Package>> {
    let host = process::answer(process::command("rustc", &["-vV"]))?;
    let host = host
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap_or_default();
    let metadata = process::cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        host,
    ]);
    let metadata: Value = serde_json::from_str(&process::answer(metadata)?)
        .map_err(|error| format!("cargo metadata does not speak JSON: {error}"))?;
    let text = |package: &Value, key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    Ok(packages
        .filter(|package| !package["source"].is_null())
        .map(|package| Package {
            name: text(package, "name"),
            version: text(package, "version"),
            licence: text(package, "license"),
        })
        .collect())
}

fn licence_problem(package: &Package, policy: &Policy) -> Option<String> {
    (!is_allowed(&package.licence, &policy.licences)).then(|| {
        format!(
            "{} {} is under \"{}\", which deny.toml does not allow",
            package.name, package.version, package.licence
        )
    })
}

/// Whether the SPDX expression (with the old `/` for OR) can be met by allowed licences. OR binds weaker than AND.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let spaced = spaced.replace(" WITH ", "\u{1f}");
    let words: Vec<String> = spaced
        .split_whitespace()
        .map(|word| word.replace('\u{1f}', " WITH "))
        .collect();
    let mut at = 0;
    let answer = any(&words, &mut at, allowed);
    answer == Some(true) && at == words.len()
}

fn any(words: &[String], at: &mut usize, allowed: &BTreeSet<String>) -> Option<bool> {
    let mut met = all(words, at, allowed)?;
    while words.get(*at).is_some_and(|word| word == "OR") {
        *at += 1;
        met |= all(words, at, allowed)?;
    }
    Some(met)
}

fn all(words: &[String], at: &mut usize, allowed: &BTreeSet<String>) -> Option<bool> {
    let mut met = one(words, at, allowed)?;
    while words.get(*at).is_some_and(|word| word == "AND") {
        *at += 1;
        met &= one(words, at, allowed)?;
    }
    Some(met)
}

fn one(words: &[String], at: &mut usize, allowed: &BTreeSet<String>) -> Option<bool> {
    let word = words.get(*at)?;
    *at += 1;
    if word != "(" {
        return Some(allowed.contains(word));
    }
    let met = any(words, at, allowed)?;
    let is_closed = words.get(*at).is_some_and(|word| word == ")");
    *at += 1;
    is_closed.then_some(met)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Policy {
        policy("[licenses]\nallow = [\"MIT\", \"Unicode-3.0\", \"Apache-2.0 WITH LLVM-exception\"]\n[bans]\ndeny = [{ crate = \"openssl\" }]")
            .expect("policy")
    }

    #[test]
    fn expressions() {
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("GPL-3.0/MIT", true),
            ("GPL-3.0 AND MIT", false),
            ("(GPL-3.0 OR MIT) AND Unicode-3.0", true),
            ("MIT OR GPL-3.0 AND GPL-2.0", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("Apache-2.0", false),
            ("", false),
            ("(MIT", false),
            ("MIT)", false),
        ] {
            assert_eq!(is_allowed(expression, &sample().licences), expected, "{expression}");
        }
    }

    #[test]
    fn bans_and_foreign_sources_are_found() {
        let lock = "[[package]]\nname = \"openssl\"\nsource = \"registry+x\"\n[[package]]\nname = \"b\"\nsource = \"git+y\"\n[[package]]\nname = \"ours\"\n";
        let problems = locked(&parse("lock", lock).expect("lock"), &sample());
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("openssl") && problems[1].contains("git+y"));
    }
}

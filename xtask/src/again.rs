//! Suites that `cargo test` has built and run, once more in other surroundings.

use crate::{
    cli::{Failure, Outcome},
    process::{self, Output},
    tree,
};
use serde_json::Value;
use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

/// Which suites, and what is different for them.
pub struct Again {
    /// What it is called in the log.
    what: &'static str,
    /// Folders of crates, and which of their suites; all of them if none is named.
    crates: &'static [(&'static str, &'static [&'static str])],
    /// Said in the environment.
    variable: (&'static str, &'static str),
}

/// Everything that keeps something in the database. The tests open databases through the testkit, which takes the kind from
/// the environment. The contract of the store runs on both databases by itself.
pub const ON_POSTGRES: Again = Again {
    what: "on PostgreSQL",
    crates: &[
        ("services/auth", &[]),
        ("services/session", &[]),
        ("services/routing", &[]),
        ("services/content", &[]),
    ],
    variable: ("ONQUEUE_TEST_DATABASE", "postgres"),
};

/// What goes through the whole, on two of everything, PostgreSQL and NATS.
pub const SEPARATE: Again = Again {
    what: "on separate processes",
    crates: &[("tests", &["journeys", "authorization"])],
    variable: ("ONQUEUE_TEST_CLUSTER", "distributed"),
};

/// A program that cargo made of tests.
#[derive(Debug, PartialEq, Eq)]
struct Suite {
    folder: PathBuf,
    program: PathBuf,
}

/// Runs them all; `dress` gives each command what the tests need to know.
pub fn suites(again: &Again, log: &mut File, dress: impl Fn(Command) -> Command) -> Outcome<String> {
    let suites = built(again)?;
    for suite in &suites {
        let said = writeln!(log, "     Running {}: {}", again.what, suite.program.display());
        said.map_err(|error| format!("cannot write the log: {error}"))?;
        let mut command = Command::new(&suite.program);
        command
            .current_dir(&suite.folder)
            .env("CARGO_MANIFEST_DIR", &suite.folder)
            .env(again.variable.0, again.variable.1);
        process::logged(dress(command), log, Output::Shown)?;
    }
    Ok(format!("{} binaries", suites.len()))
}

fn built(again: &Again) -> Outcome<Vec<Suite>> {
    let list = ["test", "--workspace", "--no-run", "--message-format=json", "--quiet"];
    let said = process::answer(process::cargo(&list))?;
    let mut found = Vec::new();
    for (folder, names) in again.crates {
        let suites = suites_of(&said, &tree::at(folder), names);
        if suites.is_empty() || (!names.is_empty() && suites.len() != names.len()) {
            return Err(Failure(format!("cargo names not all tests of {folder}")));
        }
        found.extend(suites);
    }
    Ok(found)
}

fn suites_of(said: &str, folder: &Path, names: &[&str]) -> Vec<Suite> {
    let manifest = folder.join("Cargo.toml");
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages
        .filter(|message| message["manifest_path"].as_str().map(PathBuf::from).as_ref() == Some(&manifest))
        .filter(|message| message["profile"]["test"] == true)
        .filter(|message| names.is_empty() || names.iter().any(|name| message["target"]["name"] == *name))
        .filter_map(|message| {
            Some(Suite {
                folder: folder.to_owned(),
                program: message["executable"].as_str()?.into(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_of_a_crate_are_found_in_what_cargo_says() {
        let said = r#"{"reason":"compiler-artifact","manifest_path":"/w/a/Cargo.toml","profile":{"test":false},"executable":"/t/a"}
{"reason":"compiler-artifact","manifest_path":"/w/a/Cargo.toml","target":{"name":"one"},"profile":{"test":true},"executable":"/t/a-1"}
{"reason":"compiler-artifact","manifest_path":"/w/a/Cargo.toml","profile":{"test":true},"executable":null}
{"reason":"compiler-artifact","manifest_path":"/w/b/Cargo.toml","profile":{"test":true},"executable":"/t/b-1"}
{"reason":"build-finished","success":true}
"#;
        let expected = Suite {
            folder: "/w/a".into(),
            program: "/t/a-1".into(),
        };
        assert_eq!(suites_of(said, Path::new("/w/a"), &[]), [expected]);
        assert_eq!(suites_of(said, Path::new("/w/a"), &["one"]).len(), 1);
        assert_eq!(suites_of(said, Path::new("/w/a"), &["two"]), []);
        assert_eq!(suites_of(said, Path::new("/w/c"), &[]), []);
    }
}

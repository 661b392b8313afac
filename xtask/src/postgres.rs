//! The suites of everything that keeps something in the database, on PostgreSQL, with what `cargo test` has built.

use crate::{
    cli::{Failure, Outcome},
    process::{self, Output},
    tree,
};
use serde_json::Value;
use std::{fs::File, io::Write as _, path::PathBuf, process::Command};

/// Their tests open databases through the testkit, which takes the kind from the environment. The contract of the store
/// runs on both databases by itself.
const CRATES: [&str; 3] = ["services/auth", "services/session", "services/routing"];

/// A program that cargo made of tests.
#[derive(Debug, PartialEq, Eq)]
struct Suite {
    folder: PathBuf,
    program: PathBuf,
}

/// Runs them all; `dress` gives each command what the tests need to know.
pub fn suites(log: &mut File, dress: impl Fn(Command) -> Command) -> Outcome<String> {
    let suites = built()?;
    for suite in &suites {
        let said = writeln!(log, "     Running on PostgreSQL: {}", suite.program.display());
        said.map_err(|error| format!("cannot write the log: {error}"))?;
        let mut command = Command::new(&suite.program);
        command
            .current_dir(&suite.folder)
            .env("CARGO_MANIFEST_DIR", &suite.folder)
            .env("ONQUEUE_TEST_DATABASE", "postgres");
        process::logged(dress(command), log, Output::Shown)?;
    }
    Ok(format!("{} binaries", suites.len()))
}

fn built() -> Outcome<Vec<Suite>> {
    let list = ["test", "--workspace", "--no-run", "--message-format=json", "--quiet"];
    let said = process::answer(process::cargo(&list))?;
    let mut found = Vec::new();
    for folder in CRATES {
        let suites = suites_of(&said, &tree::at(folder));
        if suites.is_empty() {
            return Err(Failure(format!("cargo names no tests of {folder}")));
        }
        found.extend(suites);
    }
    Ok(found)
}

fn suites_of(said: &str, folder: &std::path::Path) -> Vec<Suite> {
    let manifest = folder.join("Cargo.toml");
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages
        .filter(|message| message["manifest_path"].as_str().map(PathBuf::from).as_ref() == Some(&manifest))
        .filter(|message| message["profile"]["test"] == true)
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
    use std::path::Path;

    #[test]
    fn the_tests_of_a_crate_are_found_in_what_cargo_says() {
        let said = r#"{"reason":"compiler-artifact","manifest_path":"/w/a/Cargo.toml","profile":{"test":false},"executable":"/t/a"}
{"reason":"compiler-artifact","manifest_path":"/w/a/Cargo.toml","profile":{"test":true},"executable":"/t/a-1"}
{"reason":"compiler-artifact","manifest_path":"/w/a/Cargo.toml","profile":{"test":true},"executable":null}
{"reason":"compiler-artifact","manifest_path":"/w/b/Cargo.toml","profile":{"test":true},"executable":"/t/b-1"}
{"reason":"build-finished","success":true}
"#;
        let expected = Suite {
            folder: "/w/a".into(),
            program: "/t/a-1".into(),
        };
        assert_eq!(suites_of(said, Path::new("/w/a")), [expected]);
        assert_eq!(suites_of(said, Path::new("/w/c")), []);
    }
}

//! `cargo xtask bench broken`: how long the release build takes to refuse settings that cannot be used. The settings are those
//! that the tests of the binary use, who judge what it says.

#[path = "../../../services/onqueue/tests/broken/mistakes.rs"]
mod mistakes;

use crate::{
    cli::{Failure, Outcome},
    tree,
};
use mistakes::{FILES, MISTAKES};
use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// How long a refusal may take.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The settings cannot be used.
const UNUSABLE_SETTINGS: i32 = 78;

/// The binary, and a folder in which it is started.
struct Refusals {
    binary: PathBuf,
    folder: tempfile::TempDir,
    took: Vec<(Duration, String)>,
}

/// Starts the binary (the release build unless one is named) with each of the settings, that often, and prints how long it
/// took to end. Fails if one took longer than a second or was not refused.
pub fn broken(runs: usize, binary: Option<PathBuf>) -> Outcome {
    let binary = match binary {
        Some(binary) => binary,
        None => {
            super::build()?;
            tree::target().join("release/onqueue")
        }
    };
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
    put(&folder.path().join("no.db"), "this is text, and not what SQLite writes")?;
    put(&folder.path().join("empty.db"), "")?;
    let mut refusals = Refusals {
        binary,
        folder,
        took: Vec::new(),
    };
    for _ in 0..runs {
        refusals.all()?;
    }
    refusals.judge()
}

fn put(file: &Path, text: &str) -> Outcome {
    fs::write(file, text).map_err(|error| Failure(format!("{}: {error}", file.display())))
}

impl Refusals {
    fn all(&mut self) -> Outcome {
        for (environment, ..) in MISTAKES {
            self.refuse(&[], environment, format!("{environment:?}"))?;
        }
        for (text, ..) in FILES {
            put(&self.folder.path().join("onqueue.toml"), text)?;
            self.refuse(&["--config", "onqueue.toml"], &[], format!("{text:?}"))?;
        }
        Ok(())
    }

    fn refuse(&mut self, arguments: &[&str], environment: &[(&str, &str)], what: String) -> Outcome {
        let mut command = Command::new(&self.binary);
        command.arg("serve").args(arguments).current_dir(self.folder.path());
        // Addresses of its own where the mistake names none: nobody else's are in the way.
        let addresses = ["ONQUEUE_GATEWAY__LISTEN", "ONQUEUE_PROCESS__HEALTH_LISTEN"];
        command.env_clear().envs(addresses.map(|name| (name, "127.0.0.1:0")));
        command.envs(environment.iter().map(|(name, value)| (OsStr::new(name), value)));
        let began = Instant::now();
        let output = command.output();
        let took = began.elapsed();
        let output = output.map_err(|error| format!("{}: {error}", self.binary.display()))?;
        if output.status.code() != Some(UNUSABLE_SETTINGS) {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Failure(format!("{what} ended with {}: {said}", output.status)));
        }
        self.took.push((took, what));
        Ok(())
    }

    fn judge(mut self) -> Outcome {
        self.took.sort();
        let last = self.took.len().saturating_sub(1);
        let at = |hundredths: usize| self.took.get(last * hundredths / 100).cloned().unwrap_or_default();
        let milliseconds = |took: Duration| took.as_secs_f64() * 1e3;
        let (slowest, what) = at(100);
        println!(
            "{} configurations, {} refusals: median {:.1} ms, p99 {:.1} ms, slowest {:.1} ms (of at most {} ms): {what}",
            MISTAKES.len() + FILES.len(),
            self.took.len(),
            milliseconds(at(50).0),
            milliseconds(at(99).0),
            milliseconds(slowest),
            AT_ONCE.as_millis(),
        );
        match slowest <= AT_ONCE {
            true => Ok(()),
            false => Err(Failure(format!("{what} took {slowest:?}"))),
        }
    }
}

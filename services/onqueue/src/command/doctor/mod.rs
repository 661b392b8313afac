//! `onqueue doctor`: looks at everything that the services need and says what is not well and what to do.

mod database;
mod entry;
mod file;
mod machine;
mod peers;

use crate::{
    cli,
    output::say,
    settings::{self, Settings},
};
use onqueue_model::Fault;
use serde::Serialize;
use std::{path::Path, process::ExitCode};

/// How many variables are named.
const TOLD: usize = 6;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, and somebody has to look after it.
    Warn,
    /// It does not work.
    Fail,
    /// Nobody can say: something that it depends on does not work.
    Skipped,
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub check: String,
    pub state: State,
    /// How it is.
    pub found: String,
    /// What to do about it; empty if all is well, or if it was not looked at.
    pub remedy: String,
}

impl Finding {
    pub fn ok(check: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(State::Ok, (check.into(), found.into()), "")
    }

    pub fn warn(check: impl Into<String>, found: impl Into<String>, remedy: &str) -> Self {
        Self::new(State::Warn, (check.into(), found.into()), remedy)
    }

    pub fn fail(check: impl Into<String>, found: impl Into<String>, remedy: &str) -> Self {
        Self::new(State::Fail, (check.into(), found.into()), remedy)
    }

    pub fn skipped(check: impl Into<String>, because: &str) -> Self {
        Self::new(
            State::Skipped,
            (check.into(), format!("not looked at, because {because}")),
            "",
        )
    }

    fn new(state: State, (check, found): (String, String), remedy: &str) -> Self {
        Self {
            check,
            state,
            found,
            remedy: remedy.to_owned(),
        }
    }

    fn line(&self) -> String {
        let state = match self.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "FAIL",
            State::Skipped => "-",
        };
        let remedy = match self.remedy.as_str() {
            "" => String::new(),
            remedy => format!("\n                           → {remedy}"),
        };
        format!("{state:<5} {:<20} {}{remedy}", self.check, self.found)
    }
}

/// Looks at everything; with mistakes in the settings at nothing else, for what they say is not what is meant.
pub fn doctor(options: &cli::Doctor) -> ExitCode {
    let place = cli::Place {
        services: options.services.clone(),
        ..options.place.clone()
    };
    let findings = match settings::load(&place) {
        Err(mistakes) => {
            let told = |mistake: settings::Mistake| {
                Finding::fail(
                    "settings",
                    mistake.to_string(),
                    "`onqueue config reference` says what may be set",
                )
            };
            mistakes.into_iter().map(told).collect()
        }
        Ok(loaded) => examined(&loaded.settings, options),
    };
    tell(&findings, options);
    match findings.iter().any(|finding| finding.state == State::Fail) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

fn examined(settings: &Settings, options: &cli::Doctor) -> Vec<Finding> {
    let sources = sources(options.place.config.as_deref(), &settings::variables());
    let mut findings = vec![Finding::ok("settings", format!("can be used: {sources}"))];
    findings.extend(machine::certificates(settings));
    findings.extend(machine::disks(settings));
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let looking = async {
                futures::join!(
                    machine::bus(settings),
                    peers::addresses(settings),
                    database::examine(settings, options.thorough)
                )
            };
            let (bus, peers, database) = runtime.block_on(looking);
            findings.extend(bus.into_iter().chain(peers).chain(database));
            runtime.shutdown_background();
        }
        Err(error) => findings.push(Finding::fail(
            "machine",
            error.to_string(),
            "look at the limits of this user",
        )),
    }
    findings
}

/// Where settings came from that are not the defaults: a service may have been given others.
fn sources(file: Option<&Path>, variables: &[String]) -> String {
    let file = file.map_or_else(|| "no file".to_owned(), |file| format!("of {}", file.display()));
    let told: Vec<&str> = variables.iter().take(TOLD).map(String::as_str).collect();
    let more = variables.len() - told.len();
    match (told.join(", "), more) {
        (names, _) if names.is_empty() => format!("{file}, and no variables of the environment"),
        (names, 0) => format!("{file}, and of the environment {names}"),
        (names, more) => format!("{file}, and of the environment {names} and {more} more"),
    }
}

fn tell(findings: &[Finding], options: &cli::Doctor) {
    if options.json {
        say(serde_json::to_string_pretty(findings).unwrap_or_default());
        return;
    }
    findings.iter().for_each(|finding| say(finding.line()));
    let count = |state: State| findings.iter().filter(|finding| finding.state == state).count();
    say(format_args!(
        "{} ok, {} to look after, {} failed, {} not looked at",
        count(State::Ok),
        count(State::Warn),
        count(State::Fail),
        count(State::Skipped)
    ));
}

/// What a fault says to the operator.
fn said(fault: &Fault) -> String {
    fault.context.clone().unwrap_or_else(|| fault.message.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_with_where_they_came_from() {
        let names = |count: usize| -> Vec<String> { (0..count).map(|at| format!("V{at}")).collect() };
        let file = Some(Path::new("onqueue.toml"));
        for (file, count, expected) in [
            (file, 0, "of onqueue.toml, and no variables of the environment"),
            (None, 0, "no file, and no variables of the environment"),
            (file, 2, "of onqueue.toml, and of the environment V0, V1"),
            (
                None,
                9,
                "no file, and of the environment V0, V1, V2, V3, V4, V5 and 3 more",
            ),
        ] {
            assert_eq!(sources(file, &names(count)), expected);
        }
    }
}

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
use std::process::ExitCode;

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
    let mut findings = vec![Finding::ok("settings", "can be used")];
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

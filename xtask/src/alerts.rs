//! Alert rules, judged by Prometheus' own tool: that they can be read, that each fires where it should, and that none does in a
//! healthy system.

use crate::{
    cli::{Failure, Outcome},
    process::{self, Output},
};
use onqueue_daemons::PrometheusServer;
use std::{env, fs::File};

/// The folder with Prometheus' programs, where they are not on PATH.
const PROMETHEUS: &str = "ONQUEUE_TEST_PROMETHEUS";

const RULES: &str = "helm/onqueue/files/alerts.yaml";
const TESTS: &str = "tests/deployment/alerts_test.yaml";

/// Whether Prometheus' programs are there.
pub fn has_prometheus() -> bool {
    let named = named();
    ["prometheus", "promtool"]
        .iter()
        .all(|name| PrometheusServer::program(name, named.as_deref()).is_ok())
}

/// Checks the rules and runs their tests.
pub fn check(log: &mut File) -> Outcome<String> {
    let promtool = PrometheusServer::program("promtool", named().as_deref());
    let promtool = promtool.map_err(|onqueue_daemons::Failure(text)| Failure(text))?;
    for arguments in [["check", "rules", RULES], ["test", "rules", TESTS]] {
        process::logged(process::command(&promtool, &arguments), log, Output::Logged)?;
    }
    Ok(String::new())
}

fn named() -> Option<String> {
    env::var(PROMETHEUS).ok().filter(|name| !name.is_empty())
}

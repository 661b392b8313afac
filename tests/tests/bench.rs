//! The drivers of `cargo xtask bench routing` still drive: a few agents for a moment. Nothing is said of how fast anything is;
//! what ours leaves in its database is right at any speed.
#![allow(clippy::disallowed_methods)]

use serde_json::Value;
use std::process::{Command, Stdio};

/// What the driver answers.
fn drive(arguments: &[&str]) -> Value {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
    let output = bench.args(arguments).stdin(Stdio::null()).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn routing_is_measured_beside_its_rivals() {
    let small = ["--runs", "1", "--agents", "20", "--waiting", "100", "--explained", "50"];
    let said = drive(&[&["routing", "--seconds", "0.4", "--tick", "250"][..], &small].concat());
    let figures = said["figures"].as_array().expect("figures");
    let value = |label: &str| {
        let figure = figures.iter().find(|figure| figure["label"] == label);
        figure
            .and_then(|figure| figure["values"][0].as_f64())
            .unwrap_or_else(|| panic!("{label} in {said}"))
    };
    for side in [
        "Onqueue",
        "SKIP LOCKED, 8 workers",
        "one statement, 8 workers",
        "64 in a statement, 8 workers",
    ] {
        assert!(value(&format!("{side}, assignments")) > 0.0, "{side}");
    }
    for side in ["department locked, 8 workers", "one each department each 5 s"] {
        assert!(value(&format!("{side}, assignments")) > 0.0, "{side}");
    }
    for wrong in ["over capacity", "double", "overtaken"] {
        assert!(value(&format!("Onqueue, {wrong}")) == 0.0, "{wrong}");
    }
    for told in [
        "Onqueue, of the best SKIP LOCKED",
        "Onqueue, of the best statement",
        "Onqueue, time to offer, p99",
    ] {
        assert!(value(told) > 0.0, "{told}");
    }
    assert!(value("ExplainWaiting, at 50 agents, p99") > 0.0);
    assert!(
        said["notes"]
            .as_str()
            .is_some_and(|notes| notes.contains("*Overtaken*") || notes.contains("*overtaken*"))
    );
}

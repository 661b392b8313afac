//! The drivers of `cargo xtask bench` still drive: a few agents and customers for a moment. Nothing is said of how fast anything
//! is; what ours leaves in its database is right at any speed. (What needs ejabberd is left out: not every machine has it.)
#![allow(clippy::disallowed_methods)]

use serde_json::Value;
use std::process::{Command, Stdio};
use tokio::sync::Mutex;

/// One bench at a time: the machine is small.
static MACHINE: Mutex<()> = Mutex::const_new(());

/// What the driver answers.
fn drive(arguments: &[&str]) -> Value {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
    let output = bench.args(arguments).stdin(Stdio::null()).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn value(said: &Value, label: &str) -> f64 {
    let figures = said["figures"].as_array().expect("figures");
    let figure = figures.iter().find(|figure| figure["label"] == label);
    let first = figure.and_then(|figure| figure["values"][0].as_f64());
    first.unwrap_or_else(|| panic!("{label} in {said}"))
}

/// What is driven of the bench of messages: all of it takes minutes.
fn parts() -> &'static [&'static str] {
    match std::env::var_os("ONQUEUE_LONG") {
        Some(_) => &[""],
        None => &["pairs", "fan-out", "typing"],
    }
}

#[test]
fn messages_are_measured_in_every_way() {
    let _machine = MACHINE.blocking_lock();
    // The load of the first bench is a binary of its own.
    assert!(std::path::Path::new(env!("CARGO_BIN_EXE_load")).exists());
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().display().to_string();
    let once = [
        "messages",
        "--runs",
        "1",
        "--small",
        "--seconds",
        "1",
        "--folder",
        &folder,
    ];
    let small = [
        "--guests",
        "20",
        "--participants",
        "2",
        "--watchers",
        "20",
        "--messages",
        "3",
    ];
    let labels = [
        "durable, SQLite, 64 senders, of the bare one",
        "durable, PostgreSQL, alone, of the bare one",
        "end to end, SQLite in one process, 64 pairs",
        "pairs, Onqueue, SQLite in one process, one in turn, p50",
        "pairs, Onqueue, SQLite in one process, 200 a second, p99",
        "table, SQLite in one process, 16 × 2, sends",
        "fan-out, SQLite in one process, last of 20, from the call",
        "fan-out, bare tonic, last of 20, from the call, median",
        "typing, session's path, 64 typists, seen by another",
        "typing, SQLite in one process, 500 a second, p99",
        "forwarding, 64 callers, of bare tonic",
        "idle, new ones a second",
    ];
    for &part in parts() {
        let said = drive(&[&once[..], &small[..], &["--only", part][..]].concat());
        for label in labels.iter().filter(|label| label.starts_with(part)) {
            assert!(value(&said, label) > 0.0, "{label}");
        }
    }
}

#[test]
fn transcripts_are_searched() {
    let _machine = MACHINE.blocking_lock();
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("onqueue.db").display());
    let said = drive(&["search", "--url", &url, "--messages", "2000", "--searches", "2"]);
    let kinds = said["searches"].as_object().expect("kinds");
    assert!(kinds.len() > 5 && kinds.contains_key("all"), "{said}");
    assert!(
        kinds.values().all(|spread| spread["p95_us"].as_f64() > Some(0.0)),
        "{said}"
    );
}

#[test]
fn responses_are_found_while_somebody_types() {
    let _machine = MACHINE.blocking_lock();
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("onqueue.db").display());
    let small = ["--responses", "500", "--queries", "20", "--edits", "3"];
    let said = drive(&[&["responses", "--url", &url][..], &small].concat());
    let of = |pointer: &str| said.pointer(pointer).and_then(Value::as_f64).unwrap_or_default();
    for pointer in [
        "/finds/all/p99_us",
        "/finds/de/p50_us",
        "/finds/en/p50_us",
        "/after_edit/p99_us",
        "/imported_s",
    ] {
        assert!(of(pointer) > 0.0, "{pointer} in {said}");
    }
    // Which ten of those that fit are found is a matter of use, but hardly one of the twenty is not among so few.
    assert!(of("/finds/among_ten") >= 0.85, "{said}");
}

#[test]
fn routing_is_measured_beside_its_rivals() {
    let _machine = MACHINE.blocking_lock();
    let small = ["--runs", "1", "--agents", "20", "--waiting", "100", "--explained", "50"];
    let said = drive(&[&["routing", "--seconds", "0.4", "--tick", "250"][..], &small].concat());
    let value = |label: &str| value(&said, label);
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

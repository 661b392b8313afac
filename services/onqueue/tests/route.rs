//! `onqueue route` as a person or a program meets it: what is printed where, and the exit codes.
#![allow(clippy::disallowed_methods, reason = "a test of the process starts it")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const LOG: &str = r#"{"queues":{"support":{"limit":1}},"agents":[{"id":"anna","queues":[{"id":"support"}]}]}
{"t":1000,"command":"enqueue","interaction":"i1","queue":"support"}
{"t":2000,"command":"enqueue","interaction":"i2","queue":"support"}
{"t":3000,"command":"go_on_queue","agent":"anna"}
"#;

const ASSIGNED: &str = "{\"t\":3000,\"interaction\":\"i1\",\"agent\":\"anna\"}\n";

/// Runs `onqueue route` with a log on its standard input.
fn route(log: &str, options: &[&str]) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_onqueue"))
        .args(["route", "-"])
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut input = process.stdin.take().expect("its input");
    input.write_all(log.as_bytes()).expect("it reads its input");
    drop(input);
    process.wait_with_output().expect("it ends")
}

fn printed(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("text")
}

fn complained(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("text")
}

#[test]
fn assignments_are_printed_and_refusals_counted() {
    let output = route(LOG, &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(printed(&output), ASSIGNED);
    assert_eq!(
        complained(&output),
        "onqueue: refused: 1; --explain says which and why\n"
    );
}

#[test]
fn explanations_and_the_digest_are_printed_if_asked_for() {
    let output = route(LOG, &["--explain", "--digest"]);
    let starts = [
        r#"{"t":2000,"refused":{"line":3,"command":"enqueue","reason":"queue_full"}}"#,
        r#"{"t":3000,"decision":{"interaction":"i1","queue":"support","#,
        ASSIGNED.trim_end(),
        r#"{"digest":""#,
    ];
    let lines: Vec<&str> = printed(&output).lines().collect();
    assert_eq!(lines.len(), starts.len(), "{lines:?}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
}

#[test]
fn a_mistake_at_the_end_is_found_before_anything_is_printed() {
    let output = route(
        &format!("{LOG}{{\"t\":4000,\"command\":\"cancel\",\"intraction\":\"i1\"}}\n"),
        &[],
    );
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(printed(&output), "");
    let expected = "onqueue: -: line 5, column 41: unknown field `intraction`: did you mean `interaction`?\n";
    assert_eq!(complained(&output), expected);
}

#[test]
fn a_file_that_is_not_there_is_bad_input() {
    let output = Command::new(env!("CARGO_BIN_EXE_onqueue"))
        .args(["route", "no-such-log.jsonl"])
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        complained(&output).starts_with("onqueue: no-such-log.jsonl: "),
        "{}",
        complained(&output)
    );
}

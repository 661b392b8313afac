//! `onqueue script check` as a person or a program meets it: what is printed where, and the exit codes.
#![allow(clippy::disallowed_methods, reason = "a test of the process starts it")]

use serde_json::Value as Json;
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/scripts/return-of-goods.json")
}

/// Runs `onqueue script check` in a folder.
fn check(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_onqueue"))
        .args(["script", "check"])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut writer = process.stdin.take().expect("its input");
    // One that reads no input has ended by now.
    let _ = writer.write_all(input);
    drop(writer);
    process.wait_with_output().expect("it ends")
}

fn printed(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("text")
}

fn complained(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("text")
}

/// The example with a mistake in its first rule, and the line where it is.
fn broken() -> (String, usize) {
    let source = fs::read_to_string(example()).expect("the example");
    let broken = source.replacen("answers.reason == 'broken'", "answers.reasn == 'broken'", 1);
    let line = broken
        .lines()
        .position(|line| line.contains("reasn"))
        .expect("the mistake");
    (broken, line + 1)
}

#[test]
fn a_good_script_is_called_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = example();
    let output = check(folder.path(), &[file.to_str().expect("a path")], b"");
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
    assert!(
        printed(&output).contains(": nothing is wrong (SHA-256 "),
        "{}",
        printed(&output)
    );
}

#[test]
fn a_mistake_is_named_with_file_line_column_and_kind() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, line) = broken();
    fs::write(folder.path().join("bad.json"), &source).expect("written");
    fs::copy(example(), folder.path().join("good.json")).expect("copied");
    let output = check(folder.path(), &["bad.json", "good.json"], b"");
    assert_eq!(output.status.code(), Some(1));
    let all: Vec<&str> = printed(&output).lines().collect();
    let (unknown, lines): (Vec<&str>, Vec<&str>) = all.into_iter().partition(|line| line.contains(": not checked: "));
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(unknown.iter().all(|line| line.starts_with("good.json:")), "{unknown:?}");
    let queue = unknown.iter().find(|line| line.contains("the queue “Billing”"));
    assert!(queue.is_some(), "{unknown:?}");
    let start = format!("bad.json:{line}:15: page order, next: There is no answers.reasn: ");
    assert!(
        lines[0].starts_with(&start) && lines[0].ends_with("[VARIABLE_UNKNOWN]"),
        "{lines:?}"
    );
    assert!(lines[1].starts_with("good.json: nothing is wrong"), "{lines:?}");
}

#[test]
fn the_standard_input_is_read_and_json_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, line) = broken();
    let output = check(folder.path(), &["--json", "-", "none.json"], source.as_bytes());
    assert_eq!(output.status.code(), Some(2));
    let reports: Vec<Json> = printed(&output)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let problem = &reports[0]["problems"][0];
    assert_eq!(
        (&reports[0]["file"], &problem["code"]),
        (&Json::from("-"), &Json::from("VARIABLE_UNKNOWN"))
    );
    assert_eq!(problem["line"], line);
    assert_eq!(problem["pointer"], "/pages/0/buttons/0/rules/0/when");
    assert_eq!(reports[1]["file"], "none.json");
    assert!(reports[1]["error"].is_string() && reports[1]["problems"] == Json::Array(Vec::new()));
}

#[test]
fn what_is_no_script_is_refused_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    for (input, said) in [
        (&b""[..], "-:1:1: This is no JSON"),
        (b"{\n  \"format\": 1,\n}", "-:2:"),
        (b"{\"a\": \"\xff\"}", "-:1:8: This is no JSON: its text is not in UTF-8"),
        (b"[]", "-:1:1: This must be an object, and is a list. [TYPE_WRONG]"),
        (b"{\"format\": 7}", "[FORMAT_UNKNOWN]"),
        (&vec![b' '; 600 * 1024], "[TOO_LARGE]"),
    ] {
        let output = check(folder.path(), &["-"], input);
        assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
        assert!(printed(&output).contains(said), "{said}: {}", printed(&output));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_complained_about() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = check(folder.path(), &["none.json"], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        complained(&output).starts_with("onqueue: none.json: "),
        "{}",
        complained(&output)
    );
    assert_eq!(printed(&output), "");
    assert_eq!(
        check(folder.path(), &[], b"").status.code(),
        Some(2),
        "no file is no good"
    );
}

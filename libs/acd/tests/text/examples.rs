//! Every documented example does what its expected output says, also cut in two.

use super::{Example, examples};
use onqueue_acd::text::{COMMANDS, Event, Log, Options, Run, parse, run};
use onqueue_acd::{Engine, Recording};
use sha2::{Digest, Sha256};
use std::convert::Infallible;

fn log(example: &Example) -> Log {
    parse(&example.text).unwrap_or_else(|problem| panic!("{}: {problem}", example.name))
}

fn output(log: &Log, options: Options) -> String {
    let mut lines = String::new();
    let sink = |line: &str| {
        lines.push_str(line);
        lines.push('\n');
        Ok::<(), Infallible>(())
    };
    match run(log, options, sink) {
        Ok(_) => lines,
        Err(never) => match never {},
    }
}

#[test]
fn there_is_an_example_of_every_command() {
    for command in COMMANDS {
        let named = examples().into_iter().find(|example| example.name == *command);
        let example = named.unwrap_or_else(|| panic!("docs/examples/routing/{command}.jsonl is missing"));
        let said = format!("\"command\":\"{command}\"");
        assert!(example.text.contains(&said), "{command} is not in its example");
    }
}

#[test]
fn each_example_gives_its_expected_output() {
    let explain = Options {
        explain: true,
        digest: false,
    };
    for example in examples() {
        let output = output(&log(&example), explain);
        assert_eq!(output, example.expected, "{}", example.name);
    }
}

#[test]
fn without_explain_only_assignments_are_printed() {
    for example in examples() {
        let expected = example
            .expected
            .lines()
            .filter(|line| line.contains("\"agent\":") && !line.contains("\"decision\":"));
        let output = output(&log(&example), Options::default());
        assert_eq!(
            output.lines().collect::<Vec<_>>(),
            expected.collect::<Vec<_>>(),
            "{}",
            example.name
        );
    }
}

#[test]
fn the_digest_is_the_last_line_and_does_not_depend_on_what_is_explained() {
    for example in examples() {
        let digest = |explain| {
            let output = output(&log(&example), Options { explain, digest: true });
            output.lines().last().map(str::to_owned)
        };
        let digest_line = digest(true).expect("a line");
        assert!(
            digest_line.starts_with("{\"digest\":\"") && digest_line.len() == 77,
            "{digest_line}"
        );
        assert_eq!(Some(digest_line), digest(false), "{}", example.name);
    }
}

/// What every build of every machine finds. Another value means that stored logs no longer end as they did, or that there is
/// another example.
const DIGEST_OF_EXAMPLES: &str = "966cd0964dee80d90c5f003589ce8e18fcfa92971db57f6551852257fa5956c6";

/// `cargo xtask test --long` runs this in release too.
#[test]
fn every_build_comes_to_the_same_digest() {
    let digest = Options {
        explain: false,
        digest: true,
    };
    let mut all = Sha256::new();
    for example in examples() {
        all.update(output(&log(&example), digest));
    }
    let found: String = all.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(found, DIGEST_OF_EXAMPLES);
}

/// Everything that happens, and the digest, with the engine exchanged for one read back from its snapshot before the entry
/// with this place.
fn cut_before(log: &Log, cut: usize) -> (Vec<Event>, [u8; 32]) {
    let mut run = Run::begin(log, Recording::On);
    let mut events = Vec::new();
    for (place, entry) in log.entries.iter().enumerate() {
        if place == cut {
            run = resumed(run);
        }
        events.extend(run.take(entry));
    }
    if cut == log.entries.len() {
        run = resumed(run);
    }
    events.extend(run.finish());
    (events, run.engine().digest())
}

fn resumed(run: Run) -> Run {
    let snapshot = serde_json::to_vec(run.engine()).expect("a snapshot");
    let engine: Engine = serde_json::from_slice(&snapshot).expect("the engine of the snapshot");
    run.with_engine(engine)
}

#[test]
fn a_log_cut_anywhere_and_resumed_from_a_snapshot_ends_as_the_whole() {
    for example in examples() {
        let log = log(&example);
        let whole = cut_before(&log, usize::MAX);
        for cut in 0..=log.entries.len() {
            assert_eq!(cut_before(&log, cut), whole, "{} cut before entry {cut}", example.name);
        }
    }
}

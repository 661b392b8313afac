//! `cargo xtask bench routing`: what the engine costs alone, and what an assignment costs when it is durable, beside other ways
//! to assign. The measuring itself is done by the engine's example `speed` and by the release binary `bench`, which starts
//! what it needs.

use super::{
    build, figure, messages, numbers,
    report::{Figure, Report},
};
use crate::{
    cli::{Failure, Outcome},
    needs, process, tree,
};
use serde_json::Value;
use std::process::Stdio;

/// What one must know to read the engine's rows; the driver says the rest.
const NOTES: &str = "\
- *Engine*: `apply` of `libs/acd` on one core, nothing else running: 200 skills, 50 queues, 100,000 waiting, decisions recorded;
  *offer* enqueues what is offered at once, *wait* what waits, *freed* is an end that brings an offer. *Recording* is the mean
  with decisions recorded over the mean without, *10,000 → 100,000* the ratio of the medians.
- *Simulated events*: 100 agents at nine tenths of their load, arrivals and ends, every one decided by the engine, one core.
";

/// Agents in the engine's centres.
const SIZES: [u64; 4] = [100, 1_000, 10_000, 100_000];
/// What is measured in each, as the example and as the table name it.
const ROWS: [(&str, &str); 3] = [
    ("enqueue and offer", "offer"),
    ("enqueue and wait", "wait"),
    ("agent freed", "freed"),
];
/// The size for which there are goals.
const LARGE: u64 = 10_000;
/// How many kinds of chats there are in each queue.
const KINDS: u64 = 20;
const MEDIAN: &str = "median_us";

/// Measures every figure `runs` times and writes its part of docs/benchmarks.md.
pub fn routing(runs: usize) -> Outcome {
    needs::for_test()?;
    build()?;
    process::show(process::cargo(&[
        "build",
        "--release",
        "--workspace",
        "--example",
        "speed",
    ]))?;
    let mut figures = engine(runs)?;
    let runs_text = runs.to_string();
    let mut driver = process::command(tree::target().join("release/bench"), &["routing", "--runs", &runs_text]);
    // What it is at is said on standard error.
    driver.stderr(Stdio::inherit());
    let said = json(&process::answer(driver)?)?;
    let durable = said["figures"].as_array().into_iter().flatten().map(messages::figure);
    figures.extend(durable.collect::<Outcome<Vec<_>>>()?);
    let notes = format!("{NOTES}{}", said["notes"].as_str().unwrap_or_default());
    Report::of("routing", runs, figures, notes)?.publish()
}

fn json(said: &str) -> Outcome<Value> {
    serde_json::from_str(said).map_err(|error| Failure(format!("the driver does not speak JSON ({error}):\n{said}")))
}

fn engine(runs: usize) -> Outcome<Vec<Figure>> {
    let mut said = Vec::new();
    for run in 1..=runs {
        println!("the engine alone, {run} of {runs}");
        let speed = process::command(tree::target().join("release/examples/speed"), &["--json"]);
        said.push(json(&process::answer(speed)?)?);
    }
    engine_figures(&said)
}

fn engine_figures(said: &[Value]) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    for agents in SIZES {
        for (row, name) in ROWS {
            let label = |what: &str| format!("engine, {agents} agents, {name}, {what}");
            let goal = |text: &'static str| if agents == LARGE { text } else { "" };
            for (what, key, limit) in [("median", MEDIAN, "P1: ≤ 5"), ("p99", "p99_us", "P1: ≤ 50")] {
                figures.push(figure(
                    &label(what),
                    "µs",
                    goal(limit),
                    of(said, agents, true, (row, key))?,
                ));
            }
            if agents == LARGE {
                let [rates, bare] = [true, false].map(|recorded| of(said, agents, recorded, (row, "per_second")));
                let (rates, bare) = (rates?, bare?);
                let times = quotients(&bare, &rates);
                figures.push(figure(&label("rate"), "1/s", "P1: ≥ 200,000", rates));
                figures.push(figure(&label("recording"), "×", "P1: ≤ 2", times));
            }
        }
    }
    for (row, name) in ROWS {
        let [large, huge] = [LARGE, 10 * LARGE].map(|agents| of(said, agents, true, (row, MEDIAN)));
        let label = format!("engine, 10,000 → 100,000 agents, {name}");
        figures.push(figure(&label, "×", "P1: ≤ 3", quotients(&huge?, &large?)));
    }
    let events = numbers(said, "/events_per_second", 1.0)?;
    figures.push(figure("simulated events, 100 agents", "1/s", "P2: ≥ 1,000,000", events));
    Ok(figures)
}

/// What each run says of one row of the centre of that size.
fn of(said: &[Value], agents: u64, recorded: bool, (row, key): (&str, &str)) -> Outcome<Vec<f64>> {
    let is_meant =
        |centre: &&Value| centre["agents"] == agents && centre["kinds"] == KINDS && centre["recorded"] == recorded;
    let one = |said: &Value| {
        let centre = said["centres"].as_array()?.iter().find(is_meant)?;
        let row = centre["rows"].as_array()?.iter().find(|one| one["what"] == row)?;
        row[key].as_f64()
    };
    let all: Option<Vec<f64>> = said.iter().map(one).collect();
    all.ok_or_else(|| Failure(format!("the example said nothing about {row} with {agents} agents")))
}

fn quotients(over: &[f64], under: &[f64]) -> Vec<f64> {
    over.iter().zip(under).map(|(over, under)| over / under).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(agents: &[u64]) -> Value {
        let row = |(what, _)| json!({ "what": what, "median_us": 2.0, "p99_us": 8.0, "per_second": 250_000.0 });
        let rows: Vec<_> = ROWS.map(row).into();
        let centre =
            |agents: &u64, recorded| json!({ "agents": agents, "kinds": 20, "recorded": recorded, "rows": rows });
        let centres = agents
            .iter()
            .flat_map(|agents| [centre(agents, true), centre(agents, false)]);
        json!({ "events_per_second": 1e6, "centres": centres.collect::<Vec<_>>() })
    }

    #[test]
    fn every_size_has_its_rows_and_a_missing_one_is_a_failure() {
        let figures = engine_figures(&[said(&SIZES), said(&SIZES)]).expect("all there");
        assert!(figures.iter().all(|figure| figure.values.len() == 2));
        let named = |label: &str| figures.iter().find(|figure| figure.label == label).expect(label);
        assert_eq!(named("engine, 10000 agents, freed, median").goal, "P1: ≤ 5");
        assert_eq!(named("engine, 10000 agents, offer, recording").values, [1.0, 1.0]);
        assert!(engine_figures(&[said(&SIZES[..3])]).is_err());
    }
}

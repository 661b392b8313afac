//! `cargo xtask bench first`: start, idle memory, size, one pair's round trip and sends a second of the release build,
//! embedded with SQLite.

mod broken;
mod ejabberd;
mod goals;
mod messages;
mod report;
mod responses;
mod routing;
mod search;

pub use broken::broken;
pub use messages::messages;
pub use responses::responses;
pub use routing::routing;
pub use search::search;

use crate::{
    cli::{Failure, Outcome},
    needs, pages,
    process::{self, Output},
    serving::{Rates, Serving, Start},
    tree,
};
use report::{Figure, Report};
use serde_json::Value;
use std::{
    fs::{self, File},
    thread,
    time::Duration,
};

/// Builds what is measured. All of it each time, whatever is asked for: cargo chooses the features of libraries by what is
/// built, and other features mean that every library is built again.
pub const MEASURED: [&str; 11] = [
    "build",
    "--release",
    "--workspace",
    "--bin",
    "onqueue",
    "--bin",
    "load",
    "--bin",
    "bench",
    "--bin",
    "chaos",
];

/// What the load driver is asked for.
const SENDERS: &str = "64";
const SECONDS: &str = "10";

/// What one must know to read the table.
const NOTES: &str = "\
- Everything runs on the one machine and shares its cores: the onqueue process (release build, all services embedded, SQLite
  with `synchronous = FULL`) and the load driver.
- *Start to serving*: from starting the process until it says that it serves, without the demo organisation, whose password
  hashes take time on purpose.
- *One pair's round trip*: a customer sends, the message comes out of the supervisor's open stream, in turn, nobody else there.
- *Sends with 64 senders*: closed loop, each in a conversation of its own with an open stream on the other side; a send counts
  when it was acknowledged, which is after its commit.
- For the load, and only for it, the rates and the connections that one address and one caller may have are raised.
- Absolute values move by a quarter between runs; compare medians.
";

/// Measures every figure `runs` times and writes docs/benchmarks.md.
pub fn first(runs: usize) -> Outcome {
    needs::for_run()?;
    build()?;
    let mut figures = vec![size()?];
    figures.extend(starts(runs)?);
    figures.extend(loads(runs)?);
    Report::of("first", runs, figures, NOTES.to_owned())?.publish()
}

fn build() -> Outcome {
    println!("Building the pages and the release binaries (the first time on two cores about 20 minutes)");
    let mut log = File::create(tree::scratch("logs")?.join("bench.log")).map_err(|error| format!("no log: {error}"))?;
    pages::install(&mut log, Output::Shown)?;
    pages::build(&mut log, Output::Shown)?;
    process::show(process::cargo(&MEASURED))
}

fn size() -> Outcome<Figure> {
    let path = tree::target().join("release/onqueue");
    let bytes = fs::metadata(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?
        .len();
    Ok(figure("file of the binary", "MB", "P9: ≤ 60", vec![bytes as f64 / 1e6]))
}

/// Starts it on a new folder, lets it settle, and starts it again on what is there now.
fn starts(runs: usize) -> Outcome<[Figure; 3]> {
    let (mut new, mut again, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for run in 1..=runs {
        println!("start and idle memory, {run} of {runs}");
        let folder = folder()?;
        let start = Start {
            profile: "release",
            folder: folder.path(),
            demo: false,
            rates: Rates::Default,
        };
        let serving = Serving::start(&start)?;
        new.push(milliseconds(serving.took));
        memory.push(settled_memory(&serving)?);
        drop(serving);
        again.push(milliseconds(Serving::start(&start)?.took));
    }
    let goal = "P9: ≤ 300";
    Ok([
        figure("start to serving, new folder", "ms", goal, new),
        figure("start to serving, existing folder", "ms", goal, again),
        figure("idle memory (resident)", "MB", "P9: ≤ 60", memory),
    ])
}

/// Memory in MB once it has not grown for two seconds.
fn settled_memory(serving: &Serving) -> Outcome<f64> {
    let (mut last, mut quiet) = (serving.resident_kib()?, 0);
    while quiet < 4 {
        thread::sleep(Duration::from_millis(500));
        let now = serving.resident_kib()?;
        quiet = if now > last { 0 } else { quiet + 1 };
        last = now;
    }
    Ok(last as f64 * 1_024.0 / 1e6)
}

/// Runs the load driver, each time against a process of its own.
fn loads(runs: usize) -> Outcome<Vec<Figure>> {
    let mut said = Vec::new();
    for run in 1..=runs {
        println!("one pair, then {SENDERS} senders for {SECONDS} s, {run} of {runs}");
        said.push(load()?);
    }
    [
        ("one pair's round trip, p50", "ms", "P5: ≤ 0.8", "/pair/p50_us", 1e-3),
        ("one pair's round trip, p99", "ms", "", "/pair/p99_us", 1e-3),
        ("sends with 64 senders", "1/s", "P5: ≥ 5,000", "/sends/per_second", 1.0),
        (
            "send to acknowledgement, 64 senders, p50",
            "ms",
            "",
            "/sends/p50_us",
            1e-3,
        ),
        (
            "send to acknowledgement, 64 senders, p99",
            "ms",
            "",
            "/sends/p99_us",
            1e-3,
        ),
    ]
    .into_iter()
    .map(|(label, unit, goal, place, factor)| Ok(figure(label, unit, goal, numbers(&said, place, factor)?)))
    .collect()
}

fn load() -> Outcome<Value> {
    let folder = folder()?;
    let serving = Serving::start(&Start {
        profile: "release",
        folder: folder.path(),
        demo: true,
        rates: Rates::Raised,
    })?;
    let address = serving.address()?;
    let mut driver = process::command(
        tree::target().join("release/load"),
        &["--organisation", "demo", "--pairs", "1"],
    );
    driver.args(["--address", address.trim_start_matches("http://")]);
    driver.args(["--senders", SENDERS, "--seconds", SECONDS]);
    driver.arg("--passwords").arg(serving.credentials()?);
    let said = process::answer(driver)?;
    serde_json::from_str(&said)
        .map_err(|error| Failure(format!("the load driver does not speak JSON ({error}):\n{said}")))
}

fn numbers(said: &[Value], place: &str, factor: f64) -> Outcome<Vec<f64>> {
    said.iter()
        .map(|one| one.pointer(place).and_then(Value::as_f64).map(|number| number * factor))
        .collect::<Option<_>>()
        .ok_or_else(|| Failure(format!("the load driver said nothing about {place}")))
}

fn figure(label: &str, unit: &str, goal: &str, values: Vec<f64>) -> Figure {
    Figure {
        label: label.to_owned(),
        unit: unit.to_owned(),
        goal: goal.to_owned(),
        values,
    }
}

fn folder() -> Outcome<tempfile::TempDir> {
    // Beside the target folder and not on a memory file system: commits are meant to reach a disk.
    tempfile::tempdir_in(tree::scratch("bench")?).map_err(|error| Failure(format!("cannot make a folder: {error}")))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_from_every_run_or_not_at_all() {
        let run = |p50: u64| serde_json::json!({ "pair": { "p50_us": p50 } });
        assert_eq!(
            numbers(&[run(500), run(1_500)], "/pair/p50_us", 1e-3).expect("both"),
            [0.5, 1.5]
        );
        assert!(numbers(&[run(1), Value::Null], "/pair/p50_us", 1.0).is_err());
    }
}

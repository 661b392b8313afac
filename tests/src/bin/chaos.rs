//! The driver of `cargo xtask chaos`: runs scenarios against the binary beside this one, prints what each found, and at the
//! end a table of every goal. Exits with 1 if anything did not hold.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use clap::Parser;
use futures::{FutureExt as _, future::LocalBoxFuture};
use onqueue_tests::scenario::{Goal, NAMES, Report, Scenario, Size};
use std::{
    any::Any,
    panic::AssertUnwindSafe,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// No scenario takes longer; one that does is given up, and the next one is run.
const LONGEST: Duration = Duration::from_secs(20 * 60);

/// Within how many runs stale writes must be found when nothing keeps them away.
const RUNS: usize = 3;

/// What to run.
#[derive(Debug, Parser)]
struct Arguments {
    /// A scenario, the beginning of several, or `all`.
    scenario: String,
    /// Makes the run repeatable as far as the machine allows.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Rounds instead of the scenario's own.
    #[arg(long)]
    rounds: Option<usize>,
    /// A few rounds under a small load.
    #[arg(long)]
    short: bool,
    /// Without routing's fence: the run has to find stale writes, and fails if it does not. Debug builds only.
    #[arg(long)]
    no_fence: bool,
    /// Keeps the members' logs there, in a folder for each scenario.
    #[arg(long)]
    logs: Option<PathBuf>,
}

/// What became of a scenario.
struct Outcome {
    name: &'static str,
    took: Duration,
    /// Or why it was not run to its end.
    report: Result<Report, String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let is_meant = |name: &&str| arguments.scenario == "all" || name.starts_with(&arguments.scenario);
    let names: Vec<&str> = NAMES.into_iter().filter(is_meant).collect();
    if names.is_empty() {
        println!("there is no {}; there are {}", arguments.scenario, NAMES.join(", "));
        return ExitCode::from(2);
    }
    let mut outcomes = Vec::new();
    for name in names {
        let outcome = run(name, &arguments).await;
        match &outcome.report {
            Ok(report) => println!("{report}"),
            Err(problem) => println!("{name}: FAILED\n  given up: {problem}\n"),
        }
        outcomes.push(outcome);
    }
    if arguments.no_fence {
        let finds = outcomes.iter().all(Outcome::finds_stale_writes);
        println!("stale writes found without the fence: {finds}");
        return if finds { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    print_table(&outcomes);
    match outcomes.iter().all(Outcome::passed) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// One scenario, whose failure stops no other.
async fn run(name: &'static str, arguments: &Arguments) -> Outcome {
    let mut outcome = run_once(name, arguments, arguments.seed).await;
    let runs = if arguments.no_fence { RUNS } else { 1 };
    for seed in (arguments.seed..).take(runs).skip(1) {
        if outcome.finds_stale_writes() {
            break;
        }
        outcome = run_once(name, arguments, seed).await;
    }
    outcome
}

async fn run_once(name: &'static str, arguments: &Arguments, seed: u64) -> Outcome {
    let size = if arguments.short { Size::Short } else { Size::Full };
    let mut scenario = Scenario::named(name, size).expect("is in the list");
    scenario.logs.clone_from(&arguments.logs);
    scenario.rounds = arguments.rounds.unwrap_or(scenario.rounds);
    if arguments.no_fence {
        scenario = scenario.without_fence();
    }
    let began = Instant::now();
    let run: LocalBoxFuture<'_, Report> = scenario.run(seed).boxed_local();
    let run = AssertUnwindSafe(timeout(LONGEST, run)).catch_unwind();
    let report = match run.await {
        Ok(Ok(report)) => Ok(report),
        Ok(Err(_)) => Err(format!("not done after {LONGEST:?}")),
        Err(panic) => Err(said(panic.as_ref())),
    };
    Outcome {
        name,
        took: began.elapsed(),
        report,
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    let first = text.and_then(|text| text.lines().next());
    first.unwrap_or("it fell over").to_owned()
}

impl Outcome {
    fn passed(&self) -> bool {
        self.report.as_ref().is_ok_and(Report::passed)
    }

    fn finds_stale_writes(&self) -> bool {
        let is_stale = |report: &Report| report.violations.iter().any(|violation| violation.invariant == 7);
        self.report.as_ref().is_ok_and(is_stale)
    }
}

fn print_table(outcomes: &[Outcome]) {
    let line = |scenario: &str, goal: &str, found: &str, limit: &str, word: &str| {
        println!("{scenario:<18} {goal:<32} {found:<22} {limit:<8} {word}");
    };
    line("scenario", "goal", "found", "limit", "");
    for outcome in outcomes {
        let (mut name, took) = (outcome.name, format!("{:.0?}", outcome.took));
        match &outcome.report {
            Err(_) => line(name, "runs to its end", &took, "", "MISSED"),
            Ok(report) => {
                for Goal {
                    name: goal,
                    limit,
                    found,
                    is_held,
                } in &report.goals
                {
                    line(name, goal, found, limit, if *is_held { "held" } else { "MISSED" });
                    name = "";
                }
                if !report.complaints.is_empty() {
                    let count = report.complaints.len().to_string();
                    line(name, "complaints", &count, "0", "MISSED");
                }
            }
        }
    }
    let passed = outcomes.iter().filter(|outcome| outcome.passed()).count();
    let took: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    println!(
        "\n{passed} of {} scenarios held every goal, in {took:.0?}",
        outcomes.len()
    );
}

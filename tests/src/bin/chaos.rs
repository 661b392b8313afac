//! The driver of `cargo xtask chaos`: runs scenarios against the binary beside this one and prints a table for each. Exits
//! with 1 if anything did not hold.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use clap::Parser;
use onqueue_tests::scenario::{NAMES, Report, STREAMS, Scenario, Size};
use std::process::ExitCode;

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
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let size = if arguments.short { Size::Short } else { Size::Full };
    let is_meant = |name: &&str| arguments.scenario == "all" || name.starts_with(&arguments.scenario);
    let names: Vec<&str> = NAMES.into_iter().chain([STREAMS]).filter(is_meant).collect();
    if names.is_empty() {
        println!(
            "there is no {}; there are {} and {STREAMS}",
            arguments.scenario,
            NAMES.join(", ")
        );
        return ExitCode::from(2);
    }
    let mut is_good = true;
    for name in names {
        let Some(mut scenario) = Scenario::named(name, size) else {
            continue;
        };
        scenario.rounds = arguments.rounds.unwrap_or(scenario.rounds);
        if arguments.no_fence {
            scenario = scenario.without_fence();
        }
        let report = scenario.run(arguments.seed).await;
        println!("{report}");
        is_good &= match arguments.no_fence {
            true => finds_stale_writes(&report),
            false => report.passed(),
        };
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn finds_stale_writes(report: &Report) -> bool {
    report.violations.iter().any(|violation| violation.invariant == 7)
}

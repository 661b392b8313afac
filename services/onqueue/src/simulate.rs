//! `onqueue simulate`: what would happen in a contact centre like this.

use crate::{
    cli::Simulate,
    output::{complain, progress, say},
};
use onqueue_simulation::{Mistake, Model, Outcome, Report, Scenario, Tally, plots, table};
use std::{
    fs, io,
    num::NonZero,
    path::Path,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

/// The scenario cannot be used, as arguments that cannot.
const UNUSABLE_SCENARIO: u8 = 2;

/// Reads the scenario, runs it as often as it says and tells what came out.
pub fn simulate(options: &Simulate) -> ExitCode {
    let scenario = match read(&options.file) {
        Ok(scenario) => scenario,
        Err(mistakes) => {
            complain(format_args!("onqueue: {} cannot be simulated:", options.file.display()));
            mistakes
                .iter()
                .for_each(|mistake| complain(format_args!("  {mistake}")));
            return ExitCode::from(UNUSABLE_SCENARIO);
        }
    };
    match tell(&report(&scenario, options), options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("onqueue: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn read(file: &Path) -> Result<Scenario, Vec<String>> {
    let text = fs::read_to_string(file).map_err(|error| vec![error.to_string()])?;
    Scenario::parse(&text).map_err(|mistakes| mistakes.iter().map(Mistake::to_string).collect())
}

fn report(scenario: &Scenario, options: &Simulate) -> Report {
    let seed = options.seed.unwrap_or(scenario.seed);
    let replications = options.replications.map_or(scenario.replications, NonZero::get);
    let bar = progress(u64::from(replications) * scenario.variants.len() as u64);
    let outcomes = scenario.variants.iter().map(|variant| {
        bar.set_message(variant.name.clone());
        let model = variant.model(seed);
        let tallies = replicate(&model, replications, || bar.inc(1));
        Outcome::of(&variant.name, &model, &tallies)
    });
    let outcomes = outcomes.collect();
    bar.finish_and_clear();
    Report::new(scenario, seed, replications, outcomes)
}

/// Shares the replications among the cores; the tallies come in the order of their numbers, so that sums are the same each
/// time.
fn replicate(model: &Model, replications: u32, done: impl Fn() + Sync) -> Vec<Tally> {
    let next = AtomicU32::new(0);
    let tallies = Mutex::new(Vec::new());
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= replications {
                return;
            }
            let tally = model.replicate(number);
            tallies
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((number, tally));
            done();
        }
    };
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        (0..cores).for_each(|_| drop(scope.spawn(work)));
    });
    let mut tallies = tallies.into_inner().unwrap_or_else(PoisonError::into_inner);
    tallies.sort_by_key(|(number, _)| *number);
    tallies.into_iter().map(|(_, tally)| tally).collect()
}

fn tell(report: &Report, options: &Simulate) -> io::Result<()> {
    if options.json {
        say(serde_json::to_string_pretty(report)?);
    } else {
        say(table(report).trim_end());
    }
    let Some(folder) = &options.plots else { return Ok(()) };
    fs::create_dir_all(folder).map_err(|error| of_file(folder, &error))?;
    for plot in plots(report) {
        let file = folder.join(plot.name).with_extension("svg");
        fs::write(&file, plot.svg).map_err(|error| of_file(&file, &error))?;
    }
    Ok(())
}

fn of_file(file: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", file.display()))
}

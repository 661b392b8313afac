//! `onqueue route`: what comes of a routing log.

use crate::{
    cli::Route,
    output::{complain, lines},
};
use onqueue_acd::Engine;
use onqueue_acd::text::{Log, Options, Summary, parse, run, run_from};
use std::{
    fmt::Display,
    fs,
    io::{self, ErrorKind, Read as _, Write as _},
    path::Path,
    process::ExitCode,
};

/// The log cannot be used, as arguments that cannot.
const UNUSABLE_LOG: u8 = 2;

/// Reads the whole log, and only then feeds it to an engine and prints what comes of it.
pub fn route(options: &Route) -> ExitCode {
    let log = match read(&options.file) {
        Ok(log) => log,
        Err(problem) => return unusable(&options.file, &problem),
    };
    match options.snapshot.as_deref().map(|file| (file, snapshot(file))) {
        None => ended(print(None, &log, options)),
        Some((_, Ok(engine))) => ended(print(Some(engine), &log, options)),
        Some((file, Err(problem))) => unusable(file, &problem),
    }
}

fn unusable(file: &Path, problem: &str) -> ExitCode {
    complain(format_args!("onqueue: {}: {problem}", file.display()));
    ExitCode::from(UNUSABLE_LOG)
}

fn snapshot(file: &Path) -> Result<Engine, String> {
    let bytes = fs::read(file).map_err(told)?;
    serde_json::from_slice(&bytes).map_err(|error| format!("this is no snapshot of an engine of this version: {error}"))
}

fn read(file: &Path) -> Result<Log, String> {
    let text = match file.as_os_str() == "-" {
        true => standard_input(),
        false => fs::read(file),
    };
    parse(text.map_err(told)?).map_err(told)
}

fn told(problem: impl Display) -> String {
    problem.to_string()
}

fn standard_input() -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    io::stdin().lock().read_to_end(&mut text)?;
    Ok(text)
}

fn print(from: Option<Engine>, log: &Log, options: &Route) -> io::Result<Summary> {
    let mut lines = lines();
    let options = Options {
        explain: options.explain,
        digest: options.digest,
    };
    let sink = |line: &str| writeln!(lines, "{line}");
    let summary = match from {
        Some(engine) => run_from(engine, log, options, sink)?,
        None => run(log, options, sink)?,
    };
    lines.flush()?;
    Ok(summary)
}

fn ended(printed: io::Result<Summary>) -> ExitCode {
    match printed {
        Ok(Summary { refusals: 0, .. }) => ExitCode::SUCCESS,
        Ok(Summary { refusals, .. }) => {
            complain(format_args!(
                "onqueue: refused: {refusals}; --explain says which and why"
            ));
            ExitCode::SUCCESS
        }
        // Who listens no more (`onqueue route … | head`) has heard enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("onqueue: {error}"));
            ExitCode::FAILURE
        }
    }
}

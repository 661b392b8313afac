//! `onqueue route`: what comes of a routing log.

use crate::{
    cli::Route,
    output::{complain, lines},
};
use onqueue_acd::text::{Log, Options, Summary, parse, run};
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
    let file = options.file.display();
    match read(&options.file) {
        Ok(log) => ended(print(&log, options)),
        Err(problem) => {
            complain(format_args!("onqueue: {file}: {problem}"));
            ExitCode::from(UNUSABLE_LOG)
        }
    }
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

fn print(log: &Log, options: &Route) -> io::Result<Summary> {
    let mut lines = lines();
    let options = Options {
        explain: options.explain,
        digest: options.digest,
    };
    let summary = run(log, options, |line| writeln!(lines, "{line}"))?;
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

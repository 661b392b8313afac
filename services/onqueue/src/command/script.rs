//! `onqueue script check`: what is wrong with scripts that are kept in files.

use crate::{
    cli::ScriptCheck,
    output::{complain, lines},
};
use onqueue_script::{MAX_BYTES, Mention, Problem, Script};
use serde::Serialize;
use std::{
    fs::File,
    io::{self, ErrorKind, Read, Write},
    path::Path,
    process::ExitCode,
};

/// Something is wrong with a script.
const WRONG: u8 = 1;

/// A file cannot be read.
const UNREADABLE: u8 = 2;

/// What is said of one file.
#[derive(Debug, Serialize)]
struct Report {
    file: String,
    /// Of a script with which nothing is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    problems: Vec<Problem>,
    /// What it names that is not in the file: whether that is there, this command cannot know.
    not_checked: Vec<Mention>,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Checks every file, whatever is wrong with the others.
pub fn check(options: &ScriptCheck) -> ExitCode {
    let reports: Vec<Report> = options.files.iter().map(|file| report(file)).collect();
    match print(&reports, options.json) {
        Ok(()) => ExitCode::from(code(&reports)),
        // Who listens no more (`onqueue script check … | head`) has heard enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(code(&reports)),
        Err(error) => {
            complain(format_args!("onqueue: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn code(reports: &[Report]) -> u8 {
    let code = |report: &Report| match (&report.error, report.problems.is_empty()) {
        (Some(_), _) => UNREADABLE,
        (None, false) => WRONG,
        (None, true) => 0,
    };
    reports.iter().map(code).max().unwrap_or_default()
}

fn report(file: &Path) -> Report {
    let mut report = Report {
        file: file.display().to_string(),
        digest: None,
        problems: Vec::new(),
        not_checked: Vec::new(),
        error: None,
    };
    match read(file).map(|bytes| Script::read(&bytes)) {
        Ok(Ok(script)) => {
            report.digest = Some(script.digest().to_owned());
            report.not_checked = script.mentions().to_vec();
        }
        Ok(Err(problems)) => report.problems = problems,
        Err(error) => report.error = Some(error.to_string()),
    }
    report
}

/// Of a file that is too large no more than shows that it is.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(8);
    let mut bytes = Vec::new();
    match file.as_os_str() == "-" {
        true => io::stdin().lock().take(most).read_to_end(&mut bytes)?,
        false => File::open(file)?.take(most).read_to_end(&mut bytes)?,
    };
    Ok(bytes)
}

fn print(reports: &[Report], json: bool) -> io::Result<()> {
    let mut lines = lines();
    for report in reports {
        match json {
            true => writeln!(lines, "{}", serde_json::to_string(report)?)?,
            false => tell(&mut lines, report)?,
        }
    }
    lines.flush()
}

fn tell(lines: &mut impl Write, report: &Report) -> io::Result<()> {
    let file = &report.file;
    if let Some(error) = &report.error {
        complain(format_args!("onqueue: {file}: {error}"));
    }
    for Problem { code, place, message } in &report.problems {
        let (line, column) = (place.line, place.column);
        let place = match (place.page.as_str(), place.item.as_str()) {
            ("", _) => String::new(),
            (page, "") => format!("page {page}: "),
            (page, item) => format!("page {page}, {item}: "),
        };
        writeln!(lines, "{file}:{line}:{column}: {place}{message} [{code}]")?;
    }
    let Some(digest) = &report.digest else { return Ok(()) };
    for Mention { kind, name, place } in &report.not_checked {
        let (kind, line, column) = (kind.words(), place.line, place.column);
        writeln!(
            lines,
            "{file}:{line}:{column}: not checked: whether there is the {kind} “{name}”"
        )?;
    }
    writeln!(lines, "{file}: nothing is wrong (SHA-256 {digest})")
}

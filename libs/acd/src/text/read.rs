//! From the text to a log.

use super::line::{self, Line};
use super::log::Log;
use super::names::Gathered;
use super::problem::Problem;
use super::reader::Reader;
use super::setup::Setup;

/// What to do about a text without its first line.
const BEGINNING: &str =
    "a log begins with its queues, agents and settings: put {\"queues\":{…},\"agents\":[…],\"settings\":{…}} here";

/// Reads a routing log. All of it is looked at before anything is answered; the first problem in the order of the lines is
/// named.
pub fn parse(text: impl AsRef<[u8]>) -> Result<Log, Problem> {
    let text = decoded(text.as_ref())?;
    let mut lines = numbered(text)?;
    let beginning = || Problem::of("", BEGINNING).in_line(0);
    let (index, first) = lines.next().ok_or_else(beginning)?;
    let setup: Setup = line::read(first).map_err(|problem| without_setup(first, problem).in_line(index))?;
    let lines: Vec<Line> = lines
        .map(|(index, line)| Line::read(line).map_err(|problem| problem.in_line(index)))
        .collect::<Result<_, _>>()?;
    let file = File { setup, lines };
    let mut gathered = Gathered::default();
    file.translate(&mut gathered)?;
    let names = gathered.settle();
    let log = file.translate(&mut gathered)?;
    Ok(Log { names, ..log })
}

fn decoded(text: &[u8]) -> Result<&str, Problem> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    std::str::from_utf8(text).map_err(|error| {
        let before = &text[..error.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count();
        Problem::of("", "this is not UTF-8: save the file as UTF-8").in_line(line)
    })
}

/// The lines with their places. Only after the last one may there be empty ones.
fn numbered(text: &str) -> Result<impl Iterator<Item = (usize, &str)>, Problem> {
    let text = text.trim_end();
    let empty = text.lines().position(|line| line.trim().is_empty());
    match empty {
        Some(index) => Err(Problem::of("", "this line is empty: remove it").in_line(index)),
        None => Ok(text.lines().enumerate()),
    }
}

/// The problem of a text that begins with a command.
fn without_setup(first: &str, problem: Problem) -> Problem {
    match Line::read(first) {
        Ok(_) => Problem::of("", BEGINNING),
        Err(_) => problem,
    }
}

struct File {
    setup: Setup,
    lines: Vec<Line>,
}

impl File {
    fn translate(&self, names: &mut Gathered) -> Result<Log, Problem> {
        let auto_accept = self.setup.settings.auto_accept.unwrap_or(true);
        let mut reader = Reader { names, auto_accept };
        let log = reader.setup(&self.setup).map_err(|problem| problem.in_line(0))?;
        let entries = self.lines.iter().zip(1..).map(|(line, index)| {
            let entry = reader.entry(line);
            entry.map_err(|problem| problem.in_line(index))
        });
        let entries = entries.collect::<Result<_, _>>()?;
        Ok(Log { entries, ..log })
    }
}

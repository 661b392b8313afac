//! The routing log as text: one JSON object a line, from which an engine can be fed anywhere. docs/routing-log.md says what
//! the lines hold.

mod asked;
mod configured;
mod fields;
mod line;
mod log;
mod names;
mod output;
mod problem;
mod read;
mod reader;
mod run;
mod setup;
mod value;
mod write;
mod writer;

pub use line::COMMANDS;
pub use log::{Answer, Entry, Input, Log};
pub use names::Names;
pub use problem::Problem;
pub use read::parse;
pub use run::{Event, Options, Run, Summary, What, run, run_from};
pub use write::{lines, write};

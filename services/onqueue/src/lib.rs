//! The onqueue binary: any or all services in one process. It reads settings, composes the services, prints what a person
//! needs, and ends in order; what the services do is theirs.

mod cli;
mod command;
pub mod demo;
mod node;
mod output;
mod route;
pub mod settings;
mod simulate;

pub use cli::Place;
pub use node::{Node, Surroundings, migrate};

use clap::Parser as _;
use std::process::ExitCode;

/// Runs the command line. Exit codes: 0 done, 1 failed, 2 unusable arguments, 78 unusable settings.
pub fn main() -> ExitCode {
    command::run(cli::Cli::parse().command)
}

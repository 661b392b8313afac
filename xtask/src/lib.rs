//! The commands that people type: `cargo xtask run`, `test`, `bench` and `chaos`. They start other programs and say what happens;
//! nothing of the product is in here.
// A program for the terminal: it prints, reads its environment and tells the time itself.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

mod again;
mod alerts;
mod bench;
mod chaos;
mod cli;
mod deployment;
mod needs;
mod pages;
mod process;
mod protos;
mod python;
mod run;
mod servers;
mod serving;
mod supply_chain;
mod test;
mod tree;

pub use cli::main;

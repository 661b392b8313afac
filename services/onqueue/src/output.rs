//! What the binary tells the person who started it. The only place that prints.

#![allow(clippy::print_stdout, clippy::print_stderr)]

/// A line for the person.
pub fn say(line: impl std::fmt::Display) {
    println!("{line}");
}

/// A line about what went wrong.
pub fn complain(line: impl std::fmt::Display) {
    eprintln!("{line}");
}

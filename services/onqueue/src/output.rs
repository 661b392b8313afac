//! What the binary tells the person who started it. The only place that prints.

use indicatif::{ProgressBar, ProgressStyle};
use std::{
    fmt::Display,
    io::{BufWriter, Write, stderr, stdout},
};

/// A line for the person; one who listens no more (`onqueue config print | head`) has ended nothing.
pub fn say(line: impl Display) {
    let _ = writeln!(stdout(), "{line}");
}

/// A line about what went wrong.
pub fn complain(line: impl Display) {
    let _ = writeln!(stderr(), "{line}");
}

/// Where many lines go at once, for a person or a program. What is written last arrives when it is flushed.
pub fn lines() -> impl Write {
    BufWriter::new(stdout().lock())
}

/// A bar that shows how far so many steps are; nothing where nobody looks on.
pub fn progress(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} (about {eta})");
    ProgressBar::new(steps).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

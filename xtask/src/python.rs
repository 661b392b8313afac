//! Virtual environments with pinned packages, for what is tested from Python.

use crate::{
    cli::Outcome,
    process::{self, Output},
    tree::{self, Stamp},
};
use std::{
    fs::File,
    path::{Path, PathBuf},
};

/// The interpreter of the environment of that name with the packages pinned in `pins` (from the checkout's root); made again when
/// the pins change.
pub fn environment(name: &str, pins: &Path, log: &mut File) -> Outcome<PathBuf> {
    let folder = tree::target().join("python").join(name);
    let interpreter = folder.join("bin/python");
    let pinned = tree::root().join(pins);
    let stamp = Stamp::of(&format!("python-{name}"), std::slice::from_ref(&pinned), &[])?;
    if stamp.holds() && interpreter.exists() {
        return Ok(interpreter);
    }
    let mut make = process::command("python3", &["-m", "venv", "--clear"]);
    make.arg(&folder);
    process::logged(make, log, Output::Logged)?;
    let mut install = process::command(&interpreter, &["-m", "pip", "install", "--quiet", "--requirement"]);
    install.arg(&pinned);
    process::logged(install, log, Output::Logged)?;
    stamp.keep()?;
    Ok(interpreter)
}

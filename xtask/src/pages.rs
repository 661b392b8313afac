//! The web pages: their packages and their build, each only when something changed.

use crate::{
    cli::Outcome,
    process::{self, Output},
    tree::{self, Stamp},
};
use std::fs::File;

/// Folders that hold no source.
const MADE: &[&str] = &["node_modules", "dist", "gen", ".vite", "artefacts"];

/// Installs the packages that the lock file names.
pub fn install(log: &mut File, output: Output) -> Outcome {
    let stamp = Stamp::of(
        "npm-ci",
        &[tree::at("web/package-lock.json"), tree::at("web/package.json")],
        &[],
    )?;
    if stamp.holds() && tree::at("web/node_modules").is_dir() {
        return Ok(());
    }
    process::logged(process::web("npm", &["ci", "--no-audit", "--no-fund"]), log, output)?;
    stamp.keep()
}

/// Generates the client code, checks the types, bundles the pages and checks their size.
pub fn build(log: &mut File, output: Output) -> Outcome {
    let stamp = Stamp::of("pages", &[tree::at("web"), tree::at("proto")], MADE)?;
    if stamp.holds() && tree::at("web/dist").is_dir() && tree::at("web/src/gen").is_dir() {
        return Ok(());
    }
    process::logged(process::web("npm", &["run", "build"]), log, output)?;
    stamp.keep()
}

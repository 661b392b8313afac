//! Image, compose file and chart: judged by other people's tools and by rules of our own, and started as plain processes.

use crate::{
    cli::Outcome,
    process::{self, Output},
    python,
    servers::Servers,
    tree,
};
use std::{
    fs::File,
    path::{Path, PathBuf},
};

const CHECK: &str = "tests/deployment/check.py";
const PROCESSES: &str = "tests/deployment/processes.py";
const PINS: &str = "tests/deployment/requirements.txt";

/// What a file is judged by: tools, rules, and their mutants.
pub fn files(log: &mut File) -> Outcome<String> {
    let command = process::command(environment(log)?, &[CHECK]);
    process::logged(command, log, Output::Logged)?;
    Ok(String::new())
}

/// What would run in containers, run without them, with the built binary.
pub fn processes(log: &mut File, servers: &Servers) -> Outcome<String> {
    let mut command = process::command(environment(log)?, &[PROCESSES]);
    command
        .env("ONQUEUE_BINARY", tree::target().join("debug/onqueue"))
        .envs(servers.environment());
    process::logged(command, log, Output::Logged)?;
    Ok(String::new())
}

/// A virtual environment with the pinned tools.
fn environment(log: &mut File) -> Outcome<PathBuf> {
    python::environment("deployment", Path::new(PINS), log)
}

/// Whether what the processes need beside servers is there.
pub fn has_setpriv() -> bool {
    process::answer(process::command("setpriv", &["--version"])).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_files_are_there() {
        for file in [CHECK, PROCESSES, PINS] {
            assert!(tree::at(file).is_file(), "{file}");
        }
    }
}

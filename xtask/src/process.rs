//! Starting other programs: with the terminal, with a log, or in the background.

use crate::{
    cli::{Failure, Outcome},
    tree,
};
use std::{
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Whether what a program says also goes to the terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// To the log only.
    Logged,
    /// To both.
    Shown,
}

/// A program to be run in the checkout's root.
pub fn command(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(tree::root());
    command
}

/// The cargo that runs us, so that the toolchain is the same. It is not told what our own package is called: build scripts
/// (that of ring, on which nearly everything stands) run again when that differs from a build that was typed.
pub fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = command(program, arguments);
    for (name, _) in std::env::vars_os() {
        let ours = |text: &str| text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(ours) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// A command in the folder of the pages.
pub fn web(program: &str, arguments: &[&str]) -> Command {
    let mut command = command(program, arguments);
    command.current_dir(tree::at("web"));
    command
}

/// How a command is typed, for messages.
pub fn typed(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let program = Path::new(&words[0])
        .file_name()
        .map_or_else(|| words[0].clone(), |name| name.to_string_lossy().into_owned());
    std::iter::once(program)
        .chain(words[1..].iter().cloned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs a command on the terminal and waits for it.
pub fn show(mut command: Command) -> Outcome {
    let what = typed(&command);
    let status = command
        .status()
        .map_err(|error| format!("cannot start `{what}`: {error}"))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure(format!("`{what}` failed: {status}")))
}

/// Runs a command with both its outputs, in their order, in the log.
pub fn logged(mut command: Command, log: &mut File, output: Output) -> Outcome {
    let what = typed(&command);
    let started = |error: std::io::Error| Failure(format!("cannot start `{what}`: {error}"));
    let (reader, writer) = std::io::pipe().map_err(started)?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone().map_err(started)?)
        .stderr(writer);
    let mut child = command.spawn().map_err(started)?;
    drop(command); // holds the writing ends, without which the pipe does not end
    copy(reader, log, output)?;
    let status = child.wait().map_err(started)?;
    if status.success() {
        return Ok(());
    }
    Err(Failure(format!("`{what}` failed: {status}")))
}

fn copy(from: impl std::io::Read, log: &mut File, output: Output) -> Outcome {
    for line in BufReader::new(from).split(b'\n') {
        let line = line.map_err(|error| format!("cannot read what a program says: {error}"))?;
        let line = String::from_utf8_lossy(&line);
        writeln!(log, "{line}").map_err(|error| format!("cannot write the log: {error}"))?;
        if output == Output::Shown {
            println!("{line}");
        }
    }
    Ok(())
}

/// What a command says on its standard output, if it succeeds.
pub fn answer(mut command: Command) -> Outcome<String> {
    let what = typed(&command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start `{what}`: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure(format!("`{what}` failed: {}\n{said}", output.status)))
}

/// A program in the background; it is told to end, and ended, when this is dropped.
pub struct Background {
    child: Child,
}

impl Background {
    /// How long it may take to end in order.
    const GRACE: Duration = Duration::from_secs(10);

    /// Starts it.
    pub fn start(mut command: Command) -> Outcome<Self> {
        let what = typed(&command);
        let child = command
            .spawn()
            .map_err(|error| format!("cannot start `{what}`: {error}"))?;
        Ok(Self { child })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard output, once, if it was piped.
    pub fn stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn end(&mut self) {
        let told = Command::new("kill")
            .args(["-TERM", &self.id().to_string()])
            .status()
            .is_ok_and(|status| status.success());
        let until = Instant::now() + Self::GRACE;
        while told && !self.has_ended() && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.end();
        }
        if !self.has_ended() {
            // Nothing is left to do when even that fails: it has ended meanwhile.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_outputs_are_logged_in_order_and_a_failure_is_named() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("log");
        let mut log = File::create(&path).expect("log");
        logged(
            command("sh", &["-c", "echo one; echo two >&2"]),
            &mut log,
            Output::Logged,
        )
        .expect("succeeds");
        assert_eq!(std::fs::read_to_string(&path).expect("log"), "one\ntwo\n");
        let Failure(text) = logged(command("sh", &["-c", "exit 3"]), &mut log, Output::Logged).expect_err("fails");
        assert!(text.contains("`sh -c exit 3` failed") && text.contains('3'), "{text}");
    }

    #[test]
    fn a_background_program_ends_with_its_owner() {
        let mut sleep = command("sleep", &["60"]);
        sleep.stdin(Stdio::null());
        let background = Background::start(sleep).expect("starts");
        let process = format!("/proc/{}", background.id());
        drop(background);
        assert!(!Path::new(&process).exists());
    }
}

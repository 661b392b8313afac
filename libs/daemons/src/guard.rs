//! Programs that end with us.

use crate::Failure;
use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const GUARD: &str = include_str!("guard.sh");

/// How long a server may take to be ready or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program and the shell that ends it with us.
#[derive(Debug)]
pub(crate) struct Guarded {
    guard: Child,
    line: Option<ChildStdin>,
    id: u32,
}

impl Guarded {
    /// Runs `command` with its output added to the file `log` of `folder`. If this process ends first, the program is sent
    /// `signal`, and `folder` removed.
    pub fn start(command: &Command, signal: &str, folder: &Path) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure(format!("cannot start {}: {error}", typed(command)));
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", GUARD, "guard", signal])
            .arg(folder)
            .arg(folder.join("log"));
        shell.arg(command.get_program()).args(command.get_args());
        // Signals from a terminal are for us; the program follows.
        shell
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut guard = shell.current_dir("/").spawn().map_err(failed)?;
        let line = guard.stdin.take();
        let mut first = String::new();
        if let Some(output) = guard.stdout.take() {
            BufReader::new(output).read_line(&mut first).map_err(failed)?;
        }
        let id = first
            .trim()
            .parse()
            .map_err(|_| Failure(format!("cannot start {}: no process id", typed(command))))?;
        Ok(Self { guard, line, id })
    }

    pub const fn id(&self) -> u32 {
        self.id
    }

    /// Sends a signal by its name, such as `STOP`.
    pub fn signal(&self, name: &str) {
        send(name, &[self.id]);
    }

    /// Sends a signal to it and to the processes that it has started.
    pub fn signal_all(&self, name: &str) {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
        let all: Vec<u32> = ids
            .filter(|id| *id == self.id || parent_of(*id) == Some(self.id))
            .collect();
        send(name, &all);
    }

    pub fn has_ended(&self) -> bool {
        stat(self.id).is_none_or(|fields| fields.starts_with('Z'))
    }

    /// Ends it with this signal and waits until it is gone; the folder stays.
    pub fn end(mut self, signal: &str) -> Result<(), Failure> {
        self.signal(signal);
        until("a server ends", || self.has_ended())?;
        self.let_go();
        Ok(())
    }

    fn let_go(&mut self) {
        if let Some(mut line) = self.line.take() {
            let _ = line.write_all(b"keep\n");
        }
        let _ = self.guard.wait();
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.let_go();
    }
}

fn send(signal: &str, ids: &[u32]) {
    // One that has ended needs no signal.
    let _ = Command::new("kill")
        .arg(format!("-{signal}"))
        .args(ids.iter().map(u32::to_string))
        .stderr(Stdio::null())
        .status();
}

fn parent_of(id: u32) -> Option<u32> {
    stat(id)?.split_whitespace().nth(1)?.parse().ok()
}

/// What the system says of a process, from its state on.
fn stat(id: u32) -> Option<String> {
    let line = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    Some(line.rsplit_once(')')?.1.trim_start().to_owned())
}

/// Waits until it is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Result<(), Failure> {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        if Instant::now() > end {
            return Err(Failure(format!("waited {PATIENCE:?} in vain for this: {what}")));
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Somebody who is not root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User {
    pub id: u32,
    pub group: u32,
}

impl User {
    /// Who runs what refuses to be run by root; `None` if we are not root.
    pub fn instead_of_root() -> Result<Option<Self>, Failure> {
        let is_root = fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
        if !is_root {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let found = ["postgres", "nobody"].into_iter().find_map(|name| named(&users, name));
        let none = "PostgreSQL refuses root, and there is no user postgres or nobody to run it";
        found.map(Some).ok_or_else(|| Failure(none.to_owned()))
    }

    /// The program, run by this user.
    pub fn run(self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command
            .arg(format!("--reuid={}", self.id))
            .arg(format!("--regid={}", self.group))
            .args(["--clear-groups", "--"])
            .arg(program);
        command
    }
}

fn named(users: &str, name: &str) -> Option<User> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let id = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some(User { id, group })
}

/// How a command is typed, for messages.
pub(crate) fn typed(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_ends_with_its_guard_and_the_folder_goes_unless_it_is_to_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut sleep = Command::new("sleep");
        sleep.arg("60");
        let program = Guarded::start(&sleep, "KILL", folder.path()).expect("starts");
        assert!(!program.has_ended());
        let id = program.id();
        drop(program);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
        assert!(folder.path().exists());

        let mut orphaned = Guarded::start(&sleep, "KILL", folder.path()).expect("starts");
        orphaned.line = None; // as when this process dies
        until("the folder goes", || !folder.path().exists()).expect("goes");
        assert!(orphaned.has_ended());
    }

    #[test]
    fn users_are_found_by_their_names() {
        let users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533:nobody:/:/bin/false\n";
        let nobody = named(users, "nobody").expect("is there");
        assert_eq!((nobody.id, nobody.group), (65_534, 65_533));
        assert!(named(users, "postgres").is_none());
    }
}

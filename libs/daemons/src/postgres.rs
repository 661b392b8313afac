//! A PostgreSQL cluster.

use crate::{
    Failure,
    guard::{Guarded, User, typed, until},
    ports::free_port,
};
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;

const MISSING: &str = "a PostgreSQL server is missing: on Debian, as root: apt-get install postgresql; elsewhere put initdb, \
    postgres and psql on PATH";

/// How often the server is started before its failing is believed: just after a kill the processes it left may still be
/// there, and the port may have been taken.
const STARTS: u32 = 10;

/// Whether what was committed is still there after a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// As in production.
    Synced,
    /// Faster; for tests in which only the server dies, not the machine.
    Unsynced,
}

/// How to end a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Open transactions are rolled back, connections closed.
    Fast,
    /// All of its processes quit at once; the next start recovers from the log.
    Immediate,
    /// `kill -9` of the first process; the others find that out.
    Killed,
}

/// A cluster of its own with the superuser `onqueue`, whom it trusts, and a database of that name. It goes when this is
/// dropped.
#[derive(Debug)]
pub struct PostgresServer {
    folder: TempDir,
    user: Option<User>,
    disk: Disk,
    port: u16,
    running: Option<Guarded>,
}

impl PostgresServer {
    /// Whether this machine has one; if not, what to install.
    pub fn is_installed() -> Result<(), Failure> {
        let answers = |name: &str| answer(Command::new(program(name)).arg("--version")).is_ok();
        if ["initdb", "postgres", "psql"].into_iter().all(answers) {
            return Ok(());
        }
        Err(Failure(MISSING.to_owned()))
    }

    /// Makes the cluster, about a second, and waits until it takes connections.
    pub fn start(disk: Disk) -> Result<Self, Failure> {
        Self::is_installed()?;
        let folder = tempfile::Builder::new()
            .prefix("onqueue-postgres-")
            .tempdir()
            .map_err(|error| Failure(format!("cannot make a folder: {error}")))?;
        let user = User::instead_of_root()?;
        own(folder.path(), user)?;
        let mut server = Self {
            folder,
            user,
            disk,
            port: free_port()?,
            running: None,
        };
        server.make()?;
        server.start_again()?;
        psql(&server.url("postgres"), "CREATE DATABASE onqueue")?;
        Ok(server)
    }

    fn make(&self) -> Result<(), Failure> {
        let mut initdb = self.command("initdb");
        initdb
            .args(["--auth=trust", "--username=onqueue", "--encoding=UTF8", "--no-locale"])
            .args(["--no-sync", "--no-instructions", "--pgdata"])
            .arg(self.data());
        answer(&mut initdb).map(drop)
    }

    /// Starts it again after [`PostgresServer::stop`], with the same data on the same port, and waits until it takes
    /// connections.
    pub fn start_again(&mut self) -> Result<(), Failure> {
        for _ in 0..STARTS {
            if self.try_start()? {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Err(Failure(format!("PostgreSQL does not start:\n{}", self.log())))
    }

    /// Whether it came to be ready.
    fn try_start(&mut self) -> Result<bool, Failure> {
        self.running = None;
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.data());
        let sync = match self.disk {
            Disk::Synced => "on",
            Disk::Unsynced => "off",
        };
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.port),
            "unix_socket_directories=".to_owned(),
            "max_connections=500".to_owned(),
            "shared_buffers=64MB".to_owned(),
            format!("fsync={sync}"),
            "log_min_messages=warning".to_owned(),
        ] {
            postgres.args(["-c", &setting]);
        }
        let running = Guarded::start(&postgres, "QUIT", self.folder.path())?;
        until("PostgreSQL is ready", || {
            running.has_ended() || self.is_ready(running.id())
        })?;
        let is_ready = self.is_ready(running.id());
        self.running = is_ready.then_some(running);
        Ok(is_ready)
    }

    /// The server says so in a file, in which it names itself: what a dead one wrote does not count.
    fn is_ready(&self, id: u32) -> bool {
        let said = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = said.lines();
        lines.next() == Some(id.to_string().as_str()) && lines.last().is_some_and(|line| line.trim() == "ready")
    }

    /// Ends it and waits until its first process is gone; the data stay.
    pub fn stop(&mut self, how: Stop) -> Result<(), Failure> {
        let signal = match how {
            Stop::Fast => "INT",
            Stop::Immediate => "QUIT",
            Stop::Killed => "KILL",
        };
        match self.running.take() {
            Some(running) => running.end(signal),
            None => Ok(()),
        }
    }

    /// Stops all of its processes in their tracks: connections stay open and nothing answers, until
    /// [`PostgresServer::resume`].
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets them go on.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        if let Some(running) = &self.running {
            running.signal_all(name);
        }
    }

    /// The address of one of its databases for its superuser.
    pub fn url(&self, database: &str) -> String {
        self.url_as("onqueue", database)
    }

    /// The same for another role.
    pub fn url_as(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// The port of the loopback address on which it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, name: &str) -> Command {
        match self.user {
            Some(user) => user.run(&program(name)),
            None => Command::new(program(name)),
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.resume();
        // It ends by its guard if this fails.
        let _ = self.stop(Stop::Immediate);
    }
}

/// Runs SQL with PostgreSQL's own client and answers its rows, a line each, without adornment.
pub fn psql(url: &str, sql: &str) -> Result<String, Failure> {
    let mut psql = Command::new(program("psql"));
    psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
        .args(["--set", "ON_ERROR_STOP=1", "--command", sql, url]);
    let output = psql.stdin(Stdio::null()).output().map_err(|error| {
        Failure(format!(
            "cannot run psql ({error}): on Debian, as root: apt-get install postgresql-client"
        ))
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure(String::from_utf8_lossy(&output.stderr).into_owned()))
}

fn own(folder: &Path, user: Option<User>) -> Result<(), Failure> {
    let failed = |error| Failure(format!("cannot hand over {}: {error}", folder.display()));
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    match user {
        Some(user) => chown(folder, Some(user.id), Some(user.group)).map_err(failed),
        None => Ok(()),
    }
}

/// Debian keeps the server's programs of each version in a folder of their own; the newest is taken.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|version| version.file_name().to_str()?.parse::<u32>().ok())
        .filter(|version| debian(*version, "initdb").exists())
        .max();
    match newest.map(|version| debian(version, name)) {
        Some(path) if path.exists() => path,
        _ => name.into(),
    }
}

fn debian(version: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/usr/lib/postgresql/{version}/bin/{name}"))
}

fn answer(command: &mut Command) -> Result<String, Failure> {
    let output = command.current_dir("/").stdin(Stdio::null()).output();
    let output = output.map_err(|error| Failure(format!("cannot start {}: {error}", typed(command))))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure(format!("{} failed: {said}", typed(command))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_committed_outlives_every_way_of_ending() {
        let mut server = PostgresServer::start(Disk::Synced).expect("starts");
        let url = server.url("onqueue");
        psql(&url, "CREATE TABLE kept (n INT)").expect("made");
        for how in [Stop::Fast, Stop::Immediate, Stop::Killed] {
            psql(&url, "INSERT INTO kept VALUES (1)").expect("written");
            server.stop(how).expect("stops");
            psql(&url, "SELECT 1").expect_err("nobody there");
            server.start_again().expect("starts again");
        }
        assert_eq!(psql(&url, "SELECT count(*) FROM kept"), Ok("3\n".to_owned()));
        let folder = server.folder.path().to_owned();
        drop(server);
        psql(&url, "SELECT 1").expect_err("nobody there");
        assert!(!folder.exists());
    }
}

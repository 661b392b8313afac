//! A Prometheus server.

use crate::{
    Failure,
    guard::{Guarded, until},
    ports::free_port,
};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// Reads from whom it is told to. It goes when this is dropped.
#[derive(Debug)]
pub struct PrometheusServer {
    folder: TempDir,
    port: u16,
    running: Option<Guarded>,
}

impl PrometheusServer {
    /// One of Prometheus' programs, `prometheus` or `promtool`: in the folder `named`, or else the one on PATH; if there is none,
    /// what to install.
    pub fn program(name: &str, named: Option<&str>) -> Result<PathBuf, Failure> {
        let program = named.map_or_else(|| PathBuf::from(name), |folder| Path::new(folder).join(name));
        if answers(&program) {
            return Ok(program);
        }
        Err(Failure(format!(
            "{name} is missing ({} does not answer): on Debian, as root: apt-get install prometheus; elsewhere put the programs of \
             a Prometheus release on PATH, or name their folder in ONQUEUE_TEST_PROMETHEUS",
            program.display()
        )))
    }

    /// Starts it with this configuration (`prometheus.yml`) and waits until it answers.
    pub fn start(named: Option<&str>, configuration: &str) -> Result<Self, Failure> {
        let program = Self::program("prometheus", named)?;
        let failed = |error: std::io::Error| Failure(format!("cannot make a folder: {error}"));
        let folder = tempfile::Builder::new()
            .prefix("onqueue-prometheus-")
            .tempdir()
            .map_err(failed)?;
        let (file, port) = (folder.path().join("prometheus.yml"), free_port()?);
        fs::write(&file, configuration).map_err(failed)?;
        let mut command = Command::new(program);
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=warn");
        let running = Guarded::start(&command, "KILL", folder.path())?;
        let mut server = Self {
            folder,
            port,
            running: None,
        };
        until("Prometheus is ready", || running.has_ended() || server.is_ready())?;
        if running.has_ended() {
            return Err(Failure(format!("Prometheus does not start:\n{}", server.log())));
        }
        server.running = Some(running);
        Ok(server)
    }

    /// It takes connections before it has read what it stores.
    fn is_ready(&self) -> bool {
        let Ok(mut io) = TcpStream::connect(self.address()) else {
            return false;
        };
        let mut answer = String::new();
        io.write_all(b"GET /-/ready HTTP/1.0\r\nhost: x\r\n\r\n").is_ok()
            && io.read_to_string(&mut answer).is_ok()
            && answer.split(' ').nth(1) == Some("200")
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for PrometheusServer {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            // It ends by its guard if this fails.
            let _ = running.end("KILL");
        }
    }
}

fn answers(program: &Path) -> bool {
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
        let Failure(text) = PrometheusServer::start(Some("/no/such/folder"), "").expect_err("none");
        assert!(
            text.contains("apt-get install prometheus") && text.contains("/no/such/folder"),
            "{text}"
        );
    }
}

//! One process of an installation.

use crate::process::binary;
use std::{
    fs::File,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

/// How much of a log is shown.
const SHOWN: usize = 6_000;

/// How a member is started.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    pub name: String,
    pub service: &'static str,
    pub address: SocketAddr,
    pub health: SocketAddr,
    pub log: PathBuf,
    pub config: PathBuf,
}

/// One process; it is killed when this is dropped.
#[derive(Debug)]
pub struct Member {
    /// Its service and its number among those: `session-1`.
    pub name: String,
    pub service: &'static str,
    /// Where its service listens.
    pub address: SocketAddr,
    /// Where its health is.
    pub health: SocketAddr,
    log: PathBuf,
    config: PathBuf,
    child: Option<Child>,
}

/// What the health page says.
#[derive(Clone, Copy, Debug)]
pub struct Health {
    pub is_ready: bool,
    /// The member's clock.
    pub time: Option<i64>,
}

impl Member {
    pub(super) fn new(launch: Launch) -> Self {
        Self {
            name: launch.name,
            service: launch.service,
            address: launch.address,
            health: launch.health,
            log: launch.log,
            config: launch.config,
            child: None,
        }
    }

    /// Starts it unless it runs; on the same ports as before.
    pub fn launch(&mut self) {
        if self.child.is_some() {
            return;
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .expect("a log");
        // However we end, it does not stay behind.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(binary())
            .args(["serve", "--services", self.service, "--config"])
            .arg(&self.config)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn();
        self.child = Some(child.expect("setpriv starts (util-linux)"));
    }

    /// Its process, if it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// From its next start on, it reaches a server on this machine by another port.
    pub fn reach_database_through(&mut self, server: u16, port: u16) {
        let settings = std::fs::read_to_string(&self.config).expect("settings");
        let changed = settings.replace(&format!("@127.0.0.1:{server}/"), &format!("@127.0.0.1:{port}/"));
        std::fs::write(&self.config, changed).expect("writes");
    }

    /// A number in its settings; `None` if the default holds.
    pub fn setting(&self, section: &str, key: &str) -> Option<u64> {
        let settings: toml::Table = std::fs::read_to_string(&self.config).ok()?.parse().ok()?;
        u64::try_from(settings.get(section)?.get(key)?.as_integer()?).ok()
    }

    /// `kill -9`; returns when it is gone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            child.wait().expect("ends");
        }
    }

    /// Sends it a signal by name, such as `STOP`.
    pub fn signal(&self, name: &str) {
        let Some(child) = &self.child else { return };
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &child.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success(), "SIG{name} to {}", self.name);
    }

    /// Waits until it has ended by itself and answers its exit code; `None` by a signal.
    pub async fn wait_until_ended(&mut self, within: Duration) -> Option<i32> {
        let end = Instant::now() + within;
        let child = self.child.as_mut().expect("runs");
        let status = loop {
            if let Some(status) = child.try_wait().expect("can be asked") {
                break status;
            }
            assert!(Instant::now() < end, "{} does not end:\n{}", self.name, self.log_end());
            sleep(Duration::from_millis(10)).await;
        };
        self.child = None;
        status.code()
    }

    /// Waits until it is ready; fails with its log if it ends before or is not in time.
    pub async fn wait_until_ready(&mut self, end: Instant) {
        while !self.health().await.is_some_and(|health| health.is_ready) {
            let ended = self.child.as_mut().map(|child| child.try_wait().expect("can be asked"));
            let runs = matches!(ended, Some(None));
            assert!(
                runs && Instant::now() < end,
                "{} is not ready ({ended:?}):\n{}",
                self.name,
                self.log_end()
            );
            sleep(Duration::from_millis(15)).await;
        }
    }

    /// Waits until it is ready and its clock says that time or a later one.
    pub(super) async fn wait_for_time(&self, at_least: i64, end: Instant) {
        loop {
            let health = self.health().await;
            let there = health.and_then(|health| health.time.filter(|_| health.is_ready));
            if there.is_some_and(|time| time >= at_least) {
                return;
            }
            assert!(
                Instant::now() < end,
                "{}: {health:?} instead of {at_least}:\n{}",
                self.name,
                self.log_end()
            );
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// What its health page says; `None` if nobody answers.
    pub async fn health(&self) -> Option<Health> {
        let page = self.page("/readyz").await?;
        let (head, _) = page.split_once("\r\n\r\n")?;
        let time = head.lines().find_map(|line| line.strip_prefix("x-onqueue-time:"));
        Some(Health {
            is_ready: head.starts_with("HTTP/1.1 200"),
            time: time.and_then(|time| time.trim().parse().ok()),
        })
    }

    /// The sum of a counter or gauge on its page of metrics.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let page = self.page("/metrics").await?;
        let values = page.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            rest.starts_with(['{', ' '])
                .then(|| rest.rsplit(' ').next()?.parse::<f64>().ok())?
        });
        values.reduce(|a, b| a + b)
    }

    /// A page of its health listener, with the head of the answer.
    pub async fn page(&self, path: &str) -> Option<String> {
        let ask = async {
            let mut stream = TcpStream::connect(self.health).await.ok()?;
            let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.ok()?;
            Some(answer)
        };
        timeout(Duration::from_secs(2), ask).await.ok().flatten()
    }

    /// Everything it has logged over all its runs.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The end of that.
    pub fn log_end(&self) -> String {
        let log = self.log();
        let start = (log.len().saturating_sub(SHOWN)..log.len()).find(|at| log.is_char_boundary(*at));
        log[start.unwrap_or(0)..].to_owned()
    }

    // A failed test says what the processes said.
    #[allow(clippy::print_stderr)]
    pub(super) fn show_log(&self) {
        eprintln!("──── {} ────\n{}", self.name, self.log_end());
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}

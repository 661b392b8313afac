//! A running onqueue on a folder and ports of its own.

use crate::{
    cli::{Failure, Outcome},
    process::{self, Background},
    tree,
};
use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

/// How long a start may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Settings under which one machine may act as many customers.
const RAISED: &[(&str, &str)] = &[
    ("ONQUEUE_GATEWAY__LOGIN_RATE", "1000000/second burst 1000000"),
    ("ONQUEUE_GATEWAY__CHAT_RATE", "1000000/second burst 1000000"),
    ("ONQUEUE_GATEWAY__GUEST_MESSAGE_RATE", "1000000/second burst 1000000"),
    ("ONQUEUE_GATEWAY__CALL_RATE", "1000000/second burst 1000000"),
    ("ONQUEUE_GATEWAY__STREAMS_PER_CALLER", "100000"),
    ("ONQUEUE_LISTENER__CONNECTIONS_PER_ADDRESS", "20000"),
];

/// How much one address and one caller may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rates {
    /// As much as by default.
    Default,
    /// As much as they can, for load.
    Raised,
}

/// How it is started.
pub struct Start<'a> {
    /// `debug` or `release`.
    pub profile: &'a str,
    /// Its data folder; logs and credentials go beside it.
    pub folder: &'a Path,
    /// Whether it makes the demo organisation.
    pub demo: bool,
    /// What it lets callers do.
    pub rates: Rates,
}

/// Serves until it is dropped.
pub struct Serving {
    background: Background,
    credentials: PathBuf,
    /// From the start of the process until it said that it serves.
    pub took: Duration,
}

impl Serving {
    /// Starts it and waits until it says that it serves.
    pub fn start(start: &Start<'_>) -> Outcome<Self> {
        let credentials = start.folder.join("credentials.json");
        let log = start.folder.join("onqueue.log");
        let mut command = process::command(tree::target().join(start.profile).join("onqueue"), &["serve", "--data"]);
        command.arg(start.folder.join("data"));
        command.args(["--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0"]);
        if start.demo {
            command.arg("--demo").arg("--credentials").arg(&credentials);
        }
        if start.rates == Rates::Raised {
            command.envs(RAISED.iter().copied());
        }
        let errors = File::create(&log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let begun = Instant::now();
        let mut background = Background::start(command)?;
        let said = wait_until_serving(&mut background);
        let took = begun.elapsed();
        if said.is_none() {
            let log = fs::read_to_string(&log).unwrap_or_default();
            return Err(Failure(format!("onqueue did not begin to serve; it logged:\n{log}")));
        }
        Ok(Self {
            background,
            credentials,
            took,
        })
    }

    /// The file with address, ids and passwords of the demo; made just after it began to serve.
    pub fn credentials(&self) -> Outcome<&Path> {
        let until = Instant::now() + PATIENCE;
        while !self.credentials.exists() {
            if Instant::now() > until {
                return Err(Failure(format!("onqueue did not write {}", self.credentials.display())));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(&self.credentials)
    }

    /// `http://host:port` of the public door.
    pub fn address(&self) -> Outcome<String> {
        let path = self.credentials()?;
        let text = fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        serde_json::from_str::<serde_json::Value>(&text)
            .ok()
            .and_then(|value| value["address"].as_str().map(str::to_owned))
            .ok_or_else(|| Failure(format!("{} names no address", path.display())))
    }

    /// Memory that it holds now, in KiB.
    pub fn resident_kib(&self) -> Outcome<u64> {
        let path = format!("/proc/{}/status", self.background.id());
        let status = fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
        status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| Failure(format!("{path} names no memory")))
    }
}

/// Reads what it says until it says that it serves; goes on reading afterwards, so that it never waits for us.
fn wait_until_serving(background: &mut Background) -> Option<()> {
    let stdout = background.stdout()?;
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if line.contains("onqueue is serving") {
                // Nobody listens any more when it took too long.
                let _ = tell.try_send(());
            }
        }
    });
    told.recv_timeout(PATIENCE).ok()
}

//! The real binary as a process on free ports of loopback, ended by its process id.

use onqueue_daemons::free_port;
use serde_json::Value;
use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long a debug binary may take to serve on a busy machine.
const START: Duration = Duration::from_secs(30);

/// One `onqueue serve` and its data folder, which outlives kills.
pub struct Process {
    folder: TempDir,
    child: Child,
    pub address: SocketAddr,
    pub health: SocketAddr,
    pub credentials: Value,
}

impl Process {
    /// Starts the demo in a fresh folder.
    pub fn demo() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (address, health) = (free(), free());
        let file = folder.path().join("credentials.json");
        let child = spawn(
            &folder,
            address,
            health,
            &["--demo", "--credentials", &file.display().to_string()],
        );
        let mut process = Self {
            folder,
            child,
            address,
            health,
            credentials: Value::Null,
        };
        process.wait_until_ready();
        let text = wait_for("the credentials", || std::fs::read(&file).ok());
        process.credentials = serde_json::from_slice(&text).expect("JSON");
        process
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().expect("kills");
        self.child.wait().expect("ends");
    }

    /// Starts it again on the same data and ports, without the demo.
    pub fn restart(&mut self) {
        self.child = spawn(&self.folder, self.address, self.health, &[]);
        self.wait_until_ready();
    }

    /// Asks it to end and answers how long that took and its exit code.
    pub fn terminate(&mut self) -> (Duration, Option<i32>) {
        let began = Instant::now();
        let status = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
        (began.elapsed(), self.child.wait().expect("ends").code())
    }

    /// Where its data is.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What it wrote to standard error so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr.log")).unwrap_or_default()
    }

    fn wait_until_ready(&mut self) {
        let end = Instant::now() + START;
        while !ready(self.health) {
            let ended = self.child.try_wait().expect("can be asked");
            assert!(
                ended.is_none() && Instant::now() < end,
                "not serving ({ended:?}):\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary built beside this test, or beside this driver.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("a path");
    let mut folder = own.parent().expect("target/<profile>");
    if folder.ends_with("deps") {
        folder = folder.parent().expect("target/<profile>");
    }
    let binary = folder.join("onqueue");
    assert!(
        binary.exists(),
        "{} is not there: run `cargo build --workspace` first",
        binary.display()
    );
    binary
}

/// An address of loopback that is nobody else's until this process ends.
pub fn free() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().expect("a free port")))
}

fn spawn(folder: &TempDir, address: SocketAddr, health: SocketAddr, more: &[&str]) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.path().join("stderr.log"))
        .expect("a log file");
    Command::new(binary())
        .args([
            "serve",
            "--listen",
            &address.to_string(),
            "--health-listen",
            &health.to_string(),
            "--data",
        ])
        .arg(folder.path().join("data"))
        .args(more)
        .env("ONQUEUE_GATEWAY__GUEST_MESSAGE_RATE", "100/second burst 100")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("starts")
}

fn ready(health: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&health, Duration::from_millis(200)) else {
        return false;
    };
    let mut answer = String::new();
    stream.set_read_timeout(Some(Duration::from_secs(2))).is_ok()
        && stream
            .write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// Waits for something to be there; fails after a while.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + START;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

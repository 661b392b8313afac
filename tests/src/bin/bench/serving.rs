//! What the drivers are pointed at: release binaries in each way to run them.

use crate::{Outcome, figures::beside, profile::Profile};
use onqueue::demo;
use onqueue_daemons::PostgresServer;
use onqueue_server::Ids;
use onqueue_testkit::own_postgres;
use onqueue_tests::{
    installation::{Installation, Plan},
    process::free,
};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How it is run.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// One process on a SQLite file.
    Sqlite,
    /// One process on PostgreSQL.
    Postgres,
    /// A process for each service, PostgreSQL and NATS.
    Separate,
}

/// More chats than anybody starts.
const MANY: i32 = 1_000_000;

/// A process that ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Something that serves the demo, until this is dropped.
pub struct Serving {
    /// The public door.
    pub door: SocketAddr,
    /// Ids and passwords of the demo.
    pub credentials: PathBuf,
    /// Every process of ours.
    pub processes: Vec<u32>,
    folder: TempDir,
    // Only kept; processes first.
    _running: Option<Running>,
    _installation: Option<Installation>,
    _postgres: Option<PostgresServer>,
}

impl Serving {
    /// Starts it and waits until it is ready.
    pub async fn start(way: Way, at: &Path) -> Outcome<Self> {
        let folder = tempfile::tempdir_in(at)?;
        match way {
            Way::Separate => Self::separate(folder).await,
            Way::Sqlite => Self::whole(folder, None).await,
            Way::Postgres => {
                let server = own_postgres(onqueue_daemons::Disk::Synced).await;
                let url = server.url("onqueue");
                let migrated = onqueue()?.arg("migrate").env("ONQUEUE_STORE__URL", &url).output()?;
                if !migrated.status.success() {
                    return Err(String::from_utf8_lossy(&migrated.stderr).into_owned().into());
                }
                Self::whole(folder, Some(server)).await
            }
        }
    }

    async fn whole(folder: TempDir, postgres: Option<PostgresServer>) -> Outcome<Self> {
        let (door, health) = (free(), free());
        let credentials = folder.path().join("credentials.json");
        let mut command = onqueue()?;
        command.args([
            "serve",
            "--demo",
            "--listen",
            &door.to_string(),
            "--health-listen",
            &health.to_string(),
        ]);
        command.arg("--credentials").arg(&credentials).envs(raised());
        match &postgres {
            Some(server) => command.env("ONQUEUE_STORE__URL", server.url("onqueue")),
            None => command.arg("--data").arg(folder.path().join("data")),
        };
        let running = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        wait(|| credentials.exists())?;
        Ok(Self {
            door,
            credentials,
            processes: vec![running.0.id()],
            folder,
            _running: Some(running),
            _installation: None,
            _postgres: postgres,
        })
    }

    async fn separate(folder: TempDir) -> Outcome<Self> {
        let mut demo = demo::load(&Ids::system()).map_err(|fault| format!("{fault:?}"))?;
        // Nobody takes the chats of customers who only watch.
        demo.routing.queues.iter_mut().for_each(|queue| queue.limit = MANY);
        let credentials = folder.path().join("credentials.json");
        std::fs::write(&credentials, serde_json::to_vec(&demo.credentials)?)?;
        let installation = Installation::start(&one_of_each(), demo).await;
        Ok(Self {
            door: installation.doors()[0],
            credentials,
            processes: installation.processes(),
            folder,
            _running: None,
            _installation: Some(installation),
            _postgres: None,
        })
    }

    /// Begins to take a profile of all processes, for that many seconds after the load's first part.
    pub fn profile(&self, seconds: u64) -> Profile {
        Profile::begin(self.folder.path().join("perf.data"), &self.processes, seconds)
    }
}

/// One gateway, and an echo in the place of content; and a bare one beside it.
pub struct Echoes {
    /// The public door.
    pub door: SocketAddr,
    /// The bare one.
    pub bare: SocketAddr,
    _installation: Installation,
    _running: [Running; 2],
}

impl Echoes {
    /// Starts them.
    pub async fn start(at: &Path) -> Outcome<Self> {
        let (service, bare) = (free(), free());
        let mut plan = one_of_each();
        plan.replicas.insert("content", 0);
        plan.more_addresses.insert("content", vec![service.to_string()]);
        let demo = demo::load(&Ids::system()).map_err(|fault| format!("{fault:?}"))?;
        let installation = Installation::start(&plan, demo).await;
        let certificates = installation.certificates().display().to_string();
        let own = |arguments: &[&str]| -> Outcome<Running> {
            let mut command = Command::new(std::env::current_exe()?);
            Ok(Running(
                command.args(arguments).current_dir(at).stdin(Stdio::null()).spawn()?,
            ))
        };
        let (service, at_bare) = (service.to_string(), bare.to_string());
        let running = [
            own(&["echo-service", "--listen", &service, "--certificates", &certificates])?,
            own(&["echo-bare", "--listen", &at_bare])?,
        ];
        for address in [service, at_bare] {
            wait(|| std::net::TcpStream::connect(&address).is_ok())?;
        }
        Ok(Self {
            door: installation.doors()[0],
            bare,
            _installation: installation,
            _running: running,
        })
    }
}

/// Bare tonic that hands what one sends to everybody.
pub struct BareHall {
    /// Where.
    pub address: SocketAddr,
    _running: Running,
}

impl BareHall {
    /// Starts it.
    pub fn start(at: &Path) -> Outcome<Self> {
        let address = free();
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["fan-out-service", "--listen", &address.to_string()]);
        let running = Running(command.current_dir(at).stdin(Stdio::null()).spawn()?);
        wait(|| std::net::TcpStream::connect(address).is_ok())?;
        Ok(Self {
            address,
            _running: running,
        })
    }
}

fn one_of_each() -> Plan {
    let mut plan = Plan::for_load();
    plan.replicas = [
        ("gateway", 1),
        ("session", 1),
        ("routing", 1),
        ("auth", 1),
        ("content", 1),
    ]
    .into();
    plan.settings.remove("session");
    plan.with("session", "typing_per_second", 1_000_000)
        .with("gateway", "typing_rate", "1000000/second burst 1000000")
}

fn onqueue() -> Outcome<Command> {
    Ok(Command::new(beside("onqueue")?))
}

/// Limits under which one machine may act as many customers.
fn raised() -> [(&'static str, &'static str); 8] {
    let many = "1000000/second burst 1000000";
    [
        ("ONQUEUE_GATEWAY__LOGIN_RATE", many),
        ("ONQUEUE_GATEWAY__CHAT_RATE", many),
        ("ONQUEUE_GATEWAY__GUEST_MESSAGE_RATE", many),
        ("ONQUEUE_GATEWAY__TYPING_RATE", many),
        ("ONQUEUE_GATEWAY__CALL_RATE", many),
        ("ONQUEUE_GATEWAY__STREAMS_PER_CALLER", "100000"),
        ("ONQUEUE_SESSION__TYPING_PER_SECOND", "1000000"),
        ("ONQUEUE_LISTENER__CONNECTIONS_PER_ADDRESS", "100000"),
    ]
}

fn wait(there: impl Fn() -> bool) -> Outcome<()> {
    let end = Instant::now() + Duration::from_secs(60);
    while !there() {
        if Instant::now() > end {
            return Err("it did not begin to serve".into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

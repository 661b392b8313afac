//! A whole installation as real processes: PostgreSQL, NATS, certificates, and any number of each service on free ports of
//! loopback. Members can be killed, paused and started again on their ports; the clock can be moved. All of it goes when
//! this is dropped, and a member goes with this process however that ends.

mod database;
mod member;
mod plan;

pub use database::Database;
pub use member::Member;
pub use plan::{Disks, Plan};

use futures::future::join_all;
use onqueue::demo::Demo;
use onqueue_credentials::authority;
use onqueue_server::Clock;
use onqueue_testkit::{NatsServer, own_nats};
use plan::Place;
use std::{
    net::SocketAddr,
    path::Path,
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long debug binaries may take to serve on a busy machine.
const START: Duration = Duration::from_secs(60);

/// How long a moved clock may take to be seen everywhere.
const MOVE: Duration = Duration::from_secs(30);

/// Everything that runs.
pub struct Installation {
    members: Vec<Member>,
    pub database: Database,
    nats: NatsServer,
    folder: TempDir,
    moved: AtomicI64,
}

impl Installation {
    /// Starts what the plan says on a new database with the demo in it, and waits until every member is ready.
    pub async fn start(plan: &Plan, demo: Demo) -> Self {
        let mut installation = Self::prepare(plan).await;
        installation.database.seed(demo).await;
        installation.launch_all().await;
        installation
    }

    /// The same before any member runs; nothing is in the database but tables.
    pub async fn prepare(plan: &Plan) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (nats, database) = tokio::join!(own_nats(), Database::make(plan.disks, folder.path()));
        authority::make(&folder.path().join("certs"), 1).expect("certificates");
        let place = Place {
            folder: folder.path(),
            nats: &nats.url(),
            database: &database,
        };
        Self {
            members: plan.members(&place),
            database,
            nats,
            folder,
            moved: AtomicI64::new(0),
        }
    }

    /// Starts every member that does not run, and waits until all are ready.
    pub async fn launch_all(&mut self) {
        for member in &mut self.members {
            member.launch();
        }
        self.wait_until_ready().await;
    }

    /// Waits until every member is ready; fails with the log of one that has ended or is not in time.
    pub async fn wait_until_ready(&mut self) {
        let end = Instant::now() + START;
        join_all(self.members.iter_mut().map(|member| member.wait_until_ready(end))).await;
    }

    /// The public doors.
    pub fn doors(&self) -> Vec<SocketAddr> {
        self.of("gateway").map(|member| member.address).collect()
    }

    /// The members that run a service.
    pub fn of<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a Member> {
        self.members.iter().filter(move |member| member.service == service)
    }

    /// The names of the members that run a service.
    pub fn names(&self, service: &str) -> Vec<String> {
        self.of(service).map(|member| member.name.clone()).collect()
    }

    /// A member by its name, such as `session-1`.
    pub fn member(&mut self, name: &str) -> &mut Member {
        let found = self.members.iter_mut().find(|member| member.name == name);
        found.unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// All of them.
    pub fn members(&mut self) -> impl Iterator<Item = &mut Member> {
        self.members.iter_mut()
    }

    /// Copies what every member has logged into a folder.
    pub fn keep_logs(&self, folder: &Path) {
        std::fs::create_dir_all(folder).expect("a folder for logs");
        for member in &self.members {
            std::fs::write(folder.join(format!("{}.log", member.name)), member.log()).expect("writes");
        }
    }

    /// The message broker.
    pub fn nats(&mut self) -> &mut NatsServer {
        &mut self.nats
    }

    /// The processes of all members that run.
    pub fn processes(&self) -> Vec<u32> {
        self.members.iter().filter_map(Member::id).collect()
    }

    /// The certificates of all services.
    pub fn certificates(&self) -> std::path::PathBuf {
        self.folder.path().join("certs")
    }

    /// Ends every service in order and starts them again on the same ports.
    pub async fn restart(&mut self) {
        for member in &mut self.members {
            member.signal("TERM");
        }
        for member in &mut self.members {
            let code = member.wait_until_ended(Duration::from_secs(45)).await;
            assert_eq!(code, Some(0), "{} ends in order:\n{}", member.name, member.log_end());
        }
        self.launch_all().await;
    }

    /// `kill -9` of every process of that service; returns when they were started again and all are ready.
    pub async fn crash(&mut self, service: &str) {
        for name in self.names(service) {
            let member = self.member(&name);
            member.kill();
            member.launch();
        }
        self.wait_until_ready().await;
    }

    /// Moves the clock of every member on, and waits until each tells the new time and is ready again.
    pub async fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).expect("not for ages");
        let moved = self.moved.fetch_add(by, Ordering::Relaxed) + by;
        write_whole(&clock_file(self.folder.path()), &moved.to_string());
        let at_least = Clock::system().now().millis() + moved - 1_000;
        let end = Instant::now() + MOVE;
        join_all(self.members.iter().map(|member| member.wait_for_time(at_least, end))).await;
    }

    /// The time as the members have it.
    pub fn now(&self) -> onqueue_model::Timestamp {
        let moved = u64::try_from(self.moved.load(Ordering::Relaxed)).expect("forwards");
        Clock::system().now() + Duration::from_millis(moved)
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.members.iter().for_each(Member::show_log);
        }
    }
}

/// The file that moves the clock.
fn clock_file(folder: &Path) -> std::path::PathBuf {
    folder.join("clock")
}

/// Readers see the old text or the new, never a part.
fn write_whole(file: &Path, text: &str) {
    let unfinished = file.with_extension("unfinished");
    std::fs::write(&unfinished, text).expect("writes");
    std::fs::rename(&unfinished, file).expect("renames");
}

//! An installation with a clock that tests move: all services in this process on a temporary SQLite database, or each as
//! processes of its own on PostgreSQL and NATS. Which one, ONQUEUE_TEST_CLUSTER says: `embedded` (the default) or
//! `distributed`. The tests see the same face of both.

use crate::{
    installation::{Disks, Installation, Plan},
    people::channel,
};
use onqueue::{
    Node, Place, Surroundings,
    demo::{self, Demo},
    settings,
};
use onqueue_model::Timestamp;
use onqueue_server::{Clock, Ids, ManualClock, Tasks};
use onqueue_testkit::until;
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tempfile::TempDir;
use tonic::transport::Channel;

/// How long something may take to be so that is on its way.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long whoever waits does not look.
const PAUSE: Duration = Duration::from_millis(50);

/// Every service with the demo in it.
pub struct Cluster {
    kind: Kind,
    pub credentials: Value,
    /// How often somebody asked where the public door is.
    asked: AtomicUsize,
}

enum Kind {
    Embedded(Box<Embedded>),
    Distributed(Box<Installation>),
}

/// All services in this process.
struct Embedded {
    node: Option<Node>,
    clock: ManualClock,
    time: Clock,
    settings: settings::Settings,
    folder: TempDir,
}

impl Cluster {
    /// Starts the demo.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts the demo after changing it.
    pub async fn start_with(change: impl FnOnce(&mut Demo)) -> Self {
        let mut demo = demo::load(&Ids::system()).expect("a good demo");
        change(&mut demo);
        let credentials = serde_json::to_value(&demo.credentials).expect("JSON");
        let kind = match is_distributed() {
            true => {
                let plan = Plan::usual(Disks::Shared);
                Kind::Distributed(Box::new(Installation::start(&plan, demo).await))
            }
            false => Kind::Embedded(Box::new(Embedded::start(&demo).await)),
        };
        Self {
            kind,
            credentials,
            asked: AtomicUsize::new(0),
        }
    }

    /// Ends all services in order and starts them anew on the same database, at the same moment of the clock.
    pub async fn restart(&mut self) {
        match &mut self.kind {
            Kind::Embedded(embedded) => embedded.restart().await,
            Kind::Distributed(installation) => installation.restart().await,
        }
    }

    /// `kill -9` of every process of that service, which is started again. In one process nothing dies by itself: there it is a
    /// restart.
    pub async fn crash(&mut self, service: &str) {
        match &mut self.kind {
            Kind::Embedded(embedded) => embedded.restart().await,
            Kind::Distributed(installation) => installation.crash(service).await,
        }
    }

    /// Moves the clock on, and lets the services read anew what must not be 30 seconds old.
    pub async fn advance(&self, by: Duration) {
        match &self.kind {
            Kind::Embedded(embedded) => embedded.advance(by).await,
            Kind::Distributed(installation) => installation.advance(by).await,
        }
    }

    /// The time as the services have it.
    pub fn now(&self) -> Timestamp {
        match &self.kind {
            Kind::Embedded(embedded) => embedded.clock.now(),
            Kind::Distributed(installation) => installation.now(),
        }
    }

    /// Puts another organisation into auth.
    pub async fn seed_users(&self, seed: onqueue_auth::Seed) {
        match &self.kind {
            Kind::Embedded(embedded) => {
                let node = embedded.node();
                let seeded = onqueue_auth::seed(&node.stores["auth"], &node.context, seed).await;
                seeded.expect("seeds auth");
            }
            Kind::Distributed(installation) => installation.database.seed_users(seed).await,
        }
    }

    /// How many audit records there are of the demo organisation, in all services together; each chain is checked.
    pub async fn audit_records(&self) -> usize {
        let organisation = demo::load(&Ids::system()).expect("a good demo").auth.organisation.id;
        let mut count = 0;
        for service in ["auth", "routing", "session", "content"] {
            count += match &self.kind {
                Kind::Embedded(embedded) => {
                    let store = &embedded.node().stores[service];
                    let records = onqueue_store::audit::verify(store.reader(), service, organisation);
                    records.await.expect("whole").len()
                }
                Kind::Distributed(installation) => installation.database.audit_records(service, organisation).await,
            };
        }
        count
    }

    /// Where a public door is; where there are several, another one each time.
    pub fn address(&self) -> SocketAddr {
        match &self.kind {
            Kind::Embedded(embedded) => embedded.node().door.expect("a door"),
            Kind::Distributed(installation) => {
                let doors = installation.doors();
                doors[self.asked.fetch_add(1, Ordering::Relaxed) % doors.len()]
            }
        }
    }

    /// Where everything is kept, where that is one folder.
    pub fn folder(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Embedded(embedded) => Some(embedded.folder.path()),
            Kind::Distributed(_) => None,
        }
    }

    /// Waits until it is so. Time goes on meanwhile, also on a clock that stands still by itself: a door lets nobody call
    /// without end in no time.
    pub async fn until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let looks = async || {
            let so = is_so().await;
            if !so {
                tokio::time::sleep(PAUSE).await;
                if let Kind::Embedded(embedded) = &self.kind {
                    embedded.clock.advance(PAUSE);
                }
            }
            so
        };
        until(what, PATIENCE, looks).await;
    }

    /// A connection to a public door.
    pub fn door(&self) -> Channel {
        channel(self.address())
    }
}

impl Embedded {
    async fn start(demo: &Demo) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = Place {
            data: Some(folder.path().to_owned()),
            ..Place::default()
        };
        let mut settings = settings::load(&place).expect("good settings").settings;
        settings.gateway.listen = "127.0.0.1:0".parse().expect("an address");
        // Leases stay on real time, so the manual clock begins there.
        let (time, clock) = Clock::manual(Clock::system().now());
        let node = Node::start(&settings, Surroundings::new(time.clone(), Tasks::new()), Some(demo)).await;
        Self {
            node: Some(node.expect("starts")),
            clock,
            time,
            settings,
            folder,
        }
    }

    fn node(&self) -> &Node {
        self.node.as_ref().expect("running")
    }

    async fn restart(&mut self) {
        let before = self.node.take().expect("running");
        let ended = before.stop(Duration::from_secs(20)).await;
        assert!(ended, "every task ends when it is told");
        let surroundings = Surroundings::new(self.time.clone(), Tasks::new());
        let after = Node::start(&self.settings, surroundings, None).await;
        self.node = Some(after.expect("starts again"));
    }

    async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        let trust = self.node().context.trust.clone();
        let is_fresh = async || trust.fresh(self.clock.now()).is_ok();
        until("permissions to be read anew", PATIENCE, is_fresh).await;
    }
}

/// What ONQUEUE_TEST_CLUSTER says.
pub fn is_distributed() -> bool {
    match std::env::var("ONQUEUE_TEST_CLUSTER").as_deref() {
        Ok("distributed") => true,
        Ok("embedded" | "") | Err(_) => false,
        Ok(other) => panic!("ONQUEUE_TEST_CLUSTER is embedded or distributed, not {other}"),
    }
}

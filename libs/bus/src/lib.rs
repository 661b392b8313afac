//! Hints: "something happened here, look". A hint may be lost, doubled or late; whoever acts on one reads the truth from
//! the database, and whoever misses one finds out by comparing every second.
//!
//! Hints go to whoever listens in this process at once, and over NATS, if there is one, to other processes.
#![deny(missing_docs)]

mod knock;
mod nats;
mod settings;

pub use knock::NoEntry;
pub use settings::Settings;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _};
use onqueue_model::Fault;
use onqueue_telemetry::metrics;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};
use tokio::sync::broadcast;

/// How many hints a slow subscriber may be behind before it loses the oldest. The room of all subjects is taken at the
/// start, so it counts in the memory of an idle process: 72 bytes a hint and subject.
const ROOM: usize = 512;

/// How many subjects conversations are spread over.
pub const SUBJECTS: u8 = 64;

/// What hints are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// Conversations whose id hashes to this number below [`SUBJECTS`].
    Conversations(u8),
    /// Rows of session's feed.
    Feed,
    /// The trust bundle.
    Trust,
}

/// Publishes and receives hints. Clones share the bus.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    here: Here,
    elsewhere: Option<nats::Sender>,
    /// Of every 100 hints, how many are dropped; for tests.
    loss: AtomicU32,
    published: AtomicU32,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus")
            .field("in_process", &self.0.elsewhere.is_none())
            .finish_non_exhaustive()
    }
}

/// Whoever listens in this process. Clones share them.
#[derive(Clone)]
struct Here(Arc<Listeners>);

struct Listeners {
    /// A hint, or that some were lost.
    subjects: Vec<broadcast::Sender<Option<Bytes>>>,
    lost: AtomicU64,
}

/// A stream of one subject's hints.
#[derive(Debug)]
pub struct Hints(broadcast::Receiver<Option<Bytes>>);

impl Bus {
    /// A bus within this process.
    pub fn in_process() -> Self {
        Self::over(Here::new(), None)
    }

    /// A bus to the processes that share the servers of `settings`, and what drives it: to be run for as long as the bus
    /// is used; it never ends by itself and is stopped by dropping it. Without an address it is a bus within this process
    /// and the future ends at once.
    ///
    /// Neither waits for a server to start. While none is there, hints reach this process only and are dropped for the
    /// others; whenever the connection stands again, every subscriber is told that some were lost.
    pub fn connect(settings: &Settings) -> Result<(Self, BoxFuture<'static, ()>), Fault> {
        settings.check()?;
        let here = Here::new();
        if settings.is_in_process() {
            return Ok((Self::over(here, None), std::future::ready(()).boxed()));
        }
        let (sender, drive) = nats::open(settings, here.clone())?;
        Ok((Self::over(here, Some(sender)), drive.boxed()))
    }

    fn over(here: Here, elsewhere: Option<nats::Sender>) -> Self {
        Self(Arc::new(Inner {
            here,
            elsewhere,
            loss: AtomicU32::new(0),
            published: AtomicU32::new(0),
        }))
    }

    /// Drops `percent` of what is published here from now on, evenly, so that tests see that hints are only hints.
    pub fn lose(&self, percent: u32) {
        self.0.loss.store(percent.min(100), Ordering::Relaxed);
    }

    /// Tells whoever listens now. Never waits and never fails.
    pub fn publish(&self, subject: Subject, hint: impl Into<Bytes>) {
        let count = self.0.published.fetch_add(1, Ordering::Relaxed);
        // 37 and 100 have no common factor: over 100 hints each remainder comes once, spread out.
        if count.wrapping_mul(37) % 100 < self.0.loss.load(Ordering::Relaxed) {
            return;
        }
        let hint = hint.into();
        if let Some(elsewhere) = &self.0.elsewhere {
            elsewhere.send(subject, hint.clone());
        }
        self.0.here.tell(subject, Some(hint));
    }

    /// Listens from now on.
    pub fn subscribe(&self, subject: Subject) -> Hints {
        Hints(self.0.here.0.subjects[place(subject)].subscribe())
    }

    /// Whether hints reach other processes now; a bus within this process always is.
    pub fn is_connected(&self) -> bool {
        self.0.elsewhere.as_ref().is_none_or(nats::Sender::is_up)
    }

    /// How often hints to or from other processes are known to have been lost: each one dropped on the way out counts, and
    /// each time that subscribers were told.
    pub fn lost(&self) -> u64 {
        self.0.here.0.lost.load(Ordering::Relaxed)
    }
}

impl Here {
    fn new() -> Self {
        let subjects = (0..usize::from(SUBJECTS) + 2).map(|_| broadcast::channel(ROOM).0);
        Self(Arc::new(Listeners {
            subjects: subjects.collect(),
            lost: AtomicU64::new(0),
        }))
    }

    fn tell(&self, subject: Subject, hint: Option<Bytes>) {
        let _ = self.0.subjects[place(subject)].send(hint);
    }

    /// Tells everybody that some were lost.
    fn tell_all(&self) {
        self.lose();
        for subject in &self.0.subjects {
            let _ = subject.send(None);
        }
    }

    fn lose(&self) {
        self.0.lost.fetch_add(1, Ordering::Relaxed);
        metrics::BUS_LOST.add(1, &[]);
    }
}

impl Hints {
    /// The next hint; `None` says that some were lost (look at everything). Returns never again once the bus is gone.
    pub async fn next(&mut self) -> Option<Bytes> {
        match self.0.recv().await {
            Ok(hint) => hint,
            Err(broadcast::error::RecvError::Lagged(_)) => None,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Every subject, each at its [`place`].
fn subjects() -> impl Iterator<Item = Subject> {
    let conversations = (0..SUBJECTS).map(Subject::Conversations);
    conversations.chain([Subject::Feed, Subject::Trust])
}

fn place(subject: Subject) -> usize {
    match subject {
        Subject::Conversations(number) => usize::from(number % SUBJECTS),
        Subject::Feed => usize::from(SUBJECTS),
        Subject::Trust => usize::from(SUBJECTS) + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hints_arrive_by_subject_and_some_are_lost_on_request() {
        let bus = Bus::in_process();
        let (mut feed, mut five) = (bus.subscribe(Subject::Feed), bus.subscribe(Subject::Conversations(5)));
        bus.publish(Subject::Feed, "a");
        bus.publish(Subject::Conversations(5), "b");
        assert_eq!(
            (feed.next().await, five.next().await),
            (Some("a".into()), Some("b".into()))
        );
        bus.lose(30);
        (0..500).for_each(|_| bus.publish(Subject::Feed, "x"));
        assert_eq!(feed.0.len(), 350);
    }

    #[tokio::test]
    async fn a_slow_listener_learns_that_it_missed_some() {
        let bus = Bus::in_process();
        let mut feed = bus.subscribe(Subject::Feed);
        (0..=ROOM).for_each(|_| bus.publish(Subject::Feed, "x"));
        assert_eq!(feed.next().await, None);
        assert_eq!(feed.next().await, Some("x".into()));
    }

    #[test]
    fn every_subject_has_its_place() {
        assert!(subjects().map(place).eq(0..usize::from(SUBJECTS) + 2));
    }

    #[tokio::test]
    async fn without_an_address_the_bus_stays_in_the_process() {
        let (bus, drive) = Bus::connect(&Settings::default()).expect("fits");
        drive.await;
        assert!(bus.is_connected());
        let mut trust = bus.subscribe(Subject::Trust);
        bus.publish(Subject::Trust, "");
        assert_eq!(trust.next().await, Some(Bytes::new()));
        assert_eq!(bus.lost(), 0);
    }
}

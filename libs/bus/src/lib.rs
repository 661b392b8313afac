//! Hints: "something happened here, look". A hint may be lost, doubled or late; whoever acts on one reads the truth from
//! the database, and whoever misses one finds out by comparing every second.
#![deny(missing_docs)]

use bytes::Bytes;
use std::sync::{Arc, atomic::AtomicU32, atomic::Ordering};
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

/// Publishes and receives hints. Clones share the bus. This one lives in the process.
#[derive(Clone, Debug)]
pub struct Bus(Arc<InProcess>);

#[derive(Debug)]
struct InProcess {
    subjects: Vec<broadcast::Sender<Bytes>>,
    /// Of every 100 hints, how many are dropped; for tests.
    loss: AtomicU32,
    published: AtomicU32,
}

/// A stream of one subject's hints.
#[derive(Debug)]
pub struct Hints(broadcast::Receiver<Bytes>);

impl Bus {
    /// A bus within this process.
    pub fn in_process() -> Self {
        let subjects = (0..usize::from(SUBJECTS) + 2)
            .map(|_| broadcast::channel(ROOM).0)
            .collect();
        Self(Arc::new(InProcess {
            subjects,
            loss: AtomicU32::new(0),
            published: AtomicU32::new(0),
        }))
    }

    /// Drops `percent` of what is published from now on, evenly, so that tests see that hints are only hints.
    pub fn lose(&self, percent: u32) {
        self.0.loss.store(percent.min(100), Ordering::Relaxed);
    }

    /// Tells whoever listens now. Never waits and never fails.
    pub fn publish(&self, subject: Subject, hint: impl Into<Bytes>) {
        let count = self.0.published.fetch_add(1, Ordering::Relaxed);
        // 37 and 100 have no common factor: over 100 hints each remainder comes once, spread out.
        if count.wrapping_mul(37) % 100 >= self.0.loss.load(Ordering::Relaxed) {
            let _ = self.0.subjects[place(subject)].send(hint.into());
        }
    }

    /// Listens from now on.
    pub fn subscribe(&self, subject: Subject) -> Hints {
        Hints(self.0.subjects[place(subject)].subscribe())
    }
}

impl Hints {
    /// The next hint; `None` says that some were lost (look at everything). Returns never again once the bus is gone.
    pub async fn next(&mut self) -> Option<Bytes> {
        match self.0.recv().await {
            Ok(hint) => Some(hint),
            Err(broadcast::error::RecvError::Lagged(_)) => None,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
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
}

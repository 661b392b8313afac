//! Where the time comes from. The only place that asks the machine for it.

use onqueue_model::Timestamp;
use std::{
    sync::Arc,
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{sync::watch, time::Instant};

/// Tells the time and waits for it. Clones tell the same.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Running(Arc<Running>),
    Manual(watch::Sender<Timestamp>),
}

/// A time carried on by the monotonic clock from a moment at which somebody said what time it was.
#[derive(Debug)]
struct Running {
    anchor: Instant,
    /// Milliseconds since the epoch at the anchor; moved when the database's time is sampled anew.
    at_anchor: AtomicI64,
}

impl Clock {
    /// Begins with the machine's time.
    #[allow(clippy::disallowed_methods)]
    pub fn system() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at_anchor = AtomicI64::new(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        Self(Kind::Running(Arc::new(Running {
            anchor: Instant::now(),
            at_anchor,
        })))
    }

    /// Stands still until it is moved.
    pub fn manual(start: Timestamp) -> (Self, ManualClock) {
        let (time, _) = watch::channel(start);
        (Self(Kind::Manual(time.clone())), ManualClock(time))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::Running(running) => running.now(),
            Kind::Manual(time) => *time.borrow(),
        }
    }

    /// Takes over the database's time, as sampled just now; a manual clock does not listen.
    pub fn set(&self, now: Timestamp) {
        if let Kind::Running(running) = &self.0 {
            running
                .at_anchor
                .fetch_add(now.millis() - running.now().millis(), Ordering::Relaxed);
        }
    }

    /// Returns when the time has come; at once if it has passed.
    pub async fn sleep_until(&self, at: Timestamp) {
        match &self.0 {
            Kind::Running(running) => tokio::time::sleep(at.since(running.now())).await,
            Kind::Manual(time) => {
                let _ = time.subscribe().wait_for(|now| *now >= at).await;
            }
        }
    }

    /// Returns after that long.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now() + duration).await;
    }
}

impl Running {
    fn now(&self) -> Timestamp {
        Timestamp(self.at_anchor.load(Ordering::Relaxed)) + self.anchor.elapsed()
    }
}

/// Moves a manual clock.
#[derive(Clone, Debug)]
pub struct ManualClock(watch::Sender<Timestamp>);

impl ManualClock {
    /// Moves the time on.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now = *now + by);
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        *self.0.borrow()
    }
}

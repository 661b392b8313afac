//! Where the time comes from. The only place that asks the machine for it.

use crate::Tasks;
use onqueue_model::Timestamp;
use std::{
    path::Path,
    sync::Arc,
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{sync::watch, time::Instant};

/// How often the file is looked at by which a clock is moved.
const LOOK: Duration = Duration::from_millis(20);

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
    /// Milliseconds by which a test has moved it.
    moved: Option<watch::Sender<i64>>,
}

impl Clock {
    /// Begins with the machine's time.
    pub fn system() -> Self {
        Self::running(None)
    }

    /// Like [`Clock::system`], but ahead by as many milliseconds (behind, if negative) as the file says, for tests of
    /// processes: it is looked at all the time, and whoever waits notices. No file is 0; what is not a number is passed over.
    pub fn moved_by_file(path: &Path, tasks: &Tasks) -> Self {
        let (moved, path) = (watch::Sender::new(0), path.to_owned());
        if let Some(by) = read(std::fs::read_to_string(&path)) {
            moved.send_replace(by);
        }
        let mover = moved.clone();
        tasks.aside("moved clock", async move {
            loop {
                tokio::time::sleep(LOOK).await;
                if let Some(by) = read(tokio::fs::read_to_string(&path).await) {
                    mover.send_if_modified(|moved| std::mem::replace(moved, by) != by);
                }
            }
        });
        Self::running(Some(moved))
    }

    #[allow(clippy::disallowed_methods)]
    fn running(moved: Option<watch::Sender<i64>>) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at_anchor = AtomicI64::new(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        Self(Kind::Running(Arc::new(Running {
            anchor: Instant::now(),
            at_anchor,
            moved,
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
                .fetch_add(now.millis() - running.unmoved().millis(), Ordering::Relaxed);
        }
    }

    /// Returns when the time has come; at once if it has passed.
    pub async fn sleep_until(&self, at: Timestamp) {
        match &self.0 {
            Kind::Running(running) => running.sleep_until(at).await,
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
        let moved = self.moved.as_ref().map_or(0, |moved| *moved.borrow());
        Timestamp(self.unmoved().millis() + moved)
    }

    fn unmoved(&self) -> Timestamp {
        Timestamp(self.at_anchor.load(Ordering::Relaxed)) + self.anchor.elapsed()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let Some(moved) = &self.moved else {
            return tokio::time::sleep(at.since(self.now())).await;
        };
        let mut moved = moved.subscribe();
        while self.now() < at {
            let left = at.since(self.now());
            // The sender lives in `self`.
            let _ = tokio::time::timeout(left, moved.changed()).await;
        }
    }
}

/// What the file says; `None` if that is not a number, because it is being written perhaps.
fn read(content: std::io::Result<String>) -> Option<i64> {
    match content {
        Ok(text) => text.trim().parse().ok(),
        Err(error) => (error.kind() == std::io::ErrorKind::NotFound).then_some(0),
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

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    /// Waits for it to be within a second of `ahead` hours ahead of the machine's.
    async fn is_ahead(clock: &Clock, ahead: i64) {
        let real = Clock::system();
        let within = tokio::time::timeout(Duration::from_secs(10), async {
            while (clock.now().millis() - real.now().millis() - ahead * HOUR).abs() > 1_000 {
                tokio::time::sleep(LOOK).await;
            }
        });
        within.await.unwrap_or_else(|_| panic!("it is not {ahead} h ahead"));
    }

    #[tokio::test]
    async fn a_file_moves_the_clock_and_who_waits_notices() {
        let (folder, tasks) = (tempfile::tempdir().expect("a folder"), Tasks::new());
        let file = folder.path().join("clock");
        let clock = Clock::moved_by_file(&file, &tasks);
        is_ahead(&clock, 0).await;
        let write = |content: &str| std::fs::write(&file, content).expect("written");
        let waits = clock.sleep(Duration::from_secs(3_600));
        let (waited, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(10), waits), async {
            write(&HOUR.to_string());
        });
        waited.expect("an hour has passed");
        is_ahead(&clock, 1).await;
        write("nonsense");
        clock.set(Clock::system().now());
        is_ahead(&clock, 1).await;
        write(&format!(" {}\n", -2 * HOUR));
        is_ahead(&clock, -2).await;
        std::fs::remove_file(&file).expect("removed");
        is_ahead(&clock, 0).await;
        write(&HOUR.to_string());
        is_ahead(&Clock::moved_by_file(&file, &tasks), 1).await;
    }

    #[test]
    fn the_database_s_time_is_carried_on() {
        let clock = Clock::system();
        clock.set(Timestamp(5_000));
        assert!((5_000..10_000).contains(&clock.now().millis()));
    }
}

//! Whether an endpoint that can be reached does its work: judged by its answers, so that one that only refuses or keeps
//! silent is set aside for a while.

use crate::deadline::now;
use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::Duration,
};
use tokio::time::Instant;

pub(super) struct Health {
    /// What times are counted from.
    began: Instant,
    most_failures: u32,
    aside: Duration,
    /// Since the last success.
    failures: AtomicU32,
    /// Milliseconds after `began`; 0 when it was never set aside.
    aside_until: AtomicU64,
}

impl Health {
    pub(super) fn new(most_failures: u32, aside: Duration) -> Self {
        Self {
            began: now(),
            most_failures,
            aside,
            failures: AtomicU32::new(0),
            aside_until: AtomicU64::new(0),
        }
    }

    pub(super) fn is_aside(&self) -> bool {
        let until = self.aside_until.load(Ordering::Relaxed);
        until != 0 && self.millis() < until
    }

    pub(super) fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Answers whether this one was one too many.
    pub(super) fn failed(&self) -> bool {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures < self.most_failures {
            return false;
        }
        self.set_aside();
        true
    }

    /// At once.
    pub(super) fn set_aside(&self) {
        let aside = u64::try_from(self.aside.as_millis()).unwrap_or(u64::MAX);
        self.failures.store(0, Ordering::Relaxed);
        self.aside_until
            .store(self.millis().saturating_add(aside), Ordering::Relaxed);
    }

    /// Forgets everything: somebody new answers there.
    pub(super) fn forget(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.aside_until.store(0, Ordering::Relaxed);
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_testkit::until;

    #[tokio::test]
    async fn failures_in_a_row_set_aside() {
        let health = Health::new(3, Duration::from_secs(600));
        assert!(!health.failed() && !health.failed());
        health.succeeded();
        assert!(!health.failed() && !health.failed() && !health.is_aside());
        assert!(health.failed() && health.is_aside());
        health.forget();
        assert!(!health.is_aside() && !health.failed());
        health.set_aside();
        assert!(health.is_aside());
    }

    #[tokio::test]
    async fn it_is_for_a_while() {
        let health = Health::new(1, Duration::from_millis(5));
        assert!(health.failed());
        until("it is over", Duration::from_secs(20), async || !health.is_aside()).await;
    }
}

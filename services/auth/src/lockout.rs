//! When too many wrong passwords lock an account. Pure: the time is given.

use onqueue_model::{Fault, Reason, Timestamp};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// How many failures lock for how long.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// So many failures …
    pub failures: usize,
    /// … within so long …
    pub window: Duration,
    /// … lock for so long.
    pub lock: Duration,
}

/// An address of an organisation, neither of which need exist; only its hash is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address([u8; 32]);

impl Address {
    /// That address of the organisation with that slug, as somebody typed them.
    pub fn of(slug: &str, email: &str) -> Self {
        let hash = Sha256::new_with_prefix(fold(slug))
            .chain_update([0])
            .chain_update(fold(email));
        Self(hash.finalize().into())
    }

    /// An API client, as it names itself.
    pub fn of_client(id: &str) -> Self {
        // No slug begins so.
        Self(Sha256::new_with_prefix([1]).chain_update(fold(id)).finalize().into())
    }

    /// What is stored of it.
    pub fn bytes(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// Slugs and addresses are compared in lower case, without space around them.
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The recent failures of one address, and its lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// When; the oldest first, never more than the policy counts.
    pub at: Vec<Timestamp>,
    /// Until when nobody gets in.
    pub locked_until: Option<Timestamp>,
}

impl Failures {
    /// ACCOUNT_LOCKED, with the time to wait, while the lock lasts.
    pub fn check(&self, now: Timestamp) -> Result<(), Fault> {
        match self.locked_until {
            Some(until) if until > now => Err(Fault::new(
                Reason::AccountLocked,
                "too many wrong passwords or secrets; wait before trying again",
            )
            .with_retry_after(until.since(now))),
            _ => Ok(()),
        }
    }

    /// Counts one more. The one that fills the window begins the lock and empties the count.
    pub fn record(&mut self, now: Timestamp, policy: &Policy) {
        self.locked_until = None;
        self.at.retain(|at| now.since(*at) < policy.window);
        self.at.push(now);
        if self.at.len() >= policy.failures {
            self.at.clear();
            self.locked_until = Some(now + policy.lock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        failures: 10,
        window: Duration::from_secs(900),
        lock: Duration::from_secs(900),
    };

    fn after(seconds: impl IntoIterator<Item = i64>) -> Failures {
        let mut failures = Failures::default();
        for second in seconds {
            failures.record(Timestamp(second * 1_000), &POLICY);
        }
        failures
    }

    #[test]
    fn ten_within_the_window_lock_and_the_lock_ends() {
        assert_eq!(after(0..9).check(Timestamp(9_000)), Ok(()));
        let locked = after(0..10);
        let fault = locked.check(Timestamp(10_000)).expect_err("locked");
        assert_eq!(
            (fault.reason, fault.retry_after),
            (Reason::AccountLocked, Some(Duration::from_secs(899)))
        );
        assert!(locked.check(Timestamp(908_999)).is_err());
        assert_eq!(locked.check(Timestamp(909_000)), Ok(()));
    }

    #[test]
    fn the_window_slides() {
        let spread = (0..30).map(|number| number * 100);
        assert_eq!(after(spread).locked_until, None, "nine within any 15 minutes");
        let late = [0, 1, 2, 3, 4, 895, 896, 897, 898, 899];
        assert!(
            after(late).locked_until.is_some(),
            "ten in the last second of the window"
        );
        let too_late = [0, 895, 896, 897, 898, 899, 900, 901, 902, 903];
        assert_eq!(after(too_late).locked_until, None, "the first has left the window");
    }

    #[test]
    fn after_a_lock_the_count_begins_anew() {
        let again = after((0..10).chain(1_000..1_009));
        assert_eq!(again.locked_until, None);
        assert!(after((0..10).chain(1_000..1_010)).locked_until.is_some());
    }
}

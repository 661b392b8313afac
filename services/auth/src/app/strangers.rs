//! Wrong passwords for addresses that do not exist. They lock as existing ones do; otherwise the lock would tell which
//! exist. Counted in memory only, the rarest forgotten first: a guess at nothing is not worth a row.

use crate::lockout::{Failures, Policy};
use onqueue_model::{Fault, Timestamp};
use sha2::{Digest as _, Sha256};

/// How many addresses are kept in mind.
const ROOM: u64 = 10_000;

/// Names an address of an organisation, neither of which need exist.
pub type StrangerKey = [u8; 32];

/// The recent failures of addresses that do not exist.
#[derive(Debug)]
pub struct Strangers(moka::sync::Cache<StrangerKey, Failures>);

impl Strangers {
    /// None yet.
    pub fn new() -> Self {
        Self(moka::sync::Cache::new(ROOM))
    }

    /// The key of an address.
    pub fn key(slug: &str, email_folded: &str) -> StrangerKey {
        Sha256::new_with_prefix(slug)
            .chain_update([0])
            .chain_update(email_folded)
            .finalize()
            .into()
    }

    /// ACCOUNT_LOCKED while it is locked.
    pub fn check(&self, key: &StrangerKey, now: Timestamp) -> Result<(), Fault> {
        self.0.get(key).map_or(Ok(()), |failures| failures.check(now))
    }

    /// Counts one more failure; ACCOUNT_LOCKED if it was locked meanwhile.
    pub fn record(&self, key: StrangerKey, now: Timestamp, policy: &Policy) -> Result<(), Fault> {
        let mut answer = Ok(());
        self.0.entry(key).and_upsert_with(|entry| {
            let mut failures = entry.map(moka::Entry::into_value).unwrap_or_default();
            answer = failures.check(now);
            if answer.is_ok() {
                failures.record(now, policy);
            }
            failures
        });
        answer
    }
}

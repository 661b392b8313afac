//! Where ids and random bytes come from. The only place that asks for chance.

use onqueue_model::{Id, Timestamp};
use sha2::{Digest, Sha256};
use std::{
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
};
use uuid::Uuid;

/// Makes ids and random bytes. Clones draw from the same source.
#[derive(Clone, Debug)]
pub struct Ids(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Seeded { seed: u64, drawn: Arc<AtomicU64> },
}

impl Ids {
    /// From the operating system.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// The same ones for the same seed, for tests.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded {
            seed,
            drawn: Arc::new(AtomicU64::new(0)),
        })
    }

    /// Random bytes, fit for keys and tokens.
    #[allow(clippy::disallowed_methods, clippy::expect_used)]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System => getrandom::fill(&mut bytes).expect("the operating system gives random bytes"),
            Source::Seeded { seed, drawn } => fill(&mut bytes, *seed, drawn.fetch_add(1, Ordering::Relaxed)),
        }
        bytes
    }

    /// A random number in 0..1, for jitter.
    pub fn chance(&self) -> f64 {
        f64::from(u32::from_be_bytes(self.bytes())) / (f64::from(u32::MAX) + 1.0)
    }

    /// A new id: UUID version 7, so that ids sort by when they were made.
    pub fn id<T>(&self, now: Timestamp) -> Id<T> {
        Id::new(self.uuid(now))
    }

    /// A new UUID version 7.
    pub fn uuid(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

fn fill(bytes: &mut [u8], seed: u64, drawn: u64) {
    for (block, chunk) in bytes.chunks_mut(32).enumerate() {
        let mut hasher = Sha256::new();
        hasher.update(seed.to_be_bytes());
        hasher.update(drawn.to_be_bytes());
        hasher.update((block as u64).to_be_bytes());
        chunk.copy_from_slice(&hasher.finalize()[..chunk.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_ids_repeat_and_differ() {
        let (one, two) = (Ids::seeded(7), Ids::seeded(7));
        let draw = |ids: &Ids| (0..3).map(|_| ids.uuid(Timestamp(1_000))).collect::<Vec<_>>();
        let (first, again) = (draw(&one), draw(&two));
        assert_eq!(first, again);
        assert!(first[0] != first[1] && first[1] != first[2]);
        assert_ne!(draw(&Ids::seeded(8)), first);
        assert_eq!(first[0].get_version_num(), 7);
        assert_ne!(Ids::system().bytes::<32>(), Ids::system().bytes::<32>());
    }
}

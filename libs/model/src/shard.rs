//! Shards: the unit of lease and feed.

use serde::{Deserialize, Serialize};

/// How many shards there are.
pub const SHARDS: u16 = 256;

/// The first byte of the SHA-256 of an organisation's id (its 16 bytes); who computes it has the hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(pub u8);

impl Shard {
    /// Every shard, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map(Self)
    }

    /// As the database and the protos hold it.
    pub fn number(self) -> i16 {
        i16::from(self.0)
    }
}

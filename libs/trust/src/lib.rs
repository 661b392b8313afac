//! Verified tokens, grants and revocations.

/// Skeleton, being written by the owner of libs/trust.
#[derive(Clone, Debug, Default)]
pub struct Trust;

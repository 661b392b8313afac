//! Verified tokens, grants and revocations.

use onqueue_model::{Caller, Fault, Reason, Timestamp};

/// Skeleton, being written by the owner of libs/trust: it trusts nobody.
#[derive(Clone, Debug, Default)]
pub struct Trust;

impl Trust {
    /// An empty one.
    pub fn new() -> Self {
        Self
    }
    /// Nothing is trusted.
    pub fn verify(&self, _token: &str, _now: Timestamp) -> Result<Caller, Fault> {
        Err(Fault::new(Reason::TokenInvalid, "the token is not valid"))
    }
    /// Nobody may.
    pub fn may(&self, _caller: &Caller, permission: &str) -> Result<(), Fault> {
        Err(Fault::missing_named(permission))
    }
    /// Always.
    pub fn fresh(&self, _now: Timestamp) -> Result<(), Fault> {
        Ok(())
    }
}

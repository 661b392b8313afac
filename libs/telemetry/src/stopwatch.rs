//! How long something took, for telemetry only: what the product decides upon is the chassis's clock, which tests move.
#![allow(clippy::disallowed_methods)]

use std::time::{Duration, Instant};

/// Runs since it was made.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// From now on.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long since it was started.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

//! What writing to the database takes, and what goes wrong with it.

use crate::StoreError;
use onqueue_telemetry::{Stopwatch, metrics};

/// A transaction, or a statement alone, that goes on; measured when this is dropped, however it ended.
pub(crate) struct Write(Stopwatch);

impl Write {
    pub fn begin() -> Self {
        Self(Stopwatch::start())
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        metrics::STORE_WRITE.record(self.0.elapsed().as_secs_f64(), &[]);
    }
}

/// Counts an attempt that failed. That a row was there already, or that the use case refused, is no failure.
pub(crate) fn told<T>(outcome: Result<T, StoreError>) -> Result<T, StoreError> {
    if let Err(error) = &outcome {
        let reason = match error {
            StoreError::Contended(_) => "contended",
            StoreError::Unavailable(_) | StoreError::Barred(_) => "unavailable",
            StoreError::Lost(_) => "lost",
            StoreError::Unknown(_) => "unknown",
            StoreError::Damaged(_) | StoreError::Broken(_) => "broken",
            StoreError::Unique(_) | StoreError::Refused(_) => return outcome,
        };
        metrics::STORE_FAILURES.add(1, &[reason]);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_model::Fault;

    #[test]
    fn what_the_database_did_counts_and_what_was_refused_does_not() {
        let text = || "by a test".to_owned();
        for (error, reason) in [
            (StoreError::Contended(text()), Some("contended")),
            (StoreError::Unavailable(text()), Some("unavailable")),
            (StoreError::Barred(text()), Some("unavailable")),
            (StoreError::Lost(text()), Some("lost")),
            (StoreError::Unknown(text()), Some("unknown")),
            (StoreError::Broken(text()), Some("broken")),
            (StoreError::Unique(text()), None),
            (StoreError::Refused(Fault::unavailable("by a test")), None),
        ] {
            let all = || ["contended", "unavailable", "lost", "unknown", "broken"];
            let before = all().map(|reason| metrics::STORE_FAILURES.get(&[reason]));
            assert!(told::<()>(Err(error)).is_err());
            let after = all().map(|reason| metrics::STORE_FAILURES.get(&[reason]));
            for (at, name) in all().into_iter().enumerate() {
                // Other tests of this process may count too, but none takes back.
                assert!(reason != Some(name) || after[at] > before[at], "{name}");
            }
        }
    }
}

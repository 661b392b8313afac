//! What of routing can be set.

use onqueue_model::Fault;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// Times are in milliseconds.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long a lease on the shards lasts.
    pub lease_ms: u64,
    /// How often it is renewed.
    pub renew_ms: u64,
    /// How long before its end the owner stops.
    pub stop_before_ms: u64,
    /// Whether leases that another run holds are taken at the start without waiting for their end: for an installation of
    /// which something else (the data folder's lock) makes sure that no other process runs.
    pub take_at_once: bool,
    /// Where other replicas reach this one; empty if there are no others.
    pub address: String,
    /// How often a watching agent is asked for a heartbeat.
    pub heartbeat_ms: u64,
    /// After how long without one an agent is gone.
    pub gone_after_ms: u64,
    /// After how many inputs a snapshot is written.
    pub snapshot_inputs: u64,
    /// After how long a snapshot is written if there was any input.
    pub snapshot_ms: u64,
    /// How many days back every decision can be repeated: for so long the log is kept, with a snapshot for each day.
    pub log_days: u32,
    /// For how many days decisions are kept.
    pub decision_days: u32,
    /// The first pause before something is tried again with session; it doubles up to 32 times that.
    pub retry_ms: u64,
    /// How long calls are still answered after the process was told to end: here if there can be no other replicas, else
    /// by the one that has taken over.
    pub drain_ms: u64,
    /// False is the seeded wrong rule `no_fence`, which tests of the fence have to notice: nothing checks the epoch, an
    /// owner never stops by itself and takes no notice of leases that it has lost. Not for any installation.
    #[serde(skip_serializing)]
    pub fence: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease_ms: 5_000,
            renew_ms: 1_500,
            stop_before_ms: 1_000,
            take_at_once: false,
            address: String::new(),
            heartbeat_ms: 15_000,
            gone_after_ms: 45_000,
            snapshot_inputs: 100_000,
            snapshot_ms: 600_000,
            log_days: 7,
            decision_days: 90,
            retry_ms: 100,
            drain_ms: 1_000,
            fence: true,
        }
    }
}

impl Settings {
    /// Refuses times that contradict each other.
    pub fn check(&self) -> Result<(), Fault> {
        Fault::first_of(self.mistakes())
    }

    /// Everything that contradicts something else.
    pub fn mistakes(&self) -> Vec<Fault> {
        let wrong = [
            (
                self.renew_ms == 0 || self.renew_ms.saturating_add(self.stop_before_ms) >= self.lease_ms,
                "routing.lease_ms",
                "must be more than renew_ms and stop_before_ms together, and renew_ms more than 0",
            ),
            (
                self.heartbeat_ms == 0 || self.heartbeat_ms >= self.gone_after_ms,
                "routing.gone_after_ms",
                "must be more than heartbeat_ms, and that more than 0",
            ),
            (
                self.snapshot_inputs == 0 || self.snapshot_ms == 0 || self.retry_ms == 0,
                "routing.snapshot_inputs",
                "this, snapshot_ms and retry_ms must be more than 0",
            ),
            (
                self.log_days == 0 || self.decision_days == 0,
                "routing.log_days",
                "this and decision_days must be more than 0",
            ),
        ];
        let wrong = wrong.into_iter().filter(|(wrong, ..)| *wrong);
        wrong.map(|(_, field, problem)| Fault::field(field, problem)).collect()
    }

    pub(crate) const fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }

    pub(crate) fn log_kept(&self) -> Duration {
        DAY * self.log_days
    }

    pub(crate) fn decisions_kept(&self) -> Duration {
        DAY * self.decision_days
    }

    /// Whether there may be other replicas.
    pub(crate) const fn is_replicated(&self) -> bool {
        !self.address.is_empty() && !self.take_at_once
    }

    pub(crate) const fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }

    pub(crate) const fn renew(&self) -> Duration {
        Duration::from_millis(self.renew_ms)
    }

    /// How long after the last renewal was begun the owner may act.
    pub(crate) const fn tenure(&self) -> Duration {
        Duration::from_millis(self.lease_ms - self.stop_before_ms)
    }

    pub(crate) const fn gone_after(&self) -> Duration {
        Duration::from_millis(self.gone_after_ms)
    }

    pub(crate) const fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.heartbeat_ms)
    }

    pub(crate) const fn retry(&self) -> Duration {
        Duration::from_millis(self.retry_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_are_refused() {
        assert_eq!(Settings::default().check(), Ok(()));
        let changed = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.check().map_err(|fault| fault.metadata)
        };
        for (change, field) in [
            ((|s| s.lease_ms = 2_500) as fn(&mut Settings), "routing.lease_ms"),
            (|s| s.renew_ms = 0, "routing.lease_ms"),
            (|s| s.heartbeat_ms = 45_000, "routing.gone_after_ms"),
            (|s| s.retry_ms = 0, "routing.snapshot_inputs"),
            (|s| s.decision_days = 0, "routing.log_days"),
        ] {
            assert_eq!(changed(change), Err(vec![("field", field.to_owned())]));
        }
    }
}

//! What of auth can be set.

use crate::lockout::Policy;
use onqueue_model::Fault;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

/// Settings of auth; the unit is in the name.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long an access token lives: 1 to 10.
    pub access_token_minutes: u32,
    /// How long a refresh token lives if it is not used.
    pub refresh_token_days: u32,
    /// For how long after its use a refresh token may be sent again by a client that lost the answer; 0 for never.
    pub refresh_repeat_seconds: u32,
    /// After how many wrong passwords within the window an account is locked.
    pub lockout_failures: u32,
    /// The window.
    pub lockout_window_minutes: u32,
    /// How long the account stays locked.
    pub lockout_minutes: u32,
    /// For how long one key signs.
    pub signing_key_days: u32,
    /// How many passwords are checked at the same time; each takes a core and 19 MiB.
    pub password_checks: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access_token_minutes: 10,
            refresh_token_days: 14,
            refresh_repeat_seconds: 10,
            lockout_failures: 10,
            lockout_window_minutes: 15,
            lockout_minutes: 15,
            signing_key_days: 90,
            password_checks: 2,
        }
    }
}

impl Settings {
    /// Refuses what makes no sense.
    pub fn check(&self) -> Result<(), Fault> {
        Fault::first_of(self.mistakes())
    }

    /// Everything that makes no sense.
    pub fn mistakes(&self) -> Vec<Fault> {
        let zero = [
            ("auth.refresh_token_days", self.refresh_token_days),
            ("auth.lockout_failures", self.lockout_failures),
            ("auth.lockout_window_minutes", self.lockout_window_minutes),
            ("auth.lockout_minutes", self.lockout_minutes),
            ("auth.password_checks", self.password_checks),
        ];
        let zero = zero.into_iter().filter(|(_, value)| *value == 0);
        let ranges = [
            (
                "auth.access_token_minutes",
                (1..=10).contains(&self.access_token_minutes),
                "must be 1 to 10",
            ),
            (
                "auth.signing_key_days",
                self.signing_key_days >= 2,
                "must be at least 2",
            ),
        ];
        let ranges = ranges.into_iter().filter(|(_, fits, _)| !fits);
        ranges
            .map(|(field, _, problem)| Fault::field(field, problem))
            .chain(zero.map(|(field, _)| Fault::field(field, "must be more than 0")))
            .collect()
    }

    pub(crate) fn access(&self) -> Duration {
        Duration::from_secs(u64::from(self.access_token_minutes) * MINUTE)
    }

    pub(crate) fn refresh(&self) -> Duration {
        Duration::from_secs(u64::from(self.refresh_token_days) * DAY)
    }

    pub(crate) fn repeat(&self) -> Duration {
        Duration::from_secs(u64::from(self.refresh_repeat_seconds))
    }

    pub(crate) fn signing(&self) -> Duration {
        Duration::from_secs(u64::from(self.signing_key_days) * DAY)
    }

    pub(crate) fn lockout(&self) -> Policy {
        Policy {
            failures: self.lockout_failures as usize,
            window: Duration::from_secs(u64::from(self.lockout_window_minutes) * MINUTE),
            lock: Duration::from_secs(u64::from(self.lockout_minutes) * MINUTE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused_by_name() {
        assert_eq!(Settings::default().check(), Ok(()));
        for (change, field) in [
            (
                (|s| s.access_token_minutes = 11) as fn(&mut Settings),
                "auth.access_token_minutes",
            ),
            (|s| s.access_token_minutes = 0, "auth.access_token_minutes"),
            (|s| s.signing_key_days = 1, "auth.signing_key_days"),
            (|s| s.lockout_failures = 0, "auth.lockout_failures"),
            (|s| s.password_checks = 0, "auth.password_checks"),
        ] {
            let mut settings = Settings::default();
            change(&mut settings);
            let metadata = settings.check().map_err(|fault| fault.metadata);
            assert_eq!(metadata, Err(vec![("field", field.to_owned())]));
        }
    }
}

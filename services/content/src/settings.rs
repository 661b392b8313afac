//! What of content can be set.

use onqueue_model::Fault;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The section `[content]`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// For how many days it is known who used a response in which queue, and what became of an import; 1 to 3,650.
    pub uses_kept_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { uses_kept_days: 30 }
    }
}

impl Settings {
    /// Refuses what cannot work.
    pub fn check(&self) -> Result<(), Fault> {
        Fault::first_of(self.mistakes())
    }

    /// Everything that cannot work.
    pub fn mistakes(&self) -> Vec<Fault> {
        let fits = (1..=3_650).contains(&self.uses_kept_days);
        let mistake = (!fits).then(|| Fault::field("content.uses_kept_days", "must be 1 to 3,650"));
        mistake.into_iter().collect()
    }

    pub(crate) fn uses_kept(&self) -> Duration {
        Duration::from_secs(u64::from(self.uses_kept_days) * 24 * 3_600)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_bounds() {
        assert_eq!(Settings::default().check(), Ok(()));
        assert_eq!(Settings::default().uses_kept(), Duration::from_secs(2_592_000));
        for (days, is_good) in [(0, false), (1, true), (3_650, true), (3_651, false)] {
            let settings = Settings { uses_kept_days: days };
            assert_eq!(settings.check().is_ok(), is_good, "{days}");
        }
    }
}

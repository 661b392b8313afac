//! The rules of routing as data, so that one build can be given wrong ones, which the comparison tests must catch.

use std::time::Duration;

/// What decides. Only the default is right; every other value exists to prove that the tests notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rules {
    /// Who of the eligible gets it.
    pub preference: Preference,
    /// Idle time counts no further than this.
    pub idle_cap: Duration,
    /// The head start that one point of priority gives.
    pub head_start: Duration,
    /// Whether an alerting offer counts against the maximum.
    pub offer_holds_slot: bool,
    /// Whether the end of an interaction starts the agent's idle time anew.
    pub end_resets_idle: bool,
    /// Whether one of the required skills is enough.
    pub any_skill_suffices: bool,
    /// Whether an agent who declined or missed an interaction is spared it.
    pub decline_excludes: bool,
}

/// Who of the eligible gets it; ties go to the smaller id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// Who has been idle longest.
    LongestIdle,
    /// Who has been idle shortest.
    ShortestIdle,
    /// Who has the smallest id.
    LowestId,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            preference: Preference::LongestIdle,
            idle_cap: Duration::from_secs(7 * 24 * 60 * 60),
            head_start: Duration::from_secs(60),
            offer_holds_slot: true,
            end_resets_idle: true,
            any_skill_suffices: false,
            decline_excludes: true,
        }
    }
}

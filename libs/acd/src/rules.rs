//! The rules of routing as data, so that one build can be given wrong ones, which the comparison tests must catch.

use std::time::Duration;

/// What decides. Only the default is right; every other value exists to prove that the tests notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Whether the last ring is left too once its time is over, so that nobody is open any more.
    pub last_ring_exits: bool,
    /// Whether leaving a ring removes its skills.
    pub ring_removes_skills: bool,
    /// Whether only the newest ring is open, not those inside it.
    pub inner_rings_close: bool,
    /// Whether preferred agents rank by their score.
    pub preference_counts: bool,
    /// Whether preferred agents need the skills too.
    pub preferred_need_skills: bool,
    /// Whether a conditional rule whose metric is not known counts as true.
    pub unknown_metric_is_true: bool,
    /// Whether a medium in hand lets every other through.
    pub everything_interrupts: bool,
    /// Whether labels have maxima.
    pub labels_count: bool,
    /// Whether external work counts.
    pub external_work_counts: bool,
    /// Whether after-contact work holds its slot where the queue says so.
    pub acw_holds_slot: bool,
    /// Whether queues that score by priority alone come before the others.
    pub priority_only_first: bool,
    /// Whether an offer that lapsed sends the interaction to the end of the line.
    pub missed_goes_last: bool,
    /// Whether proficiency decides under best skills.
    pub proficiency_counts: bool,
    /// Whether a removed skill still counts in the sum of best skills.
    pub removed_skill_counts: bool,
    /// Whether a transfer that keeps the age does so.
    pub transfer_keeps_age: bool,
    /// Whether an interaction without an eligible agent holds up the ones behind it in its queue.
    pub head_blocks_line: bool,
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
            last_ring_exits: false,
            ring_removes_skills: true,
            inner_rings_close: false,
            preference_counts: true,
            preferred_need_skills: false,
            unknown_metric_is_true: false,
            everything_interrupts: false,
            labels_count: true,
            external_work_counts: true,
            acw_holds_slot: true,
            priority_only_first: true,
            missed_goes_last: false,
            proficiency_counts: true,
            removed_skill_counts: false,
            transfer_keeps_age: true,
            head_blocks_line: false,
        }
    }
}

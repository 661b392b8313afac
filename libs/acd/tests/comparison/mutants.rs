//! Every rule with every wrong value: the comparison must notice each.

use crate::difference::by_seed;
use onqueue_acd::{Preference, Rules};
use std::time::Duration;

/// Makes the list of wrong rules, and fails to compile when a rule has none.
macro_rules! wrong_rules {
    ($($rule:ident: [$($wrong:expr),+],)*) => {
        fn wrong_rules() -> Vec<(&'static str, Rules)> {
            let right = Rules::default();
            let Rules { $($rule: _),* } = right;
            vec![$($((concat!(stringify!($rule), " = ", stringify!($wrong)), Rules { $rule: $wrong, ..right })),+),*]
        }
    };
}

wrong_rules! {
    preference: [Preference::ShortestIdle, Preference::LowestId],
    idle_cap: [Duration::MAX, Duration::from_secs(60)],
    head_start: [Duration::from_secs(30), Duration::ZERO],
    offer_holds_slot: [false],
    end_resets_idle: [false],
    any_skill_suffices: [true],
    decline_excludes: [false],
    last_ring_exits: [true],
    ring_removes_skills: [false],
    inner_rings_close: [true],
    preference_counts: [false],
    preferred_need_skills: [true],
    unknown_metric_is_true: [true],
    everything_interrupts: [true],
    labels_count: [false],
    external_work_counts: [false],
    acw_holds_slot: [false],
    priority_only_first: [false],
    missed_goes_last: [true],
    proficiency_counts: [false],
    removed_skill_counts: [true],
    transfer_keeps_age: [false],
    head_blocks_line: [true],
}

#[test]
fn wrong_rules_are_noticed() {
    for (name, rules) in wrong_rules() {
        assert_ne!(rules, Rules::default(), "{name} is right");
        let noticed = (0..20).any(|seed| by_seed(seed, rules).is_err());
        assert!(noticed, "{name} was not noticed");
    }
}

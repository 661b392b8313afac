//! Kinds of waiting interactions: those of one kind can be served by the same agents.

use super::Key;
use crate::config::primary;
use crate::{Evaluation, InteractionView, Medium, Method, Proficiency, QueueConfig, Requirements};
use onqueue_model::{GroupId, QueueId, SkillId, UserId};
use std::collections::BTreeSet;

/// What decides who could serve an interaction in the end, when its queue's method has opened all that it will.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wish<'a> {
    pub queue: QueueId,
    pub medium: Medium,
    /// Skills that are required to the end: those that rings drop are not among them.
    pub skills: Vec<(SkillId, Proficiency)>,
    /// The language's first subtag, if it counts.
    pub language: Option<&'a str>,
    /// Groups that will be open; `None` if all members will.
    pub groups: Option<BTreeSet<GroupId>>,
    /// Preferred agents who will be open.
    pub preferred: Vec<UserId>,
    /// For whom it was held.
    pub last_agent: Option<UserId>,
}

impl<'a> Wish<'a> {
    /// Of an interaction that waits in a queue so configured.
    pub fn of(interaction: &InteractionView<'a>, config: &QueueConfig) -> Self {
        let last_agent = interaction.requirements.last_agent;
        Self {
            groups: groups(interaction.openings, &config.method),
            last_agent: last_agent.filter(|_| interaction.hold.is_some()),
            ..Self::plain(interaction.requirements, config)
        }
    }

    /// Of one that does not wait yet; to it all members are open.
    pub fn plain(requirements: &'a Requirements, config: &QueueConfig) -> Self {
        let skilled = config.evaluation != Evaluation::Disregard;
        let language = requirements.language.as_ref().filter(|_| skilled);
        Self {
            queue: config.id,
            medium: requirements.medium,
            skills: if skilled {
                lasting(requirements, &config.method)
            } else {
                Vec::new()
            },
            language: language.map(primary),
            groups: None,
            preferred: preferred(requirements, &config.method),
            last_agent: None,
        }
    }

    /// Under what its waits are learnt of.
    pub const fn key(&self) -> Key {
        (self.queue, self.medium)
    }
}

/// What is required and not dropped by a ring that will be left; the last ring never is.
fn lasting(requirements: &Requirements, method: &Method) -> Vec<(SkillId, Proficiency)> {
    let rings = match method {
        Method::Bullseye { rings } => rings.split_last().map_or(&[][..], |(_, left)| left),
        _ => &[],
    };
    let is_dropped = |skill| rings.iter().any(|ring| ring.skills_to_remove.contains(skill));
    let required = requirements.skills.iter().filter(|(_, least)| **least > 0);
    let lasting = required.filter(|(skill, _)| !is_dropped(*skill));
    lasting.map(|(skill, least)| (*skill, *least)).collect()
}

/// Groups of the rules that were true at entry.
fn groups(openings: &[u8], method: &Method) -> Option<BTreeSet<GroupId>> {
    let Method::Conditional { rules } = method else {
        return None;
    };
    let opened = openings.iter().filter_map(|place| rules.get(usize::from(*place)));
    let groups = opened.flat_map(|rule| rule.groups.iter().copied()).collect();
    (!openings.is_empty()).then_some(groups)
}

/// Preferred agents whom a rule opens, or all if the method ends so.
fn preferred(requirements: &Requirements, method: &Method) -> Vec<UserId> {
    let Method::Preferred {
        rules,
        then_all_preferred,
    } = method
    else {
        return Vec::new();
    };
    let is_opened = |score| *then_all_preferred || rules.iter().any(|rule| score >= rule.threshold);
    let opened = requirements.preferred.iter().filter(|(_, score)| is_opened(**score));
    opened.map(|(agent, _)| *agent).collect()
}

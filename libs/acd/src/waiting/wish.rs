//! Kinds of waiting interactions: those of one kind can be served by the same agents.

use super::Key;
use super::crowd::is_opened;
use crate::config::primary;
use crate::{Evaluation, InteractionView, Medium, Method, Proficiency, QueueConfig, Requirements};
use onqueue_model::{GroupId, Language, QueueId, SkillId, UserId};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Whom interactions prefer where the queue does not ask.
static NOBODY: BTreeMap<UserId, u8> = BTreeMap::new();

/// What decides who could serve an interaction, whenever that may be.
#[derive(Clone, Debug)]
pub(super) struct Wish<'a> {
    pub queue: QueueId,
    pub medium: Medium,
    config: &'a QueueConfig,
    skills: &'a BTreeMap<SkillId, Proficiency>,
    language: Option<&'a Language>,
    preferred: &'a BTreeMap<UserId, u8>,
    pub last_agent: Option<UserId>,
    openings: &'a [u8],
}

type Order<'a> = (
    QueueId,
    Medium,
    Option<&'a Language>,
    &'a BTreeMap<SkillId, Proficiency>,
    &'a BTreeMap<UserId, u8>,
    Option<UserId>,
    &'a [u8],
);

impl<'a> Wish<'a> {
    /// Of an interaction that waits in a queue so configured.
    pub fn of(interaction: &InteractionView<'a>, config: &'a QueueConfig) -> Self {
        let last_agent = interaction.requirements.last_agent;
        Self {
            last_agent: last_agent.filter(|_| interaction.hold.is_some()),
            openings: interaction.openings,
            ..Self::plain(interaction.requirements, config)
        }
    }

    /// Of one that does not wait yet.
    pub fn plain(requirements: &'a Requirements, config: &'a QueueConfig) -> Self {
        let preferred = match config.method {
            Method::Preferred { .. } => &requirements.preferred,
            _ => &NOBODY,
        };
        Self {
            queue: config.id,
            medium: requirements.medium,
            config,
            skills: &requirements.skills,
            language: requirements.language.as_ref(),
            preferred,
            last_agent: None,
            openings: &[],
        }
    }

    /// Under what its waits are learnt of.
    pub const fn key(&self) -> Key {
        (self.queue, self.medium)
    }

    fn disregards(&self) -> bool {
        self.config.evaluation == Evaluation::Disregard
    }

    /// The language's first subtag, if it counts.
    pub fn language(&self) -> Option<&'a str> {
        let language = self.language.filter(|_| !self.disregards());
        language.map(primary)
    }

    /// Skills that are required to the end: those that rings will drop are not among them.
    pub fn skills(&self) -> impl Iterator<Item = (SkillId, Proficiency)> {
        let required = self
            .skills
            .iter()
            .filter(|(_, least)| **least > 0 && !self.disregards());
        let lasting = required.filter(|(skill, _)| !self.is_dropped(**skill));
        lasting.map(|(skill, least)| (*skill, *least))
    }

    /// Whether a ring that will be left drops the skill; the last ring is never left.
    fn is_dropped(&self, skill: SkillId) -> bool {
        let Method::Bullseye { rings } = &self.config.method else {
            return false;
        };
        let left = rings.split_last().map_or(&[][..], |(_, left)| left);
        left.iter().any(|ring| ring.skills_to_remove.contains(&skill))
    }

    /// Groups that will be open; `None` if all members will.
    pub fn groups(&self) -> Option<impl Iterator<Item = GroupId>> {
        let Method::Conditional { rules } = &self.config.method else {
            return None;
        };
        let opened = self.openings.iter().filter_map(|place| rules.get(usize::from(*place)));
        let groups = opened.flat_map(|rule| rule.groups.iter().copied());
        (!self.openings.is_empty()).then_some(groups)
    }

    /// Preferred agents who will be open.
    pub fn preferred(&self) -> impl Iterator<Item = UserId> {
        let opened = self
            .preferred
            .iter()
            .filter(|(_, score)| is_opened(&self.config.method, **score));
        opened.map(|(agent, _)| *agent)
    }

    fn order(&self) -> Order<'a> {
        (
            self.queue,
            self.medium,
            self.language,
            self.skills,
            self.preferred,
            self.last_agent,
            self.openings,
        )
    }
}

impl PartialEq for Wish<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Wish<'_> {}

impl PartialOrd for Wish<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Wish<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

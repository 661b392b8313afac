//! What the engine must know of queues and agents.

use onqueue_model::{Language, QueueId, SkillId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How well somebody knows something, in hundredths: 0–500. 100 and more counts as knowing it.
pub type Proficiency = u16;

/// Which agents a queue considers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Evaluation {
    /// Every required skill and the language; among those the longest idle.
    AllSkills,
}

/// How a queue widens its search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// All members at once.
    Standard,
}

/// A queue as the engine needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueConfig {
    /// Which queue.
    pub id: QueueId,
    /// Which agents it considers.
    pub evaluation: Evaluation,
    /// How it widens its search.
    pub method: Method,
    /// How many may wait (alerting ones included); `None` is no limit.
    pub limit: Option<u32>,
    /// How long an offer alerts, in milliseconds.
    pub alerting_timeout_ms: u64,
}

/// An agent's membership of one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Whether the membership is active.
    pub joined: bool,
}

/// An agent as the engine needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentProfile {
    /// Which user.
    pub id: UserId,
    /// Queues of which they are a member.
    pub queues: BTreeMap<QueueId, Membership>,
    /// Skills with their proficiency.
    pub skills: BTreeMap<SkillId, Proficiency>,
    /// Languages with their proficiency.
    pub languages: BTreeMap<Language, Proficiency>,
    /// How many chats at once, alerting ones included: 0–25.
    pub maximum_chats: u8,
}

/// What an interaction asks of an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirements {
    /// Skills, each with the least proficiency (100 unless the interaction says otherwise).
    pub skills: BTreeMap<SkillId, Proficiency>,
    /// The language; `None` is any. An agent with `de` speaks `de-AT`; the other way round too: only the first subtag is
    /// compared.
    pub language: Option<Language>,
    /// −25,000,000 … 25,000,000; each point is a head start of one minute.
    pub priority: i32,
}

/// What counts as knowing a language, and a skill unless the interaction says otherwise.
pub const KNOWN: Proficiency = 100;

impl AgentProfile {
    /// Whether the agent knows the language, whatever its region.
    pub fn speaks(&self, language: &Language) -> bool {
        let wanted = primary(language);
        let mut known = self.languages.iter().filter(|(_, proficiency)| **proficiency >= KNOWN);
        known.any(|(language, _)| primary(language) == wanted)
    }

    /// Whether the agent has the skill at least so well.
    pub fn has(&self, skill: SkillId, least: Proficiency) -> bool {
        self.skills.get(&skill).copied().unwrap_or(0) >= least
    }
}

/// The first subtag of a language, the only one that is compared.
pub(crate) fn primary(language: &Language) -> &str {
    language.as_str().split('-').next().unwrap_or_default()
}

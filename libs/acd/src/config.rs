//! What the engine must know of queues, agents and interactions.

use crate::{Medium, Utilization};
use onqueue_model::{GroupId, LabelId, Language, QueueId, SkillId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How well somebody knows something, in hundredths: 0–500. 100 and more counts as knowing it.
pub type Proficiency = u16;

/// What counts as knowing a language, and a skill unless the interaction says otherwise.
pub const KNOWN: Proficiency = 100;

/// Which agents a queue considers, and who of them is best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evaluation {
    /// Every required skill and the language; among those the longest idle.
    #[default]
    AllSkills,
    /// The same filter; among those the highest sum of proficiency in what is asked for, then the longest idle.
    BestSkills,
    /// Neither skills nor language count; the longest idle.
    Disregard,
}

/// In what order a queue's interactions are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scoring {
    /// By entry, where each point of priority is a head start of one minute.
    #[default]
    TimestampAndPriority,
    /// By priority, then by entry; before all interactions of queues that score otherwise. Can starve.
    PriorityOnly,
}

/// How a queue widens its search. What is opened stays open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "method")]
pub enum Method {
    /// All members at once.
    #[default]
    Standard,
    /// Ring by ring, 1–6 of them. A member whose ring is beyond the last stands in the last.
    Bullseye {
        /// From the inside out. No rings at all: as [`Method::Standard`].
        rings: Vec<Ring>,
    },
    /// The interaction's preferred agents first: rule by rule, then everybody. An interaction that prefers nobody goes to
    /// everybody at once. Preferred agents need be joined members; skills and language do not count for them.
    Preferred {
        /// At most 6.
        rules: Vec<PreferredRule>,
        /// Whether, when the rules are over, every preferred agent whatever their score is open too and ranks before the
        /// others, by score.
        then_all_preferred: bool,
    },
    /// Groups of members, by rules on recorded metrics.
    Conditional {
        /// At most 5. If none is true when the interaction enters, all members are open at once.
        rules: Vec<GroupRule>,
    },
}

/// A ring of [`Method::Bullseye`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// How long until the next ring opens, in milliseconds; of the last one it does not count: it is never left.
    pub wait_ms: u64,
    /// Skills that are no longer required once the ring is left; at most 50.
    pub skills_to_remove: BTreeSet<SkillId>,
    /// Members of these groups stand in this ring (or an inner one, if that is theirs).
    pub groups: BTreeSet<GroupId>,
}

/// A rule of [`Method::Preferred`]: agents with at least this score are open from its turn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreferredRule {
    /// 0–100.
    pub threshold: u8,
    /// How long until the next rule (after the last: until everybody is open), in milliseconds; also if it opened nobody.
    pub wait_ms: u64,
}

/// A rule of [`Method::Conditional`]. The rules are evaluated once, when the interaction enters the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRule {
    /// Of which queue the metric is; of the first rule always its own, whatever is written here.
    pub queue: QueueId,
    /// Which metric.
    pub metric: Metric,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what, in the metric's unit.
    pub value: u64,
    /// Who is open from this rule's turn on, if it is true. A rule that is false, or whose metric is not known, is passed
    /// over without waiting.
    pub groups: BTreeSet<GroupId>,
    /// How long until the next rule, in milliseconds; after the last true one nothing more opens.
    pub wait_ms: u64,
}

/// What a [`GroupRule`] looks at, as last recorded by [`crate::Command::ObserveMetric`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Milliseconds.
    EstimatedWait,
    /// Hundredths of a percent: 0–10,000.
    ServiceLevel,
}

/// How a metric is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// The metric is greater.
    #[serde(rename = ">")]
    Greater,
    /// It is at least so great.
    #[serde(rename = ">=", alias = "≥")]
    AtLeast,
    /// It is less.
    #[serde(rename = "<")]
    Less,
    /// It is at most so great.
    #[serde(rename = "<=", alias = "≤")]
    AtMost,
}

/// Whether whom the customer had last is tried first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAgentRule {
    /// Who counts.
    pub mode: LastAgentMode,
    /// How long nobody else gets it, in milliseconds.
    pub hold_ms: u64,
}

/// See [`LastAgentRule`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastAgentMode {
    /// Nobody.
    #[default]
    Disabled,
    /// Whom the interaction names, if a joined member.
    QueueMembersOnly,
    /// Whom the interaction names.
    AnyAgent,
}

/// Work that follows an interaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterContact {
    /// When there is any, and how it ends.
    pub mode: AfterContactMode,
    /// How long at most, in milliseconds (1 s – 60 min): for [`AfterContactMode::MandatoryTimeout`],
    /// [`AfterContactMode::MandatoryForced`], and [`AfterContactMode::AgentRequested`] if not `None`.
    pub timeout_ms: Option<u64>,
    /// Whether it counts as active until it is over.
    pub holds_slot: bool,
}

/// See [`AfterContact`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterContactMode {
    /// None that routing knows of: the agent may wrap up, nobody waits for it.
    #[default]
    Optional,
    /// Until the agent says so.
    Mandatory,
    /// Until the agent says so or the time is over.
    MandatoryTimeout,
    /// Until the time is over.
    MandatoryForced,
    /// If the agent has asked for it; until they say so or the time, if any, is over.
    AgentRequested,
}

/// A queue as the engine needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueConfig {
    /// Which queue.
    pub id: QueueId,
    /// Which agents it considers.
    #[serde(default)]
    pub evaluation: Evaluation,
    /// In what order it serves.
    #[serde(default)]
    pub scoring: Scoring,
    /// How it widens its search.
    #[serde(default)]
    pub method: Method,
    /// Whether whom the customer had last comes first.
    #[serde(default)]
    pub last_agent: LastAgentRule,
    /// How many may wait (alerting ones included); `None` is no limit.
    pub limit: Option<u32>,
    /// How long an offer alerts, in milliseconds.
    pub alerting_timeout_ms: u64,
    /// The same for single media.
    #[serde(default)]
    pub alerting_by_medium: BTreeMap<Medium, u64>,
    /// Whether offers are accepted in the moment in which they are made.
    #[serde(default)]
    pub auto_answer: bool,
    /// What follows an interaction.
    #[serde(default)]
    pub after_contact: AfterContact,
    /// What its metrics are measured by. Routing does not look at it.
    #[serde(default)]
    pub service_target: ServiceTarget,
}

impl QueueConfig {
    /// A queue with the defaults: all skills, standard, no limit, 30 s of alerting, no after-contact work.
    pub fn new(id: QueueId) -> Self {
        Self {
            id,
            evaluation: Evaluation::default(),
            scoring: Scoring::default(),
            method: Method::default(),
            last_agent: LastAgentRule::default(),
            limit: None,
            alerting_timeout_ms: 30_000,
            alerting_by_medium: BTreeMap::new(),
            auto_answer: false,
            after_contact: AfterContact::default(),
            service_target: ServiceTarget::default(),
        }
    }
}

/// By what a queue's service level is measured. It holds for what is answered or abandoned while it is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTarget {
    /// Answered after at most this wait counts as in time, in milliseconds.
    pub within_ms: u64,
    /// Abandoned after less than this wait is not counted against the queue, in milliseconds; 0 counts every one.
    pub short_abandon_ms: u64,
}

impl Default for ServiceTarget {
    fn default() -> Self {
        Self {
            within_ms: 20_000,
            short_abandon_ms: 5_000,
        }
    }
}

/// What holds for the whole organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Under [`Evaluation::BestSkills`] only so many of the eligible compete: those that would be first if proficiency did not
    /// count. `None` is all.
    pub top: Option<u32>,
    /// Whether proficiency in the language is part of the sum under [`Evaluation::BestSkills`].
    pub language_counts: bool,
    /// Whether fewer active interactions come before longer idle.
    pub least_loaded: bool,
    /// Since when an agent is idle.
    pub idle_from: IdleFrom,
    /// Whether coming on queue starts an agent's idle time anew.
    pub on_queue_resets_idle: bool,
    /// What becomes of an agent who declines.
    pub decline: DeclineRule,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            top: Some(100),
            language_counts: true,
            least_loaded: false,
            idle_from: IdleFrom::default(),
            on_queue_resets_idle: false,
            decline: DeclineRule::default(),
        }
    }
}

/// See [`Settings::idle_from`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdleFrom {
    /// The later of their last assignment and their last end.
    #[default]
    LastOfAssignmentAndEnd,
    /// Their last end.
    End,
}

/// See [`Settings::decline`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineRule {
    /// They go on taking other interactions.
    #[default]
    Stays,
    /// As if they had not answered.
    NotResponding,
}

/// An agent's membership of one queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Whether the membership is active.
    pub joined: bool,
    /// 1–6, under [`Method::Bullseye`].
    #[serde(default = "innermost")]
    pub ring: u8,
    /// Groups of this queue to which they belong.
    #[serde(default)]
    pub groups: BTreeSet<GroupId>,
}

impl Membership {
    /// In the innermost ring and no group.
    pub const fn new(joined: bool) -> Self {
        Self {
            joined,
            ring: innermost(),
            groups: BTreeSet::new(),
        }
    }
}

const fn innermost() -> u8 {
    1
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
    /// How much they may have at once, alerting and after-contact work included.
    pub utilization: Utilization,
}

impl AgentProfile {
    /// Whether the agent knows the language, whatever its region.
    pub fn speaks(&self, language: &Language) -> bool {
        self.fluency(language) >= KNOWN
    }

    /// How well the agent knows the language: the best of its regions.
    pub fn fluency(&self, language: &Language) -> Proficiency {
        let wanted = primary(language);
        let same = self
            .languages
            .iter()
            .filter(|(language, _)| primary(language) == wanted);
        same.map(|(_, proficiency)| *proficiency).max().unwrap_or(0)
    }

    /// Whether the agent has the skill at least so well.
    pub fn has(&self, skill: SkillId, least: Proficiency) -> bool {
        self.skills.get(&skill).copied().unwrap_or(0) >= least
    }
}

/// What an interaction asks of an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirements {
    /// What kind of work it is.
    #[serde(default)]
    pub medium: Medium,
    /// Labels with a utilization of their own.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<LabelId>,
    /// Skills, each with the least proficiency (100 unless the interaction says otherwise; 0 is asked for but not required).
    pub skills: BTreeMap<SkillId, Proficiency>,
    /// The language; `None` is any. An agent with `de` speaks `de-AT`; the other way round too: only the first subtag is
    /// compared.
    pub language: Option<Language>,
    /// −25,000,000 … 25,000,000.
    pub priority: i32,
    /// Preferred agents with their score, 0–100; at most 20. Forgotten by a transfer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub preferred: BTreeMap<UserId, u8>,
    /// Whom the customer had last. Forgotten by a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_agent: Option<UserId>,
}

/// The first subtag of a language, the only one that is compared.
pub(crate) fn primary(language: &Language) -> &str {
    language.as_str().split('-').next().unwrap_or_default()
}

//! The first line of a routing log: queues, agents and settings as they are written.

use super::value::{Count, Decimal, Level, Map, Name, Seconds, Span, Tag, Whole};
use crate::{
    AfterContactMode, Comparison, DeclineRule, Evaluation, IdleFrom, LastAgentMode, Medium, Metric, Scoring,
    ServiceTarget, Settings,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setup {
    #[serde(default)]
    pub queues: Map<Name, Queue>,
    #[serde(default)]
    pub agents: Vec<Agent>,
    #[serde(default)]
    pub settings: General,
}

/// What holds for all. What is absent in a text has the engine's default.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct General {
    /// Whether queues answer by themselves unless they say otherwise. Belongs to the first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_accept: Option<bool>,
    /// `null` is no limit.
    pub top_n: Option<Count<1>>,
    pub least_loaded: bool,
    pub idle_from: IdleFrom,
    pub language_counts: bool,
    pub on_queue_resets_idle: bool,
    pub decline: DeclineRule,
}

impl Default for General {
    fn default() -> Self {
        Settings::default().into()
    }
}

impl From<Settings> for General {
    fn from(settings: Settings) -> Self {
        Self {
            auto_accept: None,
            top_n: settings.top.map(|top| Whole(top.into())),
            least_loaded: settings.least_loaded,
            idle_from: settings.idle_from,
            language_counts: settings.language_counts,
            on_queue_resets_idle: settings.on_queue_resets_idle,
            decline: settings.decline,
        }
    }
}

impl From<&General> for Settings {
    fn from(general: &General) -> Self {
        Self {
            top: general.top_n.map(Whole::to),
            least_loaded: general.least_loaded,
            language_counts: general.language_counts,
            idle_from: general.idle_from,
            on_queue_resets_idle: general.on_queue_resets_idle,
            decline: general.decline,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Queue {
    /// In the first line the queue's name stands before it instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Name>,
    #[serde(default)]
    pub evaluation: Evaluation,
    #[serde(default)]
    pub method: MethodName,
    #[serde(default)]
    pub scoring: Scoring,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rings: Vec<Ring>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred: Option<Preferred>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditional: Option<Conditional>,
    #[serde(default)]
    pub last_agent: LastAgentMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_seconds: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Count<0>>,
    #[serde(default = "usual_alerting")]
    pub alerting_timeout_ms: Span,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub alerting_timeout_ms_by_medium: Map<Medium, Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_answer: Option<bool>,
    #[serde(default)]
    pub after_contact_work: AfterContactWork,
    #[serde(default)]
    pub service_target: Target,
}

const fn usual_alerting() -> Span {
    Whole(30_000)
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MethodName {
    #[default]
    Standard,
    Bullseye,
    Preferred,
    Conditional,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ring {
    #[serde(default = "no_time")]
    pub seconds: Seconds,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills_to_remove: Vec<Name>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Name>,
}

/// For the last ring or rule, whose time does not count.
const fn no_time() -> Seconds {
    Decimal(0)
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Preferred {
    #[serde(default)]
    pub rules: Vec<PreferredRule>,
    #[serde(default)]
    pub then_all_preferred: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PreferredRule {
    pub threshold: Whole<0, 100>,
    pub seconds: Seconds,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Conditional {
    #[serde(default)]
    pub rules: Vec<GroupRule>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<Name>,
    metric: Metric,
    comparison: Comparison,
    value: Seconds,
    groups: Vec<Name>,
    #[serde(default = "no_time")]
    seconds: Seconds,
}

/// A rule whose value is in its metric's unit: milliseconds, or hundredths of a percent.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "WrittenRule", into = "WrittenRule")]
pub(super) struct GroupRule {
    pub queue: Option<Name>,
    pub metric: Metric,
    pub comparison: Comparison,
    pub value: u64,
    pub groups: Vec<Name>,
    pub seconds: Seconds,
}

/// Thousandths of a percent that make a hundredth.
const FINER: u64 = 10;

impl TryFrom<WrittenRule> for GroupRule {
    type Error = String;

    fn try_from(rule: WrittenRule) -> Result<Self, Self::Error> {
        let percent = |value: u64| (value.is_multiple_of(FINER) && value <= 100_000).then_some(value / FINER);
        let value = match rule.metric {
            Metric::EstimatedWait => Some(rule.value.0),
            Metric::ServiceLevel => percent(rule.value.0),
        };
        let value = value.ok_or_else(|| {
            format!(
                "the value of service_level is in percent: expected a number from 0 to 100 with at most 2 decimals, found {}",
                rule.value
            )
        })?;
        Ok(Self {
            queue: rule.queue,
            metric: rule.metric,
            comparison: rule.comparison,
            value,
            groups: rule.groups,
            seconds: rule.seconds,
        })
    }
}

impl From<GroupRule> for WrittenRule {
    fn from(rule: GroupRule) -> Self {
        let finer = match rule.metric {
            Metric::EstimatedWait => 1,
            Metric::ServiceLevel => FINER,
        };
        Self {
            queue: rule.queue,
            metric: rule.metric,
            comparison: rule.comparison,
            value: Decimal(rule.value.saturating_mul(finer)),
            groups: rule.groups,
            seconds: rule.seconds,
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AfterContactWork {
    #[serde(default)]
    pub mode: AfterContactMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<Whole<1_000, 3_600_000>>,
    #[serde(default)]
    pub holds_slot: bool,
}

/// By what the queue's service level is measured.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Target {
    pub seconds: Seconds,
    pub short_abandon_seconds: Seconds,
}

impl Default for Target {
    fn default() -> Self {
        ServiceTarget::default().into()
    }
}

impl From<ServiceTarget> for Target {
    fn from(target: ServiceTarget) -> Self {
        Self {
            seconds: Decimal(target.within_ms),
            short_abandon_seconds: Decimal(target.short_abandon_ms),
        }
    }
}

impl From<&Target> for ServiceTarget {
    fn from(target: &Target) -> Self {
        Self {
            within_ms: target.seconds.0,
            short_abandon_ms: target.short_abandon_seconds.0,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Agent {
    pub id: Name,
    #[serde(default)]
    pub queues: Vec<Member>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub skills: Map<Name, Level>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub languages: Map<Tag, Level>,
    #[serde(default, skip_serializing_if = "Room::is_usual")]
    pub utilization: Room,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    pub id: Name,
    #[serde(default = "innermost")]
    pub ring: Whole<1, 6>,
    #[serde(default = "at_once")]
    pub joined: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Name>,
}

const fn innermost() -> Whole<1, 6> {
    Whole(1)
}

const fn at_once() -> bool {
    true
}

/// How much an agent may have at once.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Room {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Capacity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<Capacity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Capacity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Capacity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback: Option<Capacity>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub labels: Map<Name, Whole<0, 255>>,
}

impl Room {
    /// What is said of a medium.
    pub fn of(&self, medium: Medium) -> Option<&Capacity> {
        match medium {
            Medium::Call => self.call.as_ref(),
            Medium::Chat => self.chat.as_ref(),
            Medium::Email => self.email.as_ref(),
            Medium::Message => self.message.as_ref(),
            Medium::Callback => self.callback.as_ref(),
        }
    }

    fn is_usual(&self) -> bool {
        self.labels.is_empty() && Medium::ALL.iter().all(|medium| self.of(*medium).is_none())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Capacity {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Whole<0, 25>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interruptible_by: Vec<Medium>,
}

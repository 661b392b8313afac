//! Rows as the rest of the service sees them.

use super::entities;
use super::queue_settings::{QueueSettings, RoutingMethod};
use onqueue_acd::{Capacity, Evaluation, Medium, Proficiency, QueueConfig};
use onqueue_model::{DivisionId, GroupId, Language, QueueId, SkillId, Timestamp, UserId};
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A queue with everything that is set about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Which.
    pub id: QueueId,
    /// Configuration revision of the last change; 0 before it is written.
    pub revision: i64,
    /// What is set.
    pub content: Content,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it is no more.
    pub removed: bool,
}

/// What can be set about a queue, within its bounds; each part is called as its field in the protos, beside or within the
/// settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Content {
    /// Unique in the organisation without regard to case.
    pub name: String,
    /// For people.
    pub description: String,
    /// Where it belongs.
    #[serde(rename = "division_id")]
    pub division: DivisionId,
    /// Which agents it considers.
    pub evaluation: Evaluation,
    /// How it widens its search.
    pub routing_method: RoutingMethod,
    /// How many may wait; 0 is no limit.
    pub limit: u32,
    /// How long an offer alerts.
    pub alerting_timeout_ms: i64,
    /// After how long without activity a chat ends.
    pub inactivity_timeout_ms: i64,
    /// How long before that both are warned.
    pub inactivity_warning_ms: i64,
    /// The rest of how it routes.
    #[serde(default)]
    pub settings: QueueSettings,
}

/// Who serves a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// As others see them.
    pub name: String,
    /// Whether the membership is active.
    pub joined: bool,
    /// 1–6.
    pub ring: u8,
    /// Of the queue's groups.
    pub groups: BTreeSet<GroupId>,
}

/// A skill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skill {
    /// Which.
    pub id: SkillId,
    /// Configuration revision of the last change; 0 before it is written.
    pub revision: i64,
    /// What is set.
    pub content: SkillContent,
    /// When it was made; the epoch if nobody knows.
    pub created_at: Timestamp,
    /// Whether it is no more.
    pub removed: bool,
}

/// What can be set about a skill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkillContent {
    /// Unique in the organisation without regard to case.
    pub name: String,
    /// For people.
    pub description: String,
}

/// What an agent knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knowledge {
    /// Of the last change; 0 before any.
    pub revision: i64,
    /// Proficiency in hundredths: 1–500.
    pub skills: BTreeMap<SkillId, Proficiency>,
    /// Proficiency in hundredths: 1–500.
    pub languages: BTreeMap<Language, Proficiency>,
}

/// The capacity for every medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacities(pub BTreeMap<Medium, Capacity>);

impl Default for Capacities {
    fn default() -> Self {
        let usual = |medium: Medium| Capacity {
            maximum: medium.usual_maximum(),
            interruptible_by: BTreeSet::new(),
        };
        Self(Medium::ALL.into_iter().map(|medium| (medium, usual(medium))).collect())
    }
}

impl Capacities {
    /// How many chats at once.
    pub fn chats(&self) -> u8 {
        self.0.get(&Medium::Chat).map_or(0, |capacity| capacity.maximum)
    }

    /// As the engine needs them.
    pub fn utilization(self) -> onqueue_acd::Utilization {
        onqueue_acd::Utilization {
            media: self.0,
            labels: BTreeMap::new(),
        }
    }

    /// For the audit trail.
    pub(super) fn text(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// How many of each kind of work an agent takes at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utilization {
    /// Of the last change of the organisation's, or of whether the agent has their own and which; 0 before any.
    pub revision: i64,
    /// For every medium.
    pub capacities: Capacities,
    /// Whether it is an agent's own.
    pub own: bool,
}

/// As the tables hold it.
pub(super) const fn evaluation_number(evaluation: Evaluation) -> i16 {
    match evaluation {
        Evaluation::AllSkills => 1,
        Evaluation::BestSkills => 2,
        Evaluation::Disregard => 3,
    }
}

/// As the tables hold it.
pub(super) const fn method_number(method: RoutingMethod) -> i16 {
    match method {
        RoutingMethod::Standard => 1,
        RoutingMethod::Bullseye => 2,
        RoutingMethod::Preferred => 3,
        RoutingMethod::Conditional => 4,
    }
}

const fn evaluation(number: i16) -> Evaluation {
    match number {
        2 => Evaluation::BestSkills,
        3 => Evaluation::Disregard,
        _ => Evaluation::AllSkills,
    }
}

const fn routing_method(number: i16) -> RoutingMethod {
    match number {
        2 => RoutingMethod::Bullseye,
        3 => RoutingMethod::Preferred,
        4 => RoutingMethod::Conditional,
        _ => RoutingMethod::Standard,
    }
}

impl Queue {
    /// One that is to be written.
    pub const fn new(id: QueueId, content: Content, created_at: Timestamp) -> Self {
        Self {
            id,
            revision: 0,
            content,
            created_at,
            removed: false,
        }
    }

    /// Changes whenever the queue does.
    pub fn etag(&self) -> String {
        self.revision.to_string()
    }

    /// As the engine needs it.
    pub fn config(&self) -> QueueConfig {
        let content = &self.content;
        let config = QueueConfig {
            evaluation: content.evaluation,
            limit: (content.limit > 0).then_some(content.limit),
            alerting_timeout_ms: u64::try_from(content.alerting_timeout_ms).unwrap_or(0),
            ..QueueConfig::new(self.id)
        };
        content.settings.configure(content.routing_method, &config)
    }

    /// For the audit trail.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(&self.content).unwrap_or_default()
    }
}

impl From<entities::queue::Model> for Queue {
    fn from(row: entities::queue::Model) -> Self {
        Self {
            id: row.queue_id.into(),
            revision: row.revision,
            content: Content {
                name: row.name,
                description: row.description,
                division: row.division_id.into(),
                evaluation: evaluation(row.evaluation),
                routing_method: routing_method(row.routing_method),
                limit: u32::try_from(row.limit).unwrap_or(0),
                alerting_timeout_ms: row.alerting_timeout_ms,
                inactivity_timeout_ms: row.inactivity_timeout_ms,
                inactivity_warning_ms: row.inactivity_warning_ms,
                settings: row.settings,
            },
            created_at: Timestamp(row.created_at),
            removed: row.deleted_at.is_some(),
        }
    }
}

impl From<entities::skill::Model> for Skill {
    fn from(row: entities::skill::Model) -> Self {
        Self {
            id: row.skill_id.into(),
            revision: row.revision,
            content: SkillContent {
                name: row.name,
                description: row.description,
            },
            created_at: Timestamp(row.created_at),
            removed: row.deleted_at.is_some(),
        }
    }
}

impl SkillContent {
    /// For the audit trail.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

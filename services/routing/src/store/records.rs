//! Rows as the rest of the service sees them.

use super::entities;
use onqueue_acd::{Evaluation, Method, QueueConfig};
use onqueue_model::{DivisionId, QueueId, Timestamp, UserId};
use serde::Serialize;

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
}

/// What can be set about a queue, within its bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Content {
    /// Unique in the organisation without regard to case.
    pub name: String,
    /// For people.
    pub description: String,
    /// Where it belongs.
    pub division: DivisionId,
    /// How many may wait; 0 is no limit.
    pub limit: u32,
    /// How long an offer alerts.
    pub alerting_timeout_ms: i64,
    /// After how long without activity a chat ends.
    pub inactivity_timeout_ms: i64,
    /// How long before that both are warned.
    pub inactivity_warning_ms: i64,
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
}

/// Who changes something, and when.
#[derive(Clone, Debug)]
pub struct Actor {
    /// `user:<id>`, `service:routing` or `operator`.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

/// The only evaluation and the only method so far, as the tables hold them.
pub(super) const ALL_SKILLS: i16 = 1;
pub(super) const STANDARD: i16 = 1;

impl Queue {
    /// One that is to be written.
    pub const fn new(id: QueueId, content: Content, created_at: Timestamp) -> Self {
        Self {
            id,
            revision: 0,
            content,
            created_at,
        }
    }

    /// Changes whenever the queue does.
    pub fn etag(&self) -> String {
        self.revision.to_string()
    }

    /// As the engine needs it.
    pub fn config(&self) -> QueueConfig {
        let limit = self.content.limit;
        QueueConfig {
            id: self.id,
            evaluation: Evaluation::AllSkills,
            method: Method::Standard,
            limit: (limit > 0).then_some(limit),
            alerting_timeout_ms: u64::try_from(self.content.alerting_timeout_ms).unwrap_or(0),
        }
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
                limit: u32::try_from(row.limit).unwrap_or(0),
                alerting_timeout_ms: row.alerting_timeout_ms,
                inactivity_timeout_ms: row.inactivity_timeout_ms,
                inactivity_warning_ms: row.inactivity_warning_ms,
            },
            created_at: Timestamp(row.created_at),
        }
    }
}

/// A name as it is compared and searched: in lower case by Unicode's rules, which the databases do not share.
pub fn fold(name: &str) -> String {
    name.to_lowercase()
}

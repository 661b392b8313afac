//! What one transaction writes, before it is written.

use super::{Key, guest_ids::Given};
use onqueue_chat::{Erasure, Event, Head, Rules};
use onqueue_model::{ContactId, DeploymentId, OrganisationId, QueueId, SkillId, Timestamp};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use uuid::Uuid;

/// Everything that one batch writes.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub openings: Vec<Opening>,
    /// By id, which is the order in which rows are locked.
    pub changes: BTreeMap<Key, Change>,
}

/// A conversation that begins.
#[derive(Debug)]
pub(crate) struct Opening {
    pub details: Arc<Details>,
    pub head: Arc<Head>,
    pub log: Vec<Logged>,
    pub at: Timestamp,
}

/// What of a new conversation is not in its head.
#[derive(Clone, Debug)]
pub(crate) struct Details {
    pub deployment: DeploymentId,
    pub request: Uuid,
    pub request_hash: [u8; 32],
    pub language: Option<String>,
    pub guest_name: String,
    pub topic: String,
    pub skills: Vec<SkillId>,
    /// With whom it is, if that is known.
    pub contact: Option<ContactId>,
    /// What the guest gave, and what was proved of them.
    pub given: Vec<Given>,
    pub resume_hash: [u8; 32],
    pub resume_expires_at: Timestamp,
}

/// What becomes of one conversation.
#[derive(Debug)]
pub(crate) struct Change {
    /// The head that was decided upon; written only if it is still the stored one.
    pub before: Arc<Head>,
    pub after: Arc<Head>,
    pub log: Vec<Logged>,
    /// Of which stored events the personal part is removed.
    pub erased: Vec<Erasure>,
}

/// An event as it is handed on, with the W3C trace context of the call that caused it.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub event: Arc<Event>,
    pub traceparent: Option<Arc<str>>,
}

/// An event and what goes with it.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub event: Arc<Event>,
    pub traceparent: Option<Arc<str>>,
    /// Who, as the audit trail names them.
    pub actor: Arc<str>,
}

impl Logged {
    /// As it is handed on.
    pub fn line(&self) -> Line {
        Line {
            event: Arc::clone(&self.event),
            traceparent: self.traceparent.clone(),
        }
    }
}

/// The heads that a batch is decided upon, and the rules of every queue that it may come to.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    pub known: HashMap<Key, Known>,
    pub rules: HashMap<(OrganisationId, QueueId), Rules>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub head: Arc<Head>,
    /// From memory: another replica may have moved it on.
    pub is_guess: bool,
}

impl Change {
    /// Whether only the log grew and times of activity moved: then no indexed column is touched.
    pub fn is_narrow(&self) -> bool {
        let (before, after) = (&*self.before, &*self.after);
        before.state == after.state
            && before.opening == after.opening
            && before.assistance == after.assistance
            && before.attributes == after.attributes
            && before.queue == after.queue
            && before.reported == after.reported
            && before.warned_at == after.warned_at
            && before.check_at == after.check_at
            && !self.log.is_empty()
    }
}

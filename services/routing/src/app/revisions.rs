//! What was set about queues: to be read, compared, and set again.

use super::Routing;
use crate::store::{Change, Content, Queue, QueueRevision};
use onqueue_model::{Caller, Fault, OrganisationId, QueueId, Reason, permissions};
use onqueue_server::resource::Page;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// A page of a queue's revisions, the latest first; the next begins below a revision.
#[derive(Clone, Debug)]
pub struct Revisions {
    /// As it is now.
    pub queue: Queue,
    /// What it was.
    pub page: Page<QueueRevision, i64>,
}

/// In which fields two revisions differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The one revision.
    pub old: i64,
    /// The other.
    pub new: i64,
    /// By field.
    pub differences: Vec<Difference>,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// As an update mask names it.
    pub field: String,
    /// As JSON.
    pub old: String,
    /// As JSON.
    pub new: String,
}

impl Routing {
    /// What was set about a queue that the caller may see.
    pub async fn list_queue_revisions(
        &self,
        caller: &Caller,
        id: QueueId,
        below: Option<i64>,
        size: u64,
    ) -> Result<Revisions, Fault> {
        let queue = self.visible(caller, id, permissions::QUEUE_VIEW).await?;
        let found = self.tables.queue_revisions(caller.organisation, id, below, size + 1);
        let page = Page::of(found.await?, size, |revision| revision.revision);
        Ok(Revisions { queue, page })
    }

    /// In which fields the two revisions differ; 0 is the latest, or the one before that with which it is compared. NOT_FOUND
    /// for one that the queue never had.
    pub async fn compare_queue_revisions(
        &self,
        caller: &Caller,
        id: QueueId,
        (old, new): (i64, i64),
    ) -> Result<Comparison, Fault> {
        let queue = self.visible(caller, id, permissions::QUEUE_VIEW).await?;
        let new = if new == 0 { queue.revision } else { new };
        let after = self.revision(caller.organisation, id, new).await?;
        let before = match old {
            0 => self
                .tables
                .queue_revisions(caller.organisation, id, Some(new), 1)
                .await?
                .pop(),
            old => Some(self.revision(caller.organisation, id, old).await?),
        };
        let before = before.ok_or_else(not_found)?;
        Ok(Comparison {
            old: before.revision,
            new,
            differences: differences(&before.content, &after.content),
        })
    }

    /// Sets everything about the queue as it was at that revision, as a new one, and puts it in force.
    pub async fn apply_queue_revision(
        &self,
        caller: &Caller,
        (id, etag): (QueueId, String),
        revision: i64,
    ) -> Result<Queue, Fault> {
        self.visible(caller, id, permissions::QUEUE_EDIT).await?;
        let content = self.revision(caller.organisation, id, revision).await?.content;
        let change: Change<Content> = Arc::new(move |_| Ok(content.clone()));
        let applied = self
            .change_queue(caller, (id, etag), ("queue.apply_revision", change))
            .await;
        applied.map_err(|fault| match fault.reason {
            Reason::FieldInvalid => gone(fault),
            _ => fault,
        })
    }

    async fn revision(&self, of: OrganisationId, queue: QueueId, revision: i64) -> Result<QueueRevision, Fault> {
        let found = self.tables.queue_revision(of, queue, revision).await?;
        found.ok_or_else(not_found)
    }
}

fn not_found() -> Fault {
    Fault::not_found("queue_revision")
}

/// What was right when it was set can only be wrong by now. An etag that is missing is wrong in itself.
fn gone(fault: Fault) -> Fault {
    let is_etag = fault.metadata.iter().any(|(_, field)| field == "queue.etag");
    if is_etag {
        return fault.about("etag");
    }
    let problem = format!("what was set then is no more: {}", fault.message);
    Fault {
        metadata: fault.metadata,
        ..Fault::new(Reason::StateConflict, problem)
    }
}

fn differences(old: &Content, new: &Content) -> Vec<Difference> {
    let (old, new) = (fields(old), fields(new));
    let text = |value: Option<&Value>| value.unwrap_or(&Value::Null).to_string();
    let names = old.keys().chain(new.keys().filter(|field| !old.contains_key(*field)));
    let differing = names.filter(|field| old.get(*field) != new.get(*field));
    let differences = differing.map(|field| Difference {
        field: field.clone(),
        old: text(old.get(field)),
        new: text(new.get(field)),
    });
    differences.collect()
}

/// What is set, each part under the name of its field.
fn fields(content: &Content) -> BTreeMap<String, Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(content) else {
        return BTreeMap::new();
    };
    if let Some(Value::Object(settings)) = fields.remove("settings") {
        fields.extend(settings);
    }
    fields.into_iter().collect()
}

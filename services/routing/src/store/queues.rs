//! Queues: making, finding and listing them.

use super::entities::queue::{ActiveModel, Column, Entity};
use super::records::{ALL_SKILLS, STANDARD};
use super::{Actor, Audited, Queue, Tables, entities, fold, lock_configuration, next_revision, record, refused};
use onqueue_model::{Divisions, Fault, OrganisationId, QueueId, Reason};
use onqueue_store::{Scope, StoreError, query::within};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Set, sea_query::LikeExpr,
};
use uuid::Uuid;

/// A queue to be made once for its request.
#[derive(Clone, Debug)]
pub struct NewQueue {
    /// Its content; the revision is not looked at.
    pub queue: Queue,
    /// The caller's id of the request.
    pub request: Uuid,
    /// SHA-256 of what the request asked for.
    pub hash: [u8; 32],
}

/// Where a page of queues ended: the folded name and the id of the last.
pub type QueuePlace = (String, QueueId);

impl Tables {
    /// Makes the queue and its policy's place in the outbox. The same request again answers the first queue; with another
    /// body it is refused with REQUEST_ID_REUSED. NAME_TAKEN if the organisation has a queue of that name.
    pub async fn create_queue(
        &self,
        organisation: OrganisationId,
        new: NewQueue,
        by: Actor,
    ) -> Result<Queue, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (new, by) = (new.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                if let Some(before) = requested(tx, organisation, &new).await? {
                    return Ok(before);
                }
                refuse_taken(tx, organisation, &new.queue.content.name).await?;
                let queue = Queue {
                    revision: next_revision(tx, organisation).await?,
                    ..new.queue.clone()
                };
                let request = Some((new.request, new.hash));
                insert(tx, organisation, &queue, request).await?;
                let created = Audited {
                    action: "queue.create",
                    object: format!("queue:{}", queue.id),
                    before: None,
                    after: Some(queue.text()),
                };
                record(tx, organisation, &by, created).await?;
                Ok(queue)
            })
        });
        work.await
    }

    /// The queue; `None` if the organisation has none of that id.
    pub async fn queue(&self, organisation: OrganisationId, id: QueueId) -> Result<Option<Queue>, StoreError> {
        find(self.0.reader(), organisation, id).await
    }

    /// The first `size` queues of the divisions after `after`, by folded name and id, whose folded name contains `text`.
    pub async fn list_queues(
        &self,
        organisation: OrganisationId,
        divisions: &Divisions,
        text: &str,
        after: Option<QueuePlace>,
        size: u64,
    ) -> Result<Vec<Queue>, StoreError> {
        let mut select = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::DeletedAt.is_null())
            .filter(within(Column::DivisionId, divisions));
        if !text.is_empty() {
            select = select.filter(Column::NameFolded.like(contains(text)));
        }
        if let Some((name, id)) = after {
            let same_name = Condition::all()
                .add(Column::NameFolded.eq(name.clone()))
                .add(Column::QueueId.gt(id.uuid()));
            select = select.filter(Condition::any().add(Column::NameFolded.gt(name)).add(same_name));
        }
        let rows = select
            .order_by_asc(Column::NameFolded)
            .order_by_asc(Column::QueueId)
            .limit(size)
            .all(self.0.reader())
            .await?;
        Ok(rows.into_iter().map(Queue::from).collect())
    }
}

/// The pattern for names that contain the text, in which nothing is a wildcard.
fn contains(text: &str) -> LikeExpr {
    let mut pattern = String::from("%");
    for letter in fold(text).chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('\\')
}

pub(super) async fn find<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    id: QueueId,
) -> Result<Option<Queue>, StoreError> {
    let row = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::QueueId.eq(id.uuid()))
        .filter(Column::DeletedAt.is_null())
        .one(connection)
        .await?;
    Ok(row.map(Queue::from))
}

/// What the same request made before.
async fn requested(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    new: &NewQueue,
) -> Result<Option<Queue>, StoreError> {
    let row = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::RequestId.eq(new.request))
        .one(tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.request_hash.as_deref() != Some(&new.hash[..]) {
        return Err(refused(Fault::new(
            Reason::RequestIdReused,
            "this request_id was used with another body; take a new one for a new queue",
        )));
    }
    Ok(Some(row.into()))
}

async fn refuse_taken(tx: &DatabaseTransaction, organisation: OrganisationId, name: &str) -> Result<(), StoreError> {
    let taken = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::NameFolded.eq(fold(name)))
        .filter(Column::DeletedAt.is_null())
        .one(tx)
        .await?;
    match taken {
        None => Ok(()),
        Some(_) => Err(refused(Fault::new(
            Reason::NameTaken,
            "the organisation has a queue of this name",
        ))),
    }
}

/// Writes a new queue and its policy's place in the outbox.
pub(super) async fn insert(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    queue: &Queue,
    request: Option<(Uuid, [u8; 32])>,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        applied_revision: Set(0),
        request_id: Set(request.map(|(id, _)| id)),
        request_hash: Set(request.map(|(_, hash)| hash.to_vec())),
        created_at: Set(queue.created_at.millis()),
        deleted_at: Set(None),
        ..content(organisation, queue)
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    let policy = entities::policy::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        queue_id: Set(queue.id.uuid()),
        acknowledged_revision: Set(0),
        acknowledged_at: Set(None),
    };
    entities::policy::Entity::insert(policy)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// What a queue's row says of the queue itself.
pub(super) fn content(organisation: OrganisationId, queue: &Queue) -> ActiveModel {
    let content = &queue.content;
    ActiveModel {
        organisation_id: Set(organisation.uuid()),
        queue_id: Set(queue.id.uuid()),
        etag: Set(queue.etag()),
        revision: Set(queue.revision),
        name: Set(content.name.clone()),
        name_folded: Set(fold(&content.name)),
        description: Set(content.description.clone()),
        division_id: Set(content.division.uuid()),
        evaluation: Set(ALL_SKILLS),
        routing_method: Set(STANDARD),
        limit: Set(i64::from(content.limit)),
        alerting_timeout_ms: Set(content.alerting_timeout_ms),
        inactivity_timeout_ms: Set(content.inactivity_timeout_ms),
        inactivity_warning_ms: Set(content.inactivity_warning_ms),
        ..Default::default()
    }
}

//! Queues: making, finding and listing them.

use super::entities::queue::{ActiveModel, Column, Entity};
use super::records::{evaluation_number, method_number};
use super::{
    Actor, Done, Queue, Tables, entities, listing, lock_configuration, next_revision, record, references, refused,
    revisions, search,
};
use onqueue_model::{Divisions, Fault, OrganisationId, QueueId};
use onqueue_server::resource::Once;
use onqueue_store::{
    Scope, StoreError,
    query::{fold, starting_after_both},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select, Set,
};

/// A queue to be made once for its request.
#[derive(Clone, Debug)]
pub struct NewQueue {
    /// Its content; the revision is not looked at.
    pub queue: Queue,
    /// The request.
    pub once: Once,
}

/// Where a page of queues ended: the folded name and the id of the last; of a search, its name turned to begin with the word
/// that was found, and the id.
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
                refuse_taken(tx, organisation, (&new.queue.content.name, new.queue.id)).await?;
                references::refuse_unknown(tx, organisation, &new.queue.content.settings).await?;
                let queue = Queue {
                    revision: next_revision(tx, organisation).await?,
                    ..new.queue.clone()
                };
                insert(tx, organisation, (&queue, &by), Some(new.once)).await?;
                let created = Done {
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

    /// The queue, removed or not; `None` if the organisation never had one of that id.
    pub async fn queue(&self, organisation: OrganisationId, id: QueueId) -> Result<Option<Queue>, StoreError> {
        find(self.0.reader(), organisation, id).await
    }

    /// The first `size` queues of the divisions after `after`, by folded name and id. Each division is read for itself: an
    /// index has the queues of one in the order of their names, but not those of several.
    pub async fn list_queues(
        &self,
        organisation: OrganisationId,
        divisions: &Divisions,
        after: Option<QueuePlace>,
        size: u64,
    ) -> Result<Vec<Queue>, StoreError> {
        let rows = listing::read(self.0.reader(), pages(organisation, divisions, after, size)).await?;
        let rows = listing::first(rows, size, |row| (row.name_folded.clone(), row.queue_id));
        Ok(rows.into_iter().map(Queue::from).collect())
    }
}

pub(super) fn pages(
    organisation: OrganisationId,
    divisions: &Divisions,
    from: Option<QueuePlace>,
    size: u64,
) -> Vec<Select<Entity>> {
    let place = from.map(|(name, id)| (name, id.uuid()));
    let all = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::DeletedAt.is_null())
        .filter(starting_after_both(Column::NameFolded, Column::QueueId, "", place))
        .order_by_asc(Column::NameFolded)
        .order_by_asc(Column::QueueId)
        .limit(size);
    let each = listing::each(Column::DivisionId, divisions).into_iter();
    each.map(|division| all.clone().filter(division)).collect()
}

pub(super) async fn find<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    id: QueueId,
) -> Result<Option<Queue>, StoreError> {
    let row = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::QueueId.eq(id.uuid()))
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
        .filter(Column::RequestId.eq(new.once.request))
        .one(tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.request_hash.as_deref() != Some(&new.once.hash[..]) {
        return Err(refused(Fault::request_id_reused()));
    }
    Ok(Some(row.into()))
}

/// NAME_TAKEN if another queue than this has the name.
pub(super) async fn refuse_taken(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (name, id): (&str, QueueId),
) -> Result<(), StoreError> {
    let taken = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::NameFolded.eq(fold(name)))
        .filter(Column::QueueId.ne(id.uuid()))
        .filter(Column::DeletedAt.is_null())
        .one(tx)
        .await?;
    match taken {
        None => Ok(()),
        Some(_) => Err(refused(Fault::name_taken("queue.name"))),
    }
}

/// Writes a new queue and its policy's place in the outbox.
pub(super) async fn insert(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (queue, by): (&Queue, &Actor),
    once: Option<Once>,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        applied_revision: Set(0),
        request_id: Set(once.map(|once| once.request)),
        request_hash: Set(once.map(|once| once.hash.to_vec())),
        created_at: Set(queue.created_at.millis()),
        deleted_at: Set(None),
        ..content(organisation, queue)
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    revisions::keep(tx, organisation, queue, by).await?;
    search::keep(tx, organisation, queue).await?;
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

/// Writes what can be changed about a queue.
pub(super) async fn write(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    queue: &Queue,
    by: &Actor,
) -> Result<(), StoreError> {
    Entity::update(content(organisation, queue))
        .exec_without_returning(tx)
        .await?;
    revisions::keep(tx, organisation, queue, by).await?;
    search::forget(tx, organisation, queue.id).await?;
    search::keep(tx, organisation, queue).await
}

/// What a queue's row says of the queue itself.
fn content(organisation: OrganisationId, queue: &Queue) -> ActiveModel {
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
        evaluation: Set(evaluation_number(content.evaluation)),
        routing_method: Set(method_number(content.routing_method)),
        limit: Set(i64::from(content.limit)),
        alerting_timeout_ms: Set(content.alerting_timeout_ms),
        inactivity_timeout_ms: Set(content.inactivity_timeout_ms),
        inactivity_warning_ms: Set(content.inactivity_warning_ms),
        settings: Set(content.settings.clone()),
        ..Default::default()
    }
}

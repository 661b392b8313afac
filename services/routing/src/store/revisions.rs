//! What was set about queues, revision by revision.

use super::entities::queue_revision::{Column, Entity, Model};
use super::{Actor, Content, Queue, Tables};
use onqueue_model::{OrganisationId, QueueId, Timestamp};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

/// What was set about a queue from one change on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRevision {
    /// Configuration revision of the change.
    pub revision: i64,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it; empty if nobody knows.
    pub by: String,
    /// What is set since.
    pub content: Content,
}

impl Tables {
    /// The first `size` revisions of the queue below `below`, the latest first.
    pub async fn queue_revisions(
        &self,
        organisation: OrganisationId,
        queue: QueueId,
        below: Option<i64>,
        size: u64,
    ) -> Result<Vec<QueueRevision>, StoreError> {
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::QueueId.eq(queue.uuid()))
            .filter(Condition::all().add_option(below.map(|below| Column::Revision.lt(below))))
            .order_by_desc(Column::Revision)
            .limit(size)
            .all(self.0.reader())
            .await?;
        Ok(rows.into_iter().map(QueueRevision::from).collect())
    }

    /// That revision of the queue; `None` if it never had it.
    pub async fn queue_revision(
        &self,
        organisation: OrganisationId,
        queue: QueueId,
        revision: i64,
    ) -> Result<Option<QueueRevision>, StoreError> {
        let row = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::QueueId.eq(queue.uuid()))
            .filter(Column::Revision.eq(revision))
            .one(self.0.reader())
            .await?;
        Ok(row.map(QueueRevision::from))
    }
}

/// Keeps what is set about the queue at its revision.
pub(super) async fn keep(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    queue: &Queue,
    by: &Actor,
) -> Result<(), StoreError> {
    let row = Model {
        organisation_id: organisation.uuid(),
        queue_id: queue.id.uuid(),
        revision: queue.revision,
        at: by.at.millis(),
        actor: by.name.clone(),
        content: queue.content.clone(),
    };
    Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

impl From<Model> for QueueRevision {
    fn from(row: Model) -> Self {
        Self {
            revision: row.revision,
            at: Timestamp(row.at),
            by: row.actor,
            content: row.content,
        }
    }
}

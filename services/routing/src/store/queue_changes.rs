//! Queues: changing and removing them.

use super::entities::queue::{Column, Entity};
use super::{
    Actor, Change, Content, Done, Queue, Tables, check_etag, lock_configuration, members, next_revision, queues,
    record, references, refused, search,
};
use onqueue_model::{Fault, OrganisationId, QueueId, Reason};
use onqueue_store::StoreError;
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, prelude::Expr};

impl Tables {
    /// Makes of the queue what `change` says, and notes it as that action. The queue as it is if that is nothing else;
    /// otherwise the etag must be the current one. NAME_TAKEN if another queue has the new name, FIELD_INVALID with the field
    /// that names a skill or a queue that is none, QUEUE_NOT_FOUND for a removed queue. Members leave groups that are no more.
    pub async fn update_queue(
        &self,
        organisation: OrganisationId,
        (id, etag): (QueueId, String),
        change: Change<Content>,
        (action, by): (&'static str, Actor),
    ) -> Result<Queue, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (change, etag, by) = (change.clone(), etag.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = queues::find(tx, organisation, id).await?;
                let before = before.filter(|queue| !queue.removed).ok_or_else(not_found)?;
                let content = change(&before.content).map_err(refused)?;
                if content == before.content {
                    return Ok(before);
                }
                check_etag("queue.etag", &etag, before.revision)?;
                queues::refuse_taken(tx, organisation, (&content.name, id)).await?;
                references::refuse_unknown(tx, organisation, &content.settings).await?;
                let revision = next_revision(tx, organisation).await?;
                let after = Queue {
                    revision,
                    content,
                    ..before.clone()
                };
                queues::write(tx, organisation, &after, &by).await?;
                members::keep_groups(tx, organisation, &before, &after).await?;
                record(tx, organisation, &by, done(action, &before, Some(&after))).await?;
                Ok(after)
            })
        });
        work.await
    }

    /// Removes the queue with its memberships; one that was removed before is as it was then. The etag must be the current
    /// one. STATE_CONFLICT while another queue's settings name it, QUEUE_NOT_FOUND if there never was one.
    pub async fn delete_queue(
        &self,
        organisation: OrganisationId,
        (id, etag): (QueueId, String),
        by: Actor,
    ) -> Result<Queue, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (etag, by) = (etag.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = queues::find(tx, organisation, id).await?.ok_or_else(not_found)?;
                if before.removed {
                    return Ok(before);
                }
                check_etag("etag", &etag, before.revision)?;
                references::refuse_named_queue(tx, organisation, id).await?;
                members::clear(tx, organisation, id).await?;
                let revision = next_revision(tx, organisation).await?;
                let after = Queue {
                    revision,
                    removed: true,
                    ..before.clone()
                };
                mark_removed(tx, organisation, &after, &by).await?;
                search::forget(tx, organisation, id).await?;
                record(tx, organisation, &by, done("queue.delete", &before, None)).await?;
                Ok(after)
            })
        });
        work.await
    }
}

async fn mark_removed(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    queue: &Queue,
    by: &Actor,
) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::DeletedAt, Expr::value(Some(by.at.millis())))
        .col_expr(Column::Revision, Expr::value(queue.revision))
        .col_expr(Column::Etag, Expr::value(queue.etag()))
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::QueueId.eq(queue.id.uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

fn done(action: &'static str, before: &Queue, after: Option<&Queue>) -> Done<'static> {
    Done {
        action,
        object: format!("queue:{}", before.id),
        before: Some(before.text()),
        after: after.map(Queue::text),
    }
}

fn not_found() -> StoreError {
    refused(Fault::new(Reason::QueueNotFound, "there is no queue of this id"))
}

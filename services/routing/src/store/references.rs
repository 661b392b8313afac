//! What queues name in their settings: it has to be there, and stays while it is named.

use super::entities::{queue, skill};
use super::{QueueSettings, refused};
use onqueue_model::{Fault, OrganisationId, QueueId, Reason, SkillId};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, ExprTrait as _, QueryFilter as _, QuerySelect as _, prelude::Expr,
    sea_query::Alias,
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// FIELD_INVALID with the first field that names a skill or a queue that the organisation does not have.
pub(super) async fn refuse_unknown(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    settings: &QueueSettings,
) -> Result<(), StoreError> {
    let skills = settings.skills().into_iter().map(|(field, id)| (field, id.uuid()));
    let skills: Vec<_> = skills.collect();
    if !skills.is_empty() {
        let known = Scope::of(organisation)
            .find::<skill::Entity>()
            .select_only()
            .column(skill::Column::SkillId)
            .filter(skill::Column::SkillId.is_in(skills.iter().map(|(_, id)| *id)))
            .filter(skill::Column::DeletedAt.is_null());
        check(&skills, known.into_tuple().all(tx).await?, "skill")?;
    }
    let queues = settings.queues().into_iter().map(|(field, id)| (field, id.uuid()));
    let queues: Vec<_> = queues.collect();
    if !queues.is_empty() {
        let known = Scope::of(organisation)
            .find::<queue::Entity>()
            .select_only()
            .column(queue::Column::QueueId)
            .filter(queue::Column::QueueId.is_in(queues.iter().map(|(_, id)| *id)))
            .filter(queue::Column::DeletedAt.is_null());
        check(&queues, known.into_tuple().all(tx).await?, "queue")?;
    }
    Ok(())
}

fn check(named: &[(String, Uuid)], known: Vec<Uuid>, kind: &str) -> Result<(), StoreError> {
    let known: BTreeSet<_> = known.into_iter().collect();
    match named.iter().find(|(_, id)| !known.contains(id)) {
        None => Ok(()),
        Some((field, id)) => {
            let problem = format!("there is no {kind} {id}");
            Err(refused(Fault::new(Reason::FieldInvalid, problem).with("field", field)))
        }
    }
}

/// STATE_CONFLICT while a queue's rings name the skill.
pub(super) async fn refuse_named_skill(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    id: SkillId,
) -> Result<(), StoreError> {
    let problem = "a queue's rings name this skill; change the queue first";
    refuse_named(tx, organisation, (id.uuid(), None), problem).await
}

/// STATE_CONFLICT while another queue's rules name the queue.
pub(super) async fn refuse_named_queue(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    id: QueueId,
) -> Result<(), StoreError> {
    let problem = "another queue's rules name this queue; change that queue first";
    refuse_named(tx, organisation, (id.uuid(), Some(id)), problem).await
}

/// Looks for the id in what queues have stored: ids are unlike everything else there.
async fn refuse_named(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (id, except): (Uuid, Option<QueueId>),
    problem: &'static str,
) -> Result<(), StoreError> {
    let stored = Expr::col(queue::Column::Settings).cast_as(Alias::new("text"));
    let mut naming = Scope::of(organisation)
        .find::<queue::Entity>()
        .filter(queue::Column::DeletedAt.is_null())
        .filter(stored.like(format!("%{}%", id.hyphenated())));
    if let Some(except) = except {
        naming = naming.filter(queue::Column::QueueId.ne(except.uuid()));
    }
    match naming.one(tx).await? {
        None => Ok(()),
        Some(row) => {
            let queue = QueueId::from(row.queue_id);
            Err(refused(Fault::new(Reason::StateConflict, problem).with("queue", queue)))
        }
    }
}

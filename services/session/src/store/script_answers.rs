//! What scripts' answers change of contacts, each once, whatever becomes of the contact afterwards.

use super::contact_entities::script_answer::{ActiveModel, Column, Entity};
use super::contacts::{self, By, Judge, locked_also_deleted};
use super::entities::conversation;
use crate::contact::Content;
use onqueue_model::{ContactId, ConversationId, Fault, OrganisationId, Reason, ScriptRunId};
use onqueue_store::{Scope, Store, StoreError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};
use std::sync::Arc;
use uuid::Uuid;

/// Which answer it is: the key by which it is written once.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub organisation: OrganisationId,
    pub conversation: ConversationId,
    pub run: ScriptRunId,
    pub step: i64,
    pub place: i32,
}

/// What came of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The contact says so, or did when it was first written.
    Written,
    /// The conversation has no contact.
    NoContact,
}

/// Makes of the conversation's contact what `judge` answers, unless this answer was written before. CONVERSATION_NOT_FOUND for
/// one that there is not, or that was erased.
pub(crate) async fn write(store: &Store, answer: Answer, judge: Judge<Content>, by: By) -> Result<Outcome, StoreError> {
    let what = Arc::new((answer, by));
    let once = || {
        let (judge, what) = (Arc::clone(&judge), Arc::clone(&what));
        store.transaction(move |tx| {
            let (judge, what) = (Arc::clone(&judge), Arc::clone(&what));
            Box::pin(async move { write_in(tx, &what.0, &judge, &what.1).await })
        })
    };
    match once().await {
        // The same answer was faster: now it is there to be found.
        Err(error) if error.is_unique() => once().await,
        other => other,
    }
}

async fn write_in(
    tx: &DatabaseTransaction,
    answer: &Answer,
    judge: &Judge<Content>,
    by: &By,
) -> Result<Outcome, StoreError> {
    if is_written(tx, answer).await? {
        return Ok(Outcome::Written);
    }
    let Some(contact) = contact_of(tx, answer).await? else {
        return Ok(Outcome::NoContact);
    };
    let before = locked_also_deleted(tx, answer.organisation, contact).await?;
    if before.is_deleted {
        return Ok(Outcome::NoContact);
    }
    let content = judge(&before)?;
    mark(tx, answer, by).await?;
    if !before.content.differences(&content).is_empty() {
        contacts::write(tx, answer.organisation, &before, content, by, "contact.update").await?;
    }
    Ok(Outcome::Written)
}

async fn is_written(tx: &DatabaseTransaction, answer: &Answer) -> Result<bool, StoreError> {
    let found = Scope::of(answer.organisation)
        .find::<Entity>()
        .filter(Column::RunId.eq(answer.run.uuid()))
        .filter(Column::Step.eq(answer.step))
        .filter(Column::Place.eq(answer.place));
    Ok(found.one(tx).await?.is_some())
}

async fn contact_of(tx: &DatabaseTransaction, answer: &Answer) -> Result<Option<ContactId>, StoreError> {
    use conversation::Column as C;
    let row: Option<(Option<Uuid>, Option<i64>)> = Scope::of(answer.organisation)
        .find::<conversation::Entity>()
        .filter(C::Id.eq(answer.conversation.uuid()))
        .select_only()
        .columns([C::ContactId, C::ErasedAt])
        .into_tuple()
        .one(tx)
        .await?;
    match row {
        Some((contact, None)) => Ok(contact.map(ContactId::new)),
        _ => Err(Fault::new(Reason::ConversationNotFound, "there is no such conversation").into()),
    }
}

async fn mark(tx: &DatabaseTransaction, answer: &Answer, by: &By) -> Result<(), StoreError> {
    let row = ActiveModel {
        organisation_id: Set(answer.organisation.uuid()),
        run_id: Set(answer.run.uuid()),
        step: Set(answer.step),
        place: Set(answer.place),
        conversation_id: Set(answer.conversation.uuid()),
        at: Set(by.actor.at.millis()),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

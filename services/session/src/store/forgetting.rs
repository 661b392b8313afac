//! Conversations that were erased here and are to be forgotten in content too: a list that content reads and crosses out. It names
//! ids only.

use super::Key;
use super::contact_entities::{
    erasure,
    forgetting::{ActiveModel, Column, Entity, Model},
};
use super::contact_rows::{json, read};
use super::erase::Counts;
use onqueue_model::{ConversationId, ErasureId, OrganisationId, Timestamp};
use onqueue_store::{Scope, Store, StoreError};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    sea_query::{Expr, OnConflict},
};
use std::sync::Arc;

/// What receipts call what content had.
const WHAT: &str = "script_answers";

/// One that is to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forgotten {
    pub organisation: OrganisationId,
    pub conversation: ConversationId,
    pub at: Timestamp,
}

/// Has content forget a conversation, whose row the transaction holds; the receipt counts what it had.
pub(super) async fn add(
    tx: &DatabaseTransaction,
    (organisation, conversation): Key,
    erasure: Option<ErasureId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        organisation_id: Set(organisation.uuid()),
        conversation_id: Set(conversation.uuid()),
        erasure_id: Set(erasure.map(ErasureId::uuid)),
        erased_at: Set(now.millis()),
    };
    let again = OnConflict::columns([Column::OrganisationId, Column::ConversationId])
        .do_nothing()
        .to_owned();
    Entity::insert(row)
        .on_conflict(again)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Those waiting longest.
pub(crate) async fn list(store: &Store, limit: u64) -> Result<Vec<Forgotten>, StoreError> {
    let rows = Entity::find()
        .order_by_asc(Column::ErasedAt)
        .limit(limit)
        .all(store.reader())
        .await?;
    let read = |row: Model| Forgotten {
        organisation: OrganisationId::new(row.organisation_id),
        conversation: ConversationId::new(row.conversation_id),
        at: Timestamp(row.erased_at),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Crosses out what content has forgotten, and adds how much that was to the receipts; what was crossed out before counts no
/// more.
pub(crate) async fn confirm(store: &Store, forgotten: Vec<(Key, u64)>) -> Result<(), StoreError> {
    let forgotten = Arc::new(forgotten);
    store
        .transaction(move |tx| {
            let forgotten = Arc::clone(&forgotten);
            Box::pin(async move {
                for (key, answers) in &*forgotten {
                    cross_out(tx, *key, *answers).await?;
                }
                Ok(())
            })
        })
        .await
}

async fn cross_out(tx: &DatabaseTransaction, key: Key, answers: u64) -> Result<(), StoreError> {
    let own = |key: Key| Column::ConversationId.eq(key.1.uuid());
    let waiting = Scope::of(key.0).find::<Entity>().filter(own(key)).lock_exclusive();
    let Some(row) = waiting.one(tx).await? else {
        return Ok(());
    };
    Entity::delete_many()
        .filter(Column::OrganisationId.eq(key.0.uuid()))
        .filter(own(key))
        .exec(tx)
        .await?;
    match row.erasure_id {
        Some(erasure) if answers > 0 => count(tx, (key.0, ErasureId::new(erasure)), answers).await,
        _ => Ok(()),
    }
}

async fn count(
    tx: &DatabaseTransaction,
    (organisation, id): (OrganisationId, ErasureId),
    answers: u64,
) -> Result<(), StoreError> {
    use erasure::Column as C;
    let receipt = Scope::of(organisation)
        .find::<erasure::Entity>()
        .filter(C::Id.eq(id.uuid()))
        .lock_exclusive();
    let Some(row) = receipt.one(tx).await? else {
        return Ok(());
    };
    let mut counts: Counts = read(&row.counts)?;
    counts.add(WHAT, answers);
    erasure::Entity::update_many()
        .col_expr(C::Counts, Expr::value(json(&counts)?))
        .filter(C::OrganisationId.eq(organisation.uuid()))
        .filter(C::Id.eq(id.uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Of how many conversations of a receipt content has not said yet that it has forgotten them.
pub(crate) async fn remaining(store: &Store, organisation: OrganisationId, id: ErasureId) -> Result<u64, StoreError> {
    let waiting = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::ErasureId.eq(id.uuid()));
    Ok(waiting.count(store.reader()).await?)
}

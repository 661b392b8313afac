//! Conversations that have to be kept as they are.

use super::entities::{conversation, legal_hold, policy};
use super::{Key, trail};
use onqueue_model::{ConversationId, Divisions, OrganisationId, Timestamp, UserId};
use onqueue_store::{
    Scope, Store, StoreError,
    audit::{self, Actor},
    query::within,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _,
};
use std::sync::Arc;

/// That one has to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub conversation: ConversationId,
    pub at: Timestamp,
    pub user: UserId,
    pub reason: String,
}

/// Whether it has to be kept, and why.
pub(crate) async fn find(store: &Store, key: Key) -> Result<Option<Hold>, StoreError> {
    of(store.reader(), key).await
}

/// Sets or ends a hold, with a record in the audit trail if that changes anything; answers what holds now. Whoever removes
/// something of the conversation does so before or after.
pub(crate) async fn put(store: &Store, key: Key, wanted: Option<Hold>, by: Actor) -> Result<Option<Hold>, StoreError> {
    let (wanted, by) = (Arc::new(wanted), Arc::new(by));
    store
        .transaction(move |tx| {
            let (wanted, by) = (Arc::clone(&wanted), Arc::clone(&by));
            Box::pin(async move { put_in(tx, key, (*wanted).clone(), &by).await })
        })
        .await
}

async fn put_in(
    tx: &DatabaseTransaction,
    key: Key,
    wanted: Option<Hold>,
    by: &Actor,
) -> Result<Option<Hold>, StoreError> {
    lock(tx, key).await?;
    let before = of(tx, key).await?;
    match (&before, &wanted) {
        (Some(_), Some(_)) | (None, None) => return Ok(before),
        (None, Some(new)) => {
            let row = legal_hold::ActiveModel {
                organisation_id: Set(key.0.uuid()),
                conversation_id: Set(key.1.uuid()),
                at: Set(new.at.millis()),
                user_id: Set(new.user.uuid()),
                reason: Set(new.reason.clone()),
            };
            legal_hold::Entity::insert(row).exec_without_returning(tx).await?;
        }
        (Some(_), None) => {
            legal_hold::Entity::delete_many()
                .filter(legal_hold::Column::OrganisationId.eq(key.0.uuid()))
                .filter(legal_hold::Column::ConversationId.eq(key.1.uuid()))
                .exec(tx)
                .await?;
        }
    }
    let action = if wanted.is_some() {
        "transcript.hold"
    } else {
        "transcript.release"
    };
    let record = audit::Entry {
        organisation: key.0,
        at: by.at,
        actor: by.name.clone(),
        action: action.to_owned(),
        object: format!("conversation:{}", key.1),
        before: None,
        after: None,
    };
    trail::append(tx, &[record]).await?;
    Ok(wanted)
}

async fn lock(tx: &DatabaseTransaction, (organisation, conversation): Key) -> Result<(), StoreError> {
    let row = Scope::of(organisation)
        .find::<conversation::Entity>()
        .filter(conversation::Column::Id.eq(conversation.uuid()))
        .lock_exclusive();
    row.one(tx).await?;
    Ok(())
}

async fn of(connection: &impl ConnectionTrait, (organisation, conversation): Key) -> Result<Option<Hold>, StoreError> {
    let row = Scope::of(organisation)
        .find::<legal_hold::Entity>()
        .filter(legal_hold::Column::ConversationId.eq(conversation.uuid()))
        .one(connection)
        .await?;
    Ok(row.map(as_hold))
}

/// Those of conversations in queues of these divisions, the newest conversation first.
pub(crate) async fn list(
    store: &Store,
    organisation: OrganisationId,
    divisions: &Divisions,
    (before, limit): (Option<ConversationId>, u64),
) -> Result<Vec<Hold>, StoreError> {
    use legal_hold::Column as C;
    let queues = Scope::of(organisation)
        .find::<policy::Entity>()
        .filter(within(policy::Column::DivisionId, divisions))
        .select_only()
        .column(policy::Column::QueueId);
    let conversations = Scope::of(organisation)
        .find::<conversation::Entity>()
        .filter(conversation::Column::QueueId.in_subquery(queues.into_query()))
        .select_only()
        .column(conversation::Column::Id);
    let rows = Scope::of(organisation)
        .find::<legal_hold::Entity>()
        .filter(C::ConversationId.in_subquery(conversations.into_query()))
        .apply_if(before, |query, before| {
            query.filter(C::ConversationId.lt(before.uuid()))
        })
        .order_by_desc(C::ConversationId)
        .limit(limit)
        .all(store.reader())
        .await?;
    Ok(rows.into_iter().map(as_hold).collect())
}

fn as_hold(row: legal_hold::Model) -> Hold {
    Hold {
        conversation: ConversationId::new(row.conversation_id),
        at: Timestamp(row.at),
        user: UserId::new(row.user_id),
        reason: row.reason,
    }
}

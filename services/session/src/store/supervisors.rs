//! Who supervises which conversation without taking part.

use super::entities::supervisor;
use super::{Key, broken, trail};
use onqueue_model::{ConversationId, OrganisationId, ParticipantId, Timestamp, UserId};
use onqueue_store::{Scope, Store, StoreError, audit};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _, QueryOrder as _, Select,
    sea_query::{Expr, OnConflict},
};

/// How somebody supervises; the number is what the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub(crate) enum Mode {
    /// Follows it.
    Monitor = 1,
    /// Follows it and writes to the agent.
    Coach = 2,
    /// Took the request for assistance: the same.
    Help = 3,
}

/// Somebody who supervises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Supervisor {
    pub user: UserId,
    /// Who they are as the sender of side messages.
    pub participant: ParticipantId,
    pub name: String,
    pub mode: Mode,
    pub since: Timestamp,
}

impl Mode {
    fn of(code: i16) -> Result<Self, StoreError> {
        match code {
            1 => Ok(Self::Monitor),
            2 => Ok(Self::Coach),
            3 => Ok(Self::Help),
            other => Err(broken(format_args!("{other} is no mode of supervision"))),
        }
    }
}

/// Those of one conversation, by user.
pub(crate) async fn of(store: &Store, key: Key) -> Result<Vec<Supervisor>, StoreError> {
    let rows = within(key).order_by_asc(supervisor::Column::UserId);
    let rows = rows.all(store.reader()).await?;
    rows.into_iter().map(as_supervisor).collect()
}

/// How this user supervises the conversation, if they do.
pub(crate) async fn find(store: &Store, key: Key, user: UserId) -> Result<Option<Supervisor>, StoreError> {
    let row = within(key).filter(supervisor::Column::UserId.eq(user.uuid()));
    row.one(store.reader()).await?.map(as_supervisor).transpose()
}

/// Somebody supervises from now on, as whom they did before if they did, and the trail says so; nothing changes if they do it
/// already in this way. Answers whether it changed anything.
pub(crate) async fn begin(store: &Store, key: Key, new: Supervisor, record: audit::Entry) -> Result<bool, StoreError> {
    store
        .transaction(move |tx| {
            let (new, record) = (new.clone(), record.clone());
            Box::pin(async move {
                if !put(tx, key, &new).await? {
                    return Ok(false);
                }
                trail::append(tx, &[record]).await?;
                Ok(true)
            })
        })
        .await
}

/// Writes how somebody supervises, in place of how they did. Answers whether that is another way.
pub(super) async fn put(tx: &DatabaseTransaction, key: Key, new: &Supervisor) -> Result<bool, StoreError> {
    use supervisor::Column as C;
    let row = supervisor::ActiveModel {
        organisation_id: Set(key.0.uuid()),
        conversation_id: Set(key.1.uuid()),
        user_id: Set(new.user.uuid()),
        participant_id: Set(new.participant.uuid()),
        name: Set(new.name.clone()),
        mode: Set(new.mode as i16),
        since: Set(new.since.millis()),
    };
    let kept = Expr::col((supervisor::Entity, C::Mode));
    let replace = OnConflict::columns([C::OrganisationId, C::ConversationId, C::UserId])
        .update_columns([C::Name, C::Mode, C::Since])
        .action_and_where(kept.ne(Expr::col(("excluded", "mode"))))
        .to_owned();
    let written = supervisor::Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(tx)
        .await?;
    Ok(written > 0)
}

/// The user no longer supervises the conversation. Answers whether they did.
pub(crate) async fn end(store: &Store, key: Key, user: UserId) -> Result<bool, StoreError> {
    let gone = delete([key]).filter(supervisor::Column::UserId.eq(user.uuid()));
    store
        .transaction(move |tx| {
            let gone = gone.clone();
            Box::pin(async move { Ok(gone.exec(tx).await?.rows_affected > 0) })
        })
        .await
}

/// Within a transaction: this user takes part from now on.
pub(super) async fn joined(tx: &DatabaseTransaction, key: Key, user: UserId) -> Result<(), StoreError> {
    let gone = delete([key]).filter(supervisor::Column::UserId.eq(user.uuid()));
    gone.exec(tx).await?;
    Ok(())
}

/// Within a transaction: nobody helps in this conversation any more.
pub(super) async fn helped(tx: &DatabaseTransaction, key: Key) -> Result<(), StoreError> {
    let gone = delete([key]).filter(supervisor::Column::Mode.eq(Mode::Help as i16));
    gone.exec(tx).await?;
    Ok(())
}

/// Within a transaction: these conversations of one organisation are over.
pub(super) async fn ended(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    conversations: &[ConversationId],
) -> Result<(), StoreError> {
    for some in conversations.chunks(10_000) {
        let keys: Vec<Key> = some.iter().map(|id| (organisation, *id)).collect();
        delete(keys).exec(tx).await?;
    }
    Ok(())
}

/// Of one organisation's conversations.
fn delete(keys: impl IntoIterator<Item = Key>) -> sea_orm::DeleteMany<supervisor::Entity> {
    let mut keys = keys.into_iter().peekable();
    let organisation = keys.peek().map(|key| key.0.uuid()).unwrap_or_default();
    supervisor::Entity::delete_many()
        .filter(supervisor::Column::OrganisationId.eq(organisation))
        .filter(supervisor::Column::ConversationId.is_in(keys.map(|key| key.1.uuid())))
}

fn within((organisation, conversation): Key) -> Select<supervisor::Entity> {
    Scope::of(organisation)
        .find::<supervisor::Entity>()
        .filter(supervisor::Column::ConversationId.eq(conversation.uuid()))
}

fn as_supervisor(row: supervisor::Model) -> Result<Supervisor, StoreError> {
    Ok(Supervisor {
        user: UserId::new(row.user_id),
        participant: ParticipantId::new(row.participant_id),
        name: row.name,
        mode: Mode::of(row.mode)?,
        since: Timestamp(row.since),
    })
}

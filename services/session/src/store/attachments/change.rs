//! What becomes of files. Each change says from which state it may be made: who comes too late changes nothing.

use super::{Attachment, C, Entity, State, counts, from_row, is, row, select, unsigned};
use crate::store::{Key, entities::conversation};
use onqueue_files::{Place, Refusal};
use onqueue_model::{Fault, ParticipantId, Reason, Timestamp, UserId};
use onqueue_store::{Scope, Store, StoreError};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QuerySelect as _, UpdateMany, sea_query::Expr,
};
use std::sync::Arc;
use uuid::Uuid;

/// More files than this no conversation has, refused ones among them.
const MOST: usize = 200;

/// A file that is announced.
#[derive(Clone, Debug)]
pub(crate) struct New {
    pub place: Place,
    pub participant: ParticipantId,
    pub user: Option<UserId>,
    pub request: Uuid,
    pub name: String,
    pub bytes: u64,
    pub now: Timestamp,
    /// Until when its bytes may come.
    pub expires_at: Timestamp,
}

/// What a conversation holds at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub total_bytes: u64,
}

/// What came of announcing one.
#[derive(Clone, Debug)]
pub(crate) enum Announced {
    /// It is expected: now, or since the same request before.
    Yes(Box<Attachment>),
    /// The request asked for something else before.
    Reused,
}

/// What is known of a clean file.
#[derive(Clone, Debug)]
pub(crate) struct Cleared {
    pub name: String,
    pub media_type: String,
    pub hashes: Vec<u8>,
}

/// Expects a file. ATTACHMENT_QUOTA.
pub(crate) async fn announce(store: &Store, new: New, limits: Limits) -> Result<Announced, StoreError> {
    let new = Arc::new(new);
    store
        .transaction(move |tx| {
            let new = Arc::clone(&new);
            Box::pin(async move { announce_in(tx, &new, limits).await })
        })
        .await
}

async fn announce_in(tx: &DatabaseTransaction, new: &New, limits: Limits) -> Result<Announced, StoreError> {
    // One after the other, so that no two fill the same room.
    let conversation = Scope::of(new.place.organisation)
        .find::<conversation::Entity>()
        .filter(conversation::Column::Id.eq(new.place.conversation.uuid()))
        .lock_exclusive();
    conversation.one(tx).await?;
    if let Some(first) = by_request(tx, new).await? {
        return again(tx, new, first).await;
    }
    let key = (new.place.organisation, new.place.conversation);
    let (count, used) = (count(tx, key).await?, used(tx, key).await?);
    if count >= MOST || used.saturating_add(new.bytes) > limits.total_bytes {
        return Err(quota(limits.total_bytes).into());
    }
    let row = as_row(new).insert(tx).await?;
    Ok(Announced::Yes(Box::new(from_row(row)?)))
}

fn quota(limit: u64) -> Fault {
    Fault::new(
        Reason::AttachmentQuota,
        "this conversation holds as many files as it may",
    )
    .with("limit", limit)
}

async fn by_request(tx: &DatabaseTransaction, new: &New) -> Result<Option<Attachment>, StoreError> {
    let found = Scope::of(new.place.organisation)
        .find::<Entity>()
        .filter(C::ConversationId.eq(new.place.conversation.uuid()))
        .filter(C::ParticipantId.eq(new.participant.uuid()))
        .filter(C::RequestId.eq(new.request));
    found.one(tx).await?.map(from_row).transpose()
}

/// The same file may be brought from now on for as long as a new one.
async fn again(tx: &DatabaseTransaction, new: &New, mut first: Attachment) -> Result<Announced, StoreError> {
    let is_same = first.bytes == new.bytes && (first.name == new.name || first.state != State::Uploading);
    if !is_same {
        return Ok(Announced::Reused);
    }
    if first.state == State::Uploading {
        first.expires_at = new.expires_at;
        let at = new.expires_at.millis();
        let longer = change(first.place, &[State::Uploading]);
        longer
            .col_expr(C::ExpiresAt, Expr::value(at))
            .col_expr(C::DueAt, Expr::value(at))
            .exec(tx)
            .await?;
    }
    Ok(Announced::Yes(Box::new(first)))
}

async fn count(tx: &DatabaseTransaction, (organisation, conversation): Key) -> Result<usize, StoreError> {
    let all = Scope::of(organisation).find::<Entity>();
    let ids: Vec<Uuid> = all
        .filter(C::ConversationId.eq(conversation.uuid()))
        .select_only()
        .column(C::Id)
        .into_tuple()
        .all(tx)
        .await?;
    Ok(ids.len())
}

async fn used(tx: &DatabaseTransaction, (organisation, conversation): Key) -> Result<u64, StoreError> {
    let counted = Scope::of(organisation).find::<Entity>().filter(counts());
    let lengths: Vec<i64> = counted
        .filter(C::ConversationId.eq(conversation.uuid()))
        .select_only()
        .column(C::Bytes)
        .into_tuple()
        .all(tx)
        .await?;
    Ok(lengths.into_iter().map(unsigned).sum())
}

fn as_row(new: &New) -> row::ActiveModel {
    row::ActiveModel {
        organisation_id: Set(new.place.organisation.uuid()),
        conversation_id: Set(new.place.conversation.uuid()),
        id: Set(new.place.attachment.uuid()),
        participant_id: Set(new.participant.uuid()),
        user_id: Set(new.user.map(UserId::uuid)),
        request_id: Set(new.request),
        name: Set(new.name.clone()),
        bytes: Set(i64::try_from(new.bytes).unwrap_or(i64::MAX)),
        media_type: Set(None),
        state: Set(State::Uploading.code()),
        refusal: Set(None),
        attempt: Set(None),
        hashes: Set(None),
        tries: Set(0),
        created_at: Set(new.now.millis()),
        expires_at: Set(new.expires_at.millis()),
        due_at: Set(Some(new.expires_at.millis())),
    }
}

/// A new attempt to bring it counts, and no other. False if it is not expected any more.
pub(crate) async fn begin(store: &Store, place: Place, attempt: Uuid) -> Result<bool, StoreError> {
    let begun = change(place, &[State::Uploading]).col_expr(C::Attempt, Expr::value(attempt));
    run(store, begun).await
}

/// All its bytes are there; somebody looks at it until then. False if that attempt does not count, or it was closed before.
pub(crate) async fn close(store: &Store, place: Place, attempt: Uuid, until: Timestamp) -> Result<bool, StoreError> {
    let closed = change(place, &[State::Uploading])
        .filter(C::Attempt.eq(attempt))
        .col_expr(C::State, Expr::value(State::Quarantined.code()))
        .col_expr(C::DueAt, Expr::value(until.millis()));
    run(store, closed).await
}

/// It may be had from now on. False if it is not in quarantine any more.
pub(crate) async fn clear(store: &Store, place: Place, cleared: Cleared) -> Result<bool, StoreError> {
    let clean = change(place, &[State::Quarantined])
        .col_expr(C::State, Expr::value(State::Clean.code()))
        .col_expr(C::Name, Expr::value(cleared.name))
        .col_expr(C::MediaType, Expr::value(cleared.media_type))
        .col_expr(C::Hashes, Expr::value(cleared.hashes));
    run(store, clean).await
}

/// It does not come in; its bytes are to be removed now.
pub(crate) async fn refuse(store: &Store, place: Place, refusal: Refusal, now: Timestamp) -> Result<bool, StoreError> {
    let refused = change(place, &[State::Uploading, State::Quarantined, State::Clean])
        .col_expr(C::State, Expr::value(State::Refused(refusal).code()))
        .col_expr(C::Refusal, Expr::value(refusal.as_str()))
        .col_expr(C::DueAt, Expr::value(now.millis()));
    run(store, refused).await
}

/// Somebody else does not do what is due until then. False if they do already.
pub(crate) async fn claim(store: &Store, one: &Attachment, until: Timestamp) -> Result<bool, StoreError> {
    let Some(due_at) = one.due_at else {
        return Ok(false);
    };
    let claimed = change(one.place, &[one.state])
        .filter(C::DueAt.eq(due_at.millis()))
        .col_expr(C::DueAt, Expr::value(until.millis()));
    run(store, claimed).await
}

/// There was no verdict; it is looked at again then.
pub(crate) async fn postpone(store: &Store, place: Place, tries: u32, until: Timestamp) -> Result<bool, StoreError> {
    let later = change(place, &[State::Quarantined])
        .col_expr(C::Tries, Expr::value(i32::try_from(tries).unwrap_or(i32::MAX)))
        .col_expr(C::DueAt, Expr::value(until.millis()));
    run(store, later).await
}

/// Nothing more is to be done about it, as long as it is as it was seen.
pub(crate) async fn settle(store: &Store, one: &Attachment) -> Result<bool, StoreError> {
    let done = change(one.place, &[one.state]).col_expr(C::DueAt, Expr::value(Option::<i64>::None));
    run(store, done).await
}

/// Everything of these files but that they were there; their bytes are to be removed now. Answers those that were not gone before.
pub(crate) async fn erase(
    tx: &DatabaseTransaction,
    (organisation, conversation): Key,
    only: Option<Place>,
    now: Timestamp,
) -> Result<Vec<Attachment>, StoreError> {
    let mut wanted = match only {
        Some(place) => select(place),
        None => Scope::of(organisation)
            .find::<Entity>()
            .filter(C::ConversationId.eq(conversation.uuid())),
    };
    // Those whose bytes could not be removed before are there still.
    wanted = wanted.filter(
        Condition::any()
            .add(C::State.ne(State::Erased.code()))
            .add(C::DueAt.is_not_null()),
    );
    let found: Result<Vec<Attachment>, StoreError> = wanted.all(tx).await?.into_iter().map(from_row).collect();
    let found = found?;
    for one in &found {
        Entity::update_many()
            .filter(is(one.place))
            .col_expr(C::State, Expr::value(State::Erased.code()))
            .col_expr(C::Name, Expr::value(""))
            .col_expr(C::Hashes, Expr::value(Option::<Vec<u8>>::None))
            .col_expr(C::DueAt, Expr::value(now.millis()))
            .exec(tx)
            .await?;
    }
    Ok(found)
}

fn change(place: Place, from: &[State]) -> UpdateMany<Entity> {
    let from = Condition::all().add(C::State.is_in(from.iter().map(|state| state.code())));
    Entity::update_many().filter(is(place)).filter(from)
}

/// Whether it changed anything.
async fn run(store: &Store, change: UpdateMany<Entity>) -> Result<bool, StoreError> {
    store
        .transaction(move |tx| {
            let change = change.clone();
            Box::pin(async move { Ok(change.exec(tx).await?.rows_affected > 0) })
        })
        .await
}

//! Resume tokens, by their hashes.

use super::entities::guest_token;
use onqueue_model::{ConversationId, OrganisationId, ParticipantId, Timestamp};
use onqueue_store::{Scope, Store, StoreError};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use std::sync::Arc;

/// How many tokens of a conversation that have not been used yet hold: answers get lost, but not for ever.
const UNUSED: usize = 4;

/// Whose a resume token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guest {
    pub organisation: OrganisationId,
    pub conversation: ConversationId,
    pub participant: ParticipantId,
}

/// A token that takes the place of another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rotation {
    /// The token that came.
    pub old: [u8; 32],
    /// The token that goes out.
    pub new: [u8; 32],
    pub now: Timestamp,
    /// When the new one ends.
    pub new_expires_at: Timestamp,
    /// When the one before the old one ends: the old one has arrived, since it is used.
    pub replaced_expires_at: Timestamp,
}

/// Whether a resume token holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resumed {
    Yes(Guest),
    Expired,
    Unknown,
}

/// A further token for a guest, beside those they have.
pub(crate) async fn add(
    store: &Store,
    guest: Guest,
    hash: [u8; 32],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    store
        .transaction(move |tx| {
            Box::pin(async move {
                hold(tx, guest).await?;
                insert(tx, guest, hash, None, now, expires_at).await?;
                tidy(tx, guest, hash, now).await
            })
        })
        .await
}

/// Replaces a token. The replaced one goes on until the new one is used for the first time and a while longer, because
/// the answer that carries the new one may be lost.
pub(crate) async fn rotate(store: &Store, rotation: Rotation) -> Result<Resumed, StoreError> {
    let rotation = Arc::new(rotation);
    store
        .transaction(move |tx| {
            let rotation = Arc::clone(&rotation);
            Box::pin(async move { rotate_in(tx, &rotation).await })
        })
        .await
}

async fn rotate_in(tx: &DatabaseTransaction, rotation: &Rotation) -> Result<Resumed, StoreError> {
    use guest_token::{Column as C, Entity};
    let mut by_hash = Entity::find()
        .filter(C::TokenHash.eq(rotation.old.to_vec()))
        .all(tx)
        .await?;
    let Some(guest) = by_hash.pop().map(|row| guest(&row)) else {
        return Ok(Resumed::Unknown);
    };
    let held = hold(tx, guest).await?;
    let Some(old) = held.into_iter().find(|row| row.token_hash == rotation.old) else {
        return Ok(Resumed::Unknown);
    };
    if old.expires_at <= rotation.now.millis() {
        return Ok(Resumed::Expired);
    }
    if old.used_at.is_none() {
        let mine = |hash: Vec<u8>| {
            Entity::update_many()
                .filter(C::TokenHash.eq(hash))
                .filter(C::OrganisationId.eq(old.organisation_id))
        };
        let used = Expr::value(rotation.now.millis());
        mine(rotation.old.to_vec()).col_expr(C::UsedAt, used).exec(tx).await?;
        if let Some(replaced) = old.replaces_hash.clone() {
            mine(replaced)
                .col_expr(C::ExpiresAt, Expr::value(rotation.replaced_expires_at.millis()))
                .filter(C::ExpiresAt.gt(rotation.replaced_expires_at.millis()))
                .exec(tx)
                .await?;
        }
    }
    let replaces = Some(rotation.old);
    // Those of messaging may last longer than others, and so do those that replace them.
    let lasts = Timestamp(old.expires_at).since(Timestamp(old.created_at));
    let expires_at = rotation.new_expires_at.max(rotation.now + lasts);
    insert(tx, guest, rotation.new, replaces, rotation.now, expires_at).await?;
    tidy(tx, guest, rotation.new, rotation.now).await?;
    Ok(Resumed::Yes(guest))
}

/// All tokens of a guest, held until the transaction ends. Whoever changes some holds all, in one order, so that a token
/// may be used at two replicas at the same time.
async fn hold(tx: &DatabaseTransaction, guest: Guest) -> Result<Vec<guest_token::Model>, StoreError> {
    use guest_token::{Column as C, Entity};
    let rows = Scope::of(guest.organisation)
        .find::<Entity>()
        .filter(C::ConversationId.eq(guest.conversation.uuid()))
        .order_by_asc(C::TokenHash)
        .lock(LockType::Update);
    Ok(rows.all(tx).await?)
}

fn guest(row: &guest_token::Model) -> Guest {
    Guest {
        organisation: OrganisationId::new(row.organisation_id),
        conversation: ConversationId::new(row.conversation_id),
        participant: ParticipantId::new(row.participant_id),
    }
}

/// After `new` was added: forgets what has expired, and the older ones of too many that nobody has used.
async fn tidy(tx: &DatabaseTransaction, guest: Guest, new: [u8; 32], now: Timestamp) -> Result<(), StoreError> {
    use guest_token::{Column as C, Entity};
    forget_expired(tx, guest, now).await?;
    let unused: Vec<Vec<u8>> = Scope::of(guest.organisation)
        .find::<Entity>()
        .filter(C::ConversationId.eq(guest.conversation.uuid()))
        .filter(C::UsedAt.is_null())
        .filter(C::TokenHash.ne(new.to_vec()))
        .order_by_desc(C::CreatedAt)
        .select_only()
        .column(C::TokenHash)
        .into_tuple()
        .all(tx)
        .await?;
    let too_many: Vec<Vec<u8>> = unused.into_iter().skip(UNUSED - 1).collect();
    if too_many.is_empty() {
        return Ok(());
    }
    Entity::delete_many()
        .filter(C::OrganisationId.eq(guest.organisation.uuid()))
        .filter(C::TokenHash.is_in(too_many))
        .exec(tx)
        .await?;
    Ok(())
}

async fn forget_expired(tx: &DatabaseTransaction, guest: Guest, now: Timestamp) -> Result<(), StoreError> {
    use guest_token::{Column as C, Entity};
    // A day longer than they hold, so that whoever comes with one learns that it expired.
    let long_ago = now - std::time::Duration::from_secs(24 * 3_600);
    Entity::delete_many()
        .filter(C::OrganisationId.eq(guest.organisation.uuid()))
        .filter(C::ConversationId.eq(guest.conversation.uuid()))
        .filter(C::ExpiresAt.lt(long_ago.millis()))
        .exec(tx)
        .await?;
    Ok(())
}

async fn insert(
    tx: &DatabaseTransaction,
    guest: Guest,
    hash: [u8; 32],
    replaces: Option<[u8; 32]>,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let row = guest_token::ActiveModel {
        token_hash: Set(hash.to_vec()),
        organisation_id: Set(guest.organisation.uuid()),
        conversation_id: Set(guest.conversation.uuid()),
        participant_id: Set(guest.participant.uuid()),
        replaces_hash: Set(replaces.map(|hash| hash.to_vec())),
        created_at: Set(now.millis()),
        used_at: Set(None),
        expires_at: Set(expires_at.millis()),
    };
    guest_token::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

//! Sessions (token families) and their refresh tokens.

use super::{Tables, User, entities, failures, trust, users};
use crate::{
    lockout::{Address, Policy},
    refusals,
};
use entities::{refresh_token, session};
use onqueue_model::{Fault, OrganisationId, Timestamp, TokenId, UserId};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, prelude::Expr,
};
use std::{sync::Arc, time::Duration};

/// A refresh token to be kept: its hash only.
#[derive(Clone, Copy, Debug)]
pub struct NewToken {
    /// SHA-256 of it.
    pub hash: [u8; 32],
    /// When it ends if it is not used.
    pub expires_at: Timestamp,
}

/// A checked password, to be settled.
pub struct Settle {
    /// The address that was tried.
    pub address: Address,
    /// Whose password it was, if it was right: the user as they were when it was checked.
    pub user: Option<User>,
    /// The session to be opened.
    pub session: TokenId,
    /// SHA-256 of its first refresh token, and when that ends.
    pub token: NewToken,
    /// Now.
    pub now: Timestamp,
    /// What locks.
    pub policy: Policy,
}

/// A refresh token to be exchanged.
pub struct Exchange {
    /// Whose, as the token says.
    pub organisation: OrganisationId,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// What it is exchanged for.
    pub next: NewToken,
    /// Now.
    pub now: Timestamp,
    /// For how long after its use it may come again.
    pub repeat: Duration,
}

/// An open session.
pub struct Opened {
    /// Names it.
    pub session: TokenId,
    /// Whose.
    pub user: User,
    /// What they may do, by the catalogue.
    pub permissions: Vec<String>,
}

impl Tables {
    /// Opens a session if the password was right, and still is the user's, and the account has not been locked
    /// meanwhile; counts a failure if it was wrong. So guesses that are checked at the same time count like guesses one
    /// after the other.
    pub async fn settle(&self, settle: Arc<Settle>) -> Result<Result<Opened, Fault>, StoreError> {
        self.0
            .transaction(move |tx| {
                let settle = Arc::clone(&settle);
                Box::pin(async move { settle_in(tx, &settle).await })
            })
            .await
    }

    /// Exchanges a refresh token for the next one. One that was used before ends its session, unless it comes again within
    /// the time allowed and what it was exchanged for has not been used: then that is void and the answer is new. Also
    /// answers whether the trust tables changed.
    pub async fn exchange(&self, exchange: Arc<Exchange>) -> Result<Exchanged, StoreError> {
        self.0
            .transaction(move |tx| {
                let exchange = Arc::clone(&exchange);
                Box::pin(async move { exchange_in(tx, &exchange).await })
            })
            .await
    }

    /// Ends the session that the refresh token belongs to, whatever the token's state. Answers whether there was one.
    pub async fn revoke(
        &self,
        organisation: OrganisationId,
        hash: [u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.0
            .transaction(move |tx| {
                Box::pin(async move {
                    match find(tx, organisation, &hash).await? {
                        Some(token) => end(tx, organisation, token.session_id, now).await,
                        None => Ok(false),
                    }
                })
            })
            .await
    }
}

/// What became of an exchange.
pub enum Exchanged {
    /// Done.
    Renewed(Box<Opened>),
    /// Refused; nothing has changed.
    Refused(Fault),
    /// Refused, and the session was ended.
    Ended(Fault),
}

async fn settle_in(tx: &DatabaseTransaction, settle: &Settle) -> Result<Result<Opened, Fault>, StoreError> {
    let failures = failures::lock(tx, settle.address).await?;
    if let Err(locked) = failures.check(settle.now) {
        return Ok(Err(locked));
    }
    let Some(user) = unchanged(tx, settle.user.as_ref()).await? else {
        failures::record(tx, settle.address, failures, settle.now, &settle.policy).await?;
        return Ok(Err(refusals::credentials()));
    };
    failures::clear(tx, settle.address).await?;
    let row = session::ActiveModel {
        organisation_id: Set(user.organisation.uuid()),
        session_id: Set(settle.session.uuid()),
        user_id: Set(user.id.uuid()),
        made_at: Set(settle.now.millis()),
        revoked_at: Set(None),
    };
    session::Entity::insert(row).exec_without_returning(tx).await?;
    insert(tx, user.organisation, settle.session, &settle.token, settle.now).await?;
    opened(tx, settle.session, user).await.map(Ok)
}

/// The user, if the password that was checked still is theirs.
async fn unchanged(tx: &DatabaseTransaction, checked: Option<&User>) -> Result<Option<User>, StoreError> {
    let Some(checked) = checked else {
        return Ok(None);
    };
    let now = users::lock(tx, checked.organisation, checked.id).await?;
    Ok(now.filter(|user| user.password_hash == checked.password_hash))
}

async fn exchange_in(tx: &DatabaseTransaction, exchange: &Exchange) -> Result<Exchanged, StoreError> {
    let (organisation, now) = (exchange.organisation, exchange.now);
    let refused = || Exchanged::Refused(refusals::refresh_token());
    let Some(named) = find(tx, organisation, &exchange.hash).await? else {
        return Ok(refused());
    };
    let Some(session) = lock(tx, organisation, named.session_id).await? else {
        return Ok(refused());
    };
    // Read again under the session's lock: somebody may have exchanged it meanwhile.
    let Some(token) = find(tx, organisation, &exchange.hash).await? else {
        return Ok(refused());
    };
    if session.revoked_at.is_some() {
        return Ok(refused());
    }
    if token.expires_at <= now.millis() {
        return Ok(Exchanged::Refused(refusals::refresh_token_expired()));
    }
    if token.used_at.is_some() && !supersede(tx, exchange, &token).await? {
        end(tx, organisation, token.session_id, now).await?;
        return Ok(Exchanged::Ended(refusals::refresh_token()));
    }
    let Some(user) = users::lock(tx, organisation, UserId::new(session.user_id)).await? else {
        return Ok(refused());
    };
    let used_at = token.used_at.unwrap_or_else(|| now.millis());
    use_up(tx, organisation, &exchange.hash, used_at, Some(&exchange.next.hash)).await?;
    let session = TokenId::new(session.session_id);
    insert(tx, organisation, session, &exchange.next, now).await?;
    Ok(Exchanged::Renewed(Box::new(opened(tx, session, user).await?)))
}

/// Voids what a used token was exchanged for, if it may come again; answers whether it may. Voided, the successor counts
/// as used with no successor of its own, so that whoever has it after all ends the session by it.
async fn supersede(
    tx: &DatabaseTransaction,
    exchange: &Exchange,
    token: &refresh_token::Model,
) -> Result<bool, StoreError> {
    let (Some(used_at), Some(successor)) = (token.used_at, &token.successor_hash) else {
        return Ok(false);
    };
    if exchange.now.since(Timestamp(used_at)) >= exchange.repeat {
        return Ok(false);
    }
    let is_unused = find(tx, exchange.organisation, successor)
        .await?
        .is_some_and(|successor| successor.used_at.is_none());
    if is_unused {
        use_up(tx, exchange.organisation, successor, exchange.now.millis(), None).await?;
    }
    Ok(is_unused)
}

async fn opened(tx: &DatabaseTransaction, session: TokenId, user: User) -> Result<Opened, StoreError> {
    Ok(Opened {
        session,
        permissions: users::permissions_of(tx, &user).await?,
        user,
    })
}

async fn find(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    hash: &[u8],
) -> Result<Option<refresh_token::Model>, StoreError> {
    let row = Scope::of(organisation)
        .find::<refresh_token::Entity>()
        .filter(refresh_token::Column::TokenHash.eq(hash))
        .one(tx)
        .await?;
    Ok(row)
}

async fn lock(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    session: uuid::Uuid,
) -> Result<Option<session::Model>, StoreError> {
    let row = Scope::of(organisation)
        .find::<session::Entity>()
        .filter(session::Column::SessionId.eq(session))
        .lock_exclusive()
        .one(tx)
        .await?;
    Ok(row)
}

async fn insert(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    session: TokenId,
    token: &NewToken,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = refresh_token::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        token_hash: Set(token.hash.to_vec()),
        session_id: Set(session.uuid()),
        made_at: Set(now.millis()),
        expires_at: Set(token.expires_at.millis()),
        used_at: Set(None),
        successor_hash: Set(None),
    };
    refresh_token::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

async fn use_up(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    hash: &[u8],
    used_at: i64,
    successor: Option<&[u8; 32]>,
) -> Result<(), StoreError> {
    refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::UsedAt, Expr::value(used_at))
        .col_expr(
            refresh_token::Column::SuccessorHash,
            Expr::value(successor.map(|hash| hash.to_vec())),
        )
        .filter(refresh_token::Column::OrganisationId.eq(organisation.uuid()))
        .filter(refresh_token::Column::TokenHash.eq(hash))
        .exec(tx)
        .await?;
    Ok(())
}

/// Ends a session, once: its access tokens are refused from the next reading of the trust tables on.
async fn end(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    session: uuid::Uuid,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let ended = session::Entity::update_many()
        .col_expr(session::Column::RevokedAt, Expr::value(now.millis()))
        .filter(session::Column::OrganisationId.eq(organisation.uuid()))
        .filter(session::Column::SessionId.eq(session))
        .filter(session::Column::RevokedAt.is_null())
        .exec(tx)
        .await?;
    if ended.rows_affected == 0 {
        return Ok(false);
    }
    trust::refuse(tx, organisation, TokenId::new(session), now).await?;
    Ok(true)
}

/// Ends the sessions of a user, but for that one.
pub(super) async fn end_all(
    tx: &DatabaseTransaction,
    scope: Scope,
    user: UserId,
    except: Option<TokenId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows = scope
        .find::<session::Entity>()
        .filter(session::Column::UserId.eq(user.uuid()))
        .filter(session::Column::RevokedAt.is_null())
        .order_by_asc(session::Column::SessionId)
        .all(tx)
        .await?;
    for row in rows {
        if except.map(TokenId::uuid) != Some(row.session_id) {
            end(tx, scope.organisation(), row.session_id, now).await?;
        }
    }
    Ok(())
}

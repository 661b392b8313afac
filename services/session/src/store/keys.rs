//! The keys that sign guests' access tokens: the secret half for this service, the public half for everybody.

use super::entities::{key, trust_key};
use super::fixed;
use onqueue_model::Timestamp;
use onqueue_store::{Store, StoreError};
use onqueue_trust::{Issuer, Signer};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use std::sync::Arc;

/// A key as it is stored.
#[derive(Clone)]
pub(crate) struct StoredKey {
    pub kid: String,
    pub secret: [u8; 32],
    pub public: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// The keys that still hold at that time, the newest first.
pub(crate) async fn holding(store: &Store, until: Timestamp) -> Result<Vec<StoredKey>, StoreError> {
    let rows = key::Entity::find()
        .filter(key::Column::ExpiresAt.gt(until.millis()))
        .order_by_desc(key::Column::CreatedAt)
        .order_by_desc(key::Column::Kid)
        .all(store.reader())
        .await?;
    let stored = |row: key::Model| {
        let secret = fixed(&row.secret)?;
        Ok(StoredKey {
            public: Signer::new(row.kid.clone(), Issuer::Session, secret).public(),
            kid: row.kid,
            secret,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
        })
    };
    rows.into_iter().map(stored).collect()
}

/// Removes a key and its trust; answers whether it was there.
pub(crate) async fn withdraw(store: &Store, kid: &str) -> Result<bool, StoreError> {
    let kid: Arc<str> = kid.into();
    let withdrawing = store.transaction(move |tx| {
        let kid = Arc::clone(&kid);
        Box::pin(async move {
            let removed = key::Entity::delete_by_id(kid.to_string()).exec(tx).await?;
            trust_key::Entity::delete_by_id(kid.to_string()).exec(tx).await?;
            Ok(removed.rows_affected > 0)
        })
    });
    withdrawing.await
}

/// Keeps a new key and forgets those that ended.
pub(crate) async fn add(store: &Store, new: StoredKey, now: Timestamp) -> Result<(), StoreError> {
    let new = Arc::new(new);
    store
        .transaction(move |tx| {
            let new = Arc::clone(&new);
            Box::pin(async move {
                let secret = key::ActiveModel {
                    kid: Set(new.kid.clone()),
                    secret: Set(new.secret.to_vec()),
                    created_at: Set(new.created_at.millis()),
                    expires_at: Set(new.expires_at.millis()),
                };
                let public = trust_key::ActiveModel {
                    kid: Set(new.kid.clone()),
                    public_key: Set(new.public.to_vec()),
                    expires_at: Set(new.expires_at.millis()),
                };
                key::Entity::insert(secret).exec_without_returning(tx).await?;
                trust_key::Entity::insert(public).exec_without_returning(tx).await?;
                key::Entity::delete_many()
                    .filter(key::Column::ExpiresAt.lte(now.millis()))
                    .exec(tx)
                    .await?;
                let ended = trust_key::Column::ExpiresAt.lte(now.millis());
                trust_key::Entity::delete_many().filter(ended).exec(tx).await?;
                Ok(())
            })
        })
        .await
}

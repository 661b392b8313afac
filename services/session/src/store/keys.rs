//! The keys that sign guests' access tokens: the secret half for this service, the public half for everybody.

use super::entities::{key, trust_key};
use super::fixed;
use onqueue_model::Timestamp;
use onqueue_store::{Store, StoreError};
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

/// The newest key that still holds at that time: its name and secret.
pub(crate) async fn newest(store: &Store, until: Timestamp) -> Result<Option<(String, [u8; 32])>, StoreError> {
    let row = key::Entity::find()
        .filter(key::Column::ExpiresAt.gt(until.millis()))
        .order_by_desc(key::Column::CreatedAt)
        .order_by_desc(key::Column::Kid)
        .one(store.reader())
        .await?;
    row.map(|row| Ok((row.kid, fixed(&row.secret)?))).transpose()
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

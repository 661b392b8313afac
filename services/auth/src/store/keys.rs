//! Signing keys.

use super::{Tables, broken, entities, trust};
use entities::{signing_key, trust_key};
use onqueue_model::Timestamp;
use onqueue_store::StoreError;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};
use std::{sync::Arc, time::Duration};

/// A signing key. No `Debug`: it holds the secret.
#[derive(Clone)]
pub struct StoredKey {
    /// Its name.
    pub kid: String,
    /// Its 32 secret bytes.
    pub secret: [u8; 32],
    /// Its 32 public bytes.
    pub public: [u8; 32],
    /// When it was made.
    pub made_at: Timestamp,
    /// Until when it signs.
    pub signs_until: Timestamp,
    /// After this no token of it is valid.
    pub expires_at: Timestamp,
}

impl Tables {
    /// The keys that can still sign; `spare` is added, and to the trust tables, if none of them will for as long as
    /// `ahead`. Processes that find none at the same time add one between them.
    pub async fn signing_keys(
        &self,
        spare: Arc<StoredKey>,
        now: Timestamp,
        ahead: Duration,
    ) -> Result<Vec<StoredKey>, StoreError> {
        self.0
            .transaction(move |tx| {
                let spare = Arc::clone(&spare);
                Box::pin(async move {
                    trust::lock(tx).await?;
                    let mut keys = signing(tx, now).await?;
                    if !keys.iter().any(|key| key.signs_until > now + ahead) {
                        insert(tx, &spare).await?;
                        keys.push((*spare).clone());
                    }
                    Ok(keys)
                })
            })
            .await
    }
}

impl Tables {
    /// All keys whose tokens may be valid, the newest first.
    pub async fn all_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let rows = signing_key::Entity::find()
            .order_by_desc(signing_key::Column::MadeAt)
            .all(self.0.reader())
            .await?;
        rows.into_iter().map(StoredKey::try_from).collect()
    }

    /// Adds a key, whatever others there are.
    pub async fn add_key(&self, new: StoredKey) -> Result<(), StoreError> {
        let new = Arc::new(new);
        let adding = self.0.transaction(move |tx| {
            let new = Arc::clone(&new);
            Box::pin(async move {
                trust::lock(tx).await?;
                insert(tx, &new).await
            })
        });
        adding.await
    }

    /// Removes a key and its trust, and adds `spare` if no other can sign. Answers whether it was there.
    pub async fn withdraw_key(&self, kid: String, spare: StoredKey, now: Timestamp) -> Result<bool, StoreError> {
        let asked = Arc::new((kid, spare));
        let withdrawing = self.0.transaction(move |tx| {
            let asked = Arc::clone(&asked);
            Box::pin(async move {
                let (kid, spare) = &*asked;
                trust::lock(tx).await?;
                let removed = signing_key::Entity::delete_by_id(kid.clone()).exec(tx).await?;
                trust_key::Entity::delete_by_id(kid.clone()).exec(tx).await?;
                if removed.rows_affected == 0 {
                    return Ok(false);
                }
                trust::bump(tx).await?;
                if signing(tx, now).await?.is_empty() {
                    insert(tx, spare).await?;
                }
                Ok(true)
            })
        });
        withdrawing.await
    }
}

async fn signing(tx: &DatabaseTransaction, now: Timestamp) -> Result<Vec<StoredKey>, StoreError> {
    let rows = signing_key::Entity::find()
        .filter(signing_key::Column::SignsUntil.gt(now.millis()))
        .all(tx)
        .await?;
    rows.into_iter().map(StoredKey::try_from).collect()
}

async fn insert(tx: &DatabaseTransaction, key: &StoredKey) -> Result<(), StoreError> {
    let row = signing_key::ActiveModel {
        kid: Set(key.kid.clone()),
        secret: Set(key.secret.to_vec()),
        public_key: Set(key.public.to_vec()),
        made_at: Set(key.made_at.millis()),
        signs_until: Set(key.signs_until.millis()),
        expires_at: Set(key.expires_at.millis()),
    };
    signing_key::Entity::insert(row).exec_without_returning(tx).await?;
    let row = trust_key::ActiveModel {
        kid: Set(key.kid.clone()),
        public_key: Set(key.public.to_vec()),
        expires_at: Set(key.expires_at.millis()),
    };
    trust_key::Entity::insert(row).exec_without_returning(tx).await?;
    trust::bump(tx).await?;
    Ok(())
}

impl TryFrom<signing_key::Model> for StoredKey {
    type Error = StoreError;

    fn try_from(row: signing_key::Model) -> Result<Self, StoreError> {
        let fixed = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).map_err(|_| broken("a key is not 32 bytes"));
        Ok(Self {
            kid: row.kid,
            secret: fixed(row.secret)?,
            public: fixed(row.public_key)?,
            made_at: Timestamp(row.made_at),
            signs_until: Timestamp(row.signs_until),
            expires_at: Timestamp(row.expires_at),
        })
    }
}

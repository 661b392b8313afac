//! The keys that sign guests' tokens, for the operator at the database. Running processes notice a change within seconds.

use crate::{app::guests::fresh, store::keys};
use onqueue_model::{Fault, Timestamp};
use onqueue_server::Context;
use onqueue_store::Store;

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// Its name.
    pub kid: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// After this no token of it is valid.
    pub expires_at: Timestamp,
}

/// All keys whose tokens may be valid, the newest first.
pub async fn signing_keys(store: &Store, now: Timestamp) -> Result<Vec<SigningKey>, Fault> {
    let keys = keys::holding(store, now).await?;
    let told = keys.into_iter().map(|key| SigningKey {
        kid: key.kid,
        made_at: key.created_at,
        expires_at: key.expires_at,
    });
    Ok(told.collect())
}

/// Adds a key, which signs as soon as every service knows it; the others verify until they end. Answers its name.
pub async fn rotate_signing_key(store: &Store, context: &Context) -> Result<String, Fault> {
    let now = context.clock.now();
    let new = fresh(context, now);
    let kid = new.kid.clone();
    keys::add(store, new, now).await?;
    Ok(kid)
}

/// Removes a key: every token that it signed is refused. Session makes another if none is left. Answers false if there is no
/// such key.
pub async fn withdraw_signing_key(store: &Store, kid: &str) -> Result<bool, Fault> {
    Ok(keys::withdraw(store, kid).await?)
}

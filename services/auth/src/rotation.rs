//! The keys that sign users' tokens, for the operator at the database. Running processes notice a change within seconds.

use crate::{Settings, app::fresh_key, store::Tables};
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
    /// Until when it signs.
    pub signs_until: Timestamp,
    /// After this no token of it is valid.
    pub expires_at: Timestamp,
}

/// All keys whose tokens may be valid, the newest first.
pub async fn signing_keys(store: &Store) -> Result<Vec<SigningKey>, Fault> {
    let keys = Tables::new(store.clone()).all_keys().await?;
    let told = keys.into_iter().map(|key| SigningKey {
        kid: key.kid,
        made_at: key.made_at,
        signs_until: key.signs_until,
        expires_at: key.expires_at,
    });
    Ok(told.collect())
}

/// Adds a key, which signs as soon as every service knows it; the others verify until they end. Answers its name.
pub async fn rotate_signing_key(store: &Store, context: &Context, settings: &Settings) -> Result<String, Fault> {
    let new = fresh_key(context, settings.signing(), context.clock.now());
    let kid = new.kid.clone();
    Tables::new(store.clone()).add_key(new).await?;
    Ok(kid)
}

/// Removes a key: every token that it signed is refused, wherever it came from. Another is added if none is left that can
/// sign. Answers false if there is no such key.
pub async fn withdraw_signing_key(
    store: &Store,
    context: &Context,
    settings: &Settings,
    kid: &str,
) -> Result<bool, Fault> {
    let now = context.clock.now();
    let spare = fresh_key(context, settings.signing(), now);
    let tables = Tables::new(store.clone());
    Ok(tables.withdraw_key(kid.to_owned(), spare, now).await?)
}

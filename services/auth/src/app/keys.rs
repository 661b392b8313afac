//! The keys that sign access tokens, and their rotation.

use crate::{
    Settings,
    store::{StoredKey, Tables},
};
use onqueue_access::{Issuer, MAX_CLIENT_LIFETIME};
use onqueue_bus::Subject;
use onqueue_model::{Fault, Timestamp};
use onqueue_server::Context;
use onqueue_trust::Signer;
use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// How long before the last key ends the next one is made.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a new key waits until every service has surely read it, if an older one can sign meanwhile.
const SPREAD: Duration = Duration::from_secs(60);

/// For how long a key verifies beyond the last token it signed.
const MARGIN: Duration = Duration::from_secs(60 * 60);

/// The signing keys.
pub struct Keys {
    tables: Tables,
    context: Context,
    lifetime: Duration,
    held: RwLock<Vec<Held>>,
}

#[derive(Clone)]
struct Held {
    signer: Signer,
    made_at: Timestamp,
    signs_until: Timestamp,
}

impl Keys {
    /// Reads them, and makes one if there is none.
    pub async fn open(tables: Tables, context: Context, settings: &Settings) -> Result<Arc<Self>, Fault> {
        let keys = Self {
            tables,
            context,
            lifetime: settings.signing(),
            held: RwLock::default(),
        };
        keys.renew().await?;
        Ok(Arc::new(keys))
    }

    /// Makes the next key if it is time, and reads what others made.
    pub async fn renew(&self) -> Result<(), Fault> {
        let now = self.context.clock.now();
        let spare = Arc::new(self.spare(now));
        let stored = self.tables.signing_keys(Arc::clone(&spare), now, AHEAD).await?;
        if stored.iter().any(|key| key.kid == spare.kid) {
            self.context.bus.publish(Subject::Trust, "");
        }
        let held = stored.iter().map(Held::from).collect();
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held;
        Ok(())
    }

    /// The key to sign with now: the newest that everybody knows.
    pub fn signer(&self, now: Timestamp) -> Result<Signer, Fault> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let chosen = choose(&held, now).ok_or_else(|| Fault::unavailable("no key can sign"))?;
        Ok(chosen.signer.clone())
    }

    fn spare(&self, now: Timestamp) -> StoredKey {
        fresh(&self.context, self.lifetime, now)
    }

    /// Reads the keys again when others are trusted than before: one was added or withdrawn. Never returns.
    pub async fn follow(&self) {
        let (mut changes, mut known) = (self.context.trust.changes(), self.trusted());
        while changes.changed().await.is_ok() {
            let trusted = self.trusted();
            if trusted == known {
                continue;
            }
            match self.renew().await {
                Ok(()) => known = trusted,
                Err(fault) => tracing::warn!(
                    context = fault.context,
                    "signing keys could not be read; tried again later"
                ),
            }
        }
    }

    fn trusted(&self) -> BTreeSet<String> {
        let keys = self.context.trust.keys();
        let own = keys.into_iter().filter(|key| key.issuer == Issuer::Auth);
        own.map(|key| key.kid).collect()
    }
}

/// A new key that signs for so long.
pub fn fresh(context: &Context, lifetime: Duration, now: Timestamp) -> StoredKey {
    let (kid, secret) = (context.ids.uuid(now).to_string(), context.ids.bytes());
    let signs_until = now + lifetime;
    StoredKey {
        public: Signer::new(kid.clone(), Issuer::Auth, secret).public(),
        kid,
        secret,
        made_at: now,
        signs_until,
        expires_at: signs_until + MAX_CLIENT_LIFETIME + MARGIN,
    }
}

impl From<&StoredKey> for Held {
    fn from(key: &StoredKey) -> Self {
        Self {
            signer: Signer::new(key.kid.clone(), Issuer::Auth, key.secret),
            made_at: key.made_at,
            signs_until: key.signs_until,
        }
    }
}

fn choose(held: &[Held], now: Timestamp) -> Option<&Held> {
    let signing = || held.iter().filter(|key| key.signs_until > now);
    let known = signing()
        .filter(|key| key.made_at + SPREAD <= now)
        .max_by_key(|key| key.made_at);
    known.or_else(|| signing().min_by_key(|key| key.made_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(kid: &str, made_at: i64, signs_until: i64) -> Held {
        Held {
            signer: Signer::new(kid, Issuer::Auth, [1; 32]),
            made_at: Timestamp(made_at * 1_000),
            signs_until: Timestamp(signs_until * 1_000),
        }
    }

    #[test]
    fn the_newest_that_everybody_knows_signs() {
        let keys = [held("old", 0, 1_000), held("new", 900, 2_000)];
        for (second, expected) in [(100, "old"), (959, "old"), (960, "new"), (1_999, "new")] {
            let chosen = choose(&keys, Timestamp(second * 1_000)).map(|key| key.signer.kid());
            assert_eq!(chosen, Some(expected), "{second}");
        }
        assert!(choose(&keys, Timestamp(2_000_000)).is_none());
        let first = [held("first", 0, 1_000)];
        assert!(
            choose(&first, Timestamp(0)).is_some(),
            "with no other, a key need not wait"
        );
    }
}

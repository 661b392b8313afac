//! Guests' tokens: a signed one for ten minutes, and an opaque one that brings the chat back.

use super::App;
use crate::store::{
    guests::{self, Guest, Resumed, Rotation},
    keys::{self, StoredKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use onqueue_bus::Subject;
use onqueue_model::{ConversationId, Fault, Reason, Timestamp, TokenId};
use onqueue_server::Context;
use onqueue_store::Store;
use onqueue_trust::{Claims, Issuer, Signer};
use sha2::{Digest as _, Sha256};
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::watch;

/// How long a signing key lasts.
const KEY_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3_600);

/// A key that ends sooner is not used for new tokens any more.
const KEY_RESERVE: Duration = Duration::from_secs(24 * 3_600);

/// How long a new key waits until every service has surely read it, if an older one can sign meanwhile.
const KEY_SPREAD: Duration = Duration::from_secs(60);

/// How often the keys are looked at, beside when others are trusted than before.
const KEY_CHECK: Duration = Duration::from_secs(60);

/// What a guest needs to go on.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub access: String,
    pub access_expires_at: Timestamp,
    pub resume: String,
}

/// Makes guests' tokens.
pub(crate) struct Guests {
    signer: RwLock<Arc<Signer>>,
}

/// A new resume token and its hash. Only the hash is kept.
pub(crate) struct Resume {
    pub token: String,
    pub hash: [u8; 32],
}

impl Guests {
    /// With the key at hand, or a new one.
    pub async fn new(store: &Store, context: &Context) -> Result<Self, Fault> {
        let signer = signer(store, context).await?;
        Ok(Self {
            signer: RwLock::new(Arc::new(signer)),
        })
    }

    /// Who signs for session.
    pub fn signer(&self) -> Arc<Signer> {
        Arc::clone(&self.signer.read().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn signer(store: &Store, context: &Context) -> Result<Signer, Fault> {
    let now = context.clock.now();
    let holding = keys::holding(store, now + KEY_RESERVE).await?;
    if let Some(key) = choose(&holding, now) {
        return Ok(Signer::new(key.kid.clone(), Issuer::Session, key.secret));
    }
    let new = fresh(context, now);
    let signer = Signer::new(new.kid.clone(), Issuer::Session, new.secret);
    keys::add(store, new, now).await?;
    context.bus.publish(Subject::Trust, "");
    Ok(signer)
}

/// The newest that everybody knows, or the one that most know; the newest are first.
fn choose(holding: &[StoredKey], now: Timestamp) -> Option<&StoredKey> {
    let known = holding.iter().find(|key| key.created_at + KEY_SPREAD <= now);
    known.or_else(|| holding.last())
}

/// A new key.
pub(crate) fn fresh(context: &Context, now: Timestamp) -> StoredKey {
    let (kid, secret) = (context.ids.uuid(now).to_string(), context.ids.bytes());
    StoredKey {
        public: Signer::new(kid.clone(), Issuer::Session, secret).public(),
        kid,
        secret,
        created_at: now,
        expires_at: now + KEY_LIFETIME,
    }
}

impl App {
    /// Looks after the signing key; for a task.
    pub async fn renew_keys(&self) {
        let mut changes = self.context.trust.changes();
        loop {
            tokio::select! {
                () = self.context.clock.sleep(KEY_CHECK) => {}
                () = self.withdrawn(&mut changes) => {}
            }
            match signer(&self.store, &self.context).await {
                Ok(signer) => {
                    *self.guests.signer.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(signer);
                }
                Err(fault) => tracing::warn!(%fault, "the guests' signing key could not be renewed"),
            }
        }
    }

    /// Returns when the key that signs is trusted no more.
    async fn withdrawn(&self, changes: &mut watch::Receiver<i64>) {
        loop {
            let kid = self.guests.signer().kid().to_owned();
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            if !self.context.trust.keys().iter().any(|key| key.kid == kid) {
                return;
            }
        }
    }

    /// A new resume token.
    pub fn resume_token(&self) -> Resume {
        let token = URL_SAFE_NO_PAD.encode(self.context.ids.bytes::<32>());
        let hash = hash(&token);
        Resume { token, hash }
    }

    /// Both tokens for a guest, given the resume token.
    pub fn tokens(&self, guest: Guest, resume: Resume) -> Tokens {
        let now = self.context.clock.now();
        let family: TokenId = self.context.ids.id(now);
        let claims = Claims::guest(
            guest.organisation,
            guest.conversation,
            guest.participant,
            family,
            now,
            self.settings.access_token(),
        );
        Tokens {
            access: self.guests.signer().sign(&claims),
            access_expires_at: claims.expires_at,
            resume: resume.token,
        }
    }

    /// Further tokens for a guest who has some already.
    pub async fn more_tokens(&self, guest: Guest) -> Result<Tokens, Fault> {
        let (resume, now) = (self.resume_token(), self.context.clock.now());
        let expires_at = now + self.settings.resume_token();
        guests::add(&self.store, guest, resume.hash, now, expires_at).await?;
        Ok(self.tokens(guest, resume))
    }

    /// New tokens for an old resume token, and whose they are. TOKEN_INVALID, TOKEN_EXPIRED.
    pub async fn resume(&self, token: &str) -> Result<(Guest, Tokens), Fault> {
        let now = self.context.clock.now();
        self.context.trust.fresh(now)?;
        let resume = self.resume_token();
        let rotation = Rotation {
            old: hash(token),
            new: resume.hash,
            now,
            new_expires_at: now + self.settings.resume_token(),
            replaced_expires_at: now + self.settings.resume_overlap(),
        };
        match guests::rotate(&self.store, rotation).await? {
            Resumed::Yes(guest) => Ok((guest, self.tokens(guest, resume))),
            Resumed::Expired => Err(Fault::new(
                Reason::TokenExpired,
                "this resume token has ended; start a new chat",
            )),
            Resumed::Unknown => Err(Fault::new(
                Reason::TokenInvalid,
                "this resume token is not valid; start a new chat",
            )),
        }
    }
}

impl Guest {
    /// The conversation that is theirs.
    pub const fn key(&self) -> crate::store::Key {
        (self.organisation, self.conversation)
    }

    /// As the audit trail names them.
    pub fn actor(&self) -> Arc<str> {
        format!("guest:{}", self.participant).into()
    }

    /// The guest of a conversation.
    pub fn of(head: &onqueue_chat::Head) -> Self {
        let conversation: ConversationId = head.conversation;
        Self {
            organisation: head.organisation,
            conversation,
            participant: head.guest,
        }
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_that_everybody_knows_signs() {
        let key = |kid: &str, second: i64| StoredKey {
            kid: kid.to_owned(),
            secret: [1; 32],
            public: [2; 32],
            created_at: Timestamp(second * 1_000),
            expires_at: Timestamp(1_000_000),
        };
        let keys = [key("new", 900), key("old", 0)];
        for (second, expected) in [(100, "old"), (900, "old"), (959, "old"), (960, "new"), (2_000, "new")] {
            let chosen = choose(&keys, Timestamp(second * 1_000)).map(|key| key.kid.as_str());
            assert_eq!(chosen, Some(expected), "{second}");
        }
        let chosen = choose(&keys[..1], Timestamp(900_000)).map(|key| key.kid.as_str());
        assert_eq!(chosen, Some("new"), "with no other, a key need not wait");
        assert!(choose(&[], Timestamp(0)).is_none());
    }
}

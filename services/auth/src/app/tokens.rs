//! Logging in, refreshing, logging out.

use super::{
    Keys,
    passwords::{self, Checks},
    refresh_token::RefreshToken,
};
use crate::{
    Settings,
    lockout::{Address, fold},
    refusals,
    store::{Exchange, Exchanged, NewToken, Opened, Settle, Tables, User},
};
use onqueue_access::Claims;
use onqueue_bus::Subject;
use onqueue_model::{Fault, OrganisationId, Timestamp};
use onqueue_server::Context;
use std::sync::Arc;

/// The organisation of a token that nobody will get.
const NOBODYS: OrganisationId = OrganisationId::new(uuid::Uuid::nil());

/// The use cases around tokens.
pub struct Tokens {
    tables: Tables,
    keys: Arc<Keys>,
    context: Context,
    settings: Settings,
    checks: Checks,
}

/// What a login or refresh gives. No `Debug`: it holds tokens.
pub struct Issued {
    /// Signed.
    pub access_token: String,
    /// When it ends.
    pub access_expires_at: Timestamp,
    /// Opaque; works once.
    pub refresh_token: String,
    /// When it ends if it is not used.
    pub refresh_expires_at: Timestamp,
    /// Who.
    pub user: User,
    /// What they may do, sorted.
    pub permissions: Vec<String>,
}

impl Tokens {
    /// Over those tables and keys.
    pub fn new(tables: Tables, keys: Arc<Keys>, context: Context, checks: Checks, settings: &Settings) -> Self {
        Self {
            tables,
            keys,
            context,
            checks,
            settings: settings.clone(),
        }
    }

    /// Opens a session for the right password. Everything that does not exist costs and answers like a wrong password.
    pub async fn login(&self, slug: &str, email: &str, password: String) -> Result<Issued, Fault> {
        if !passwords::fits(&password) {
            return Err(Fault::field("password", "must have 1 to 1,024 characters"));
        }
        let address = Address::of(slug, email);
        self.tables.failures(address).await?.check(self.now())?;
        let found = self.tables.find_user(&fold(slug), &fold(email)).await?;
        let hash = found.as_ref().and_then(|user| user.password_hash.clone());
        let right = self.checks.is_right(password, hash).await?;
        self.settle(address, found.filter(|_| right)).await
    }

    async fn settle(&self, address: Address, user: Option<User>) -> Result<Issued, Fault> {
        let now = self.now();
        let organisation = user.as_ref().map_or(NOBODYS, |user| user.organisation);
        let (token, kept) = self.refresh_token(organisation, now);
        let settle = Settle {
            address,
            user,
            session: self.context.ids.id(now),
            token: kept,
            now,
            policy: self.settings.lockout(),
        };
        let opened = self.tables.settle(Arc::new(settle)).await??;
        self.issue(opened, &token, kept, now)
    }

    /// Exchanges a refresh token for a new pair.
    pub async fn refresh(&self, text: &str) -> Result<Issued, Fault> {
        let presented = RefreshToken::parse(text).ok_or_else(refusals::refresh_token)?;
        let now = self.now();
        let (token, next) = self.refresh_token(presented.organisation(), now);
        let exchange = Exchange {
            organisation: presented.organisation(),
            hash: presented.hash(),
            next,
            now,
            repeat: self.settings.repeat(),
        };
        match self.tables.exchange(Arc::new(exchange)).await? {
            Exchanged::Renewed(opened) => self.issue(*opened, &token, next, now),
            Exchanged::Refused(fault) => Err(fault),
            Exchanged::Ended(fault) => {
                tracing::warn!(organisation = %presented.organisation(), "a refresh token came a second time; its session has been ended");
                self.announce();
                Err(fault)
            }
        }
    }

    /// Ends the session of a refresh token; an unknown one is answered alike.
    pub async fn revoke(&self, text: &str) -> Result<(), Fault> {
        let Some(token) = RefreshToken::parse(text) else {
            return Ok(());
        };
        let ended = self
            .tables
            .revoke(token.organisation(), token.hash(), self.now())
            .await?;
        if ended {
            self.announce();
        }
        Ok(())
    }

    fn issue(&self, opened: Opened, token: &RefreshToken, kept: NewToken, now: Timestamp) -> Result<Issued, Fault> {
        let user = opened.user;
        let lifetime = self.settings.access();
        let claims = Claims::user(user.organisation, user.id, &user.name, opened.session, now, lifetime);
        Ok(Issued {
            access_token: self.keys.signer(now)?.sign(&claims),
            access_expires_at: claims.expires_at,
            refresh_token: token.text(),
            refresh_expires_at: kept.expires_at,
            user,
            permissions: opened.permissions,
        })
    }

    fn refresh_token(&self, organisation: OrganisationId, now: Timestamp) -> (RefreshToken, NewToken) {
        let token = RefreshToken::new(organisation, self.context.ids.bytes());
        let kept = NewToken {
            hash: token.hash(),
            expires_at: now + self.settings.refresh(),
        };
        (token, kept)
    }

    fn announce(&self) {
        self.context.bus.publish(Subject::Trust, "");
    }

    fn now(&self) -> Timestamp {
        self.context.clock.now()
    }
}

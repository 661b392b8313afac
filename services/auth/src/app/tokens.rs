//! Logging in, refreshing, logging out.

use super::{
    Keys,
    passwords::{self, Checks},
    refresh_token::RefreshToken,
    strangers::Strangers,
};
use crate::{
    Settings, refusals,
    store::{Exchange, Exchanged, NewToken, Opened, Settle, Tables, User},
};
use onqueue_access::Claims;
use onqueue_bus::Subject;
use onqueue_model::{Fault, OrganisationId, Timestamp};
use onqueue_server::Context;
use std::sync::Arc;

/// The use cases around tokens.
pub struct Tokens {
    tables: Tables,
    keys: Arc<Keys>,
    context: Context,
    settings: Settings,
    checks: Checks,
    strangers: Strangers,
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
    pub fn new(tables: Tables, keys: Arc<Keys>, context: Context, settings: &Settings) -> Self {
        Self {
            tables,
            keys,
            context,
            checks: Checks::new(settings.password_checks),
            strangers: Strangers::new(),
            settings: settings.clone(),
        }
    }

    /// Opens a session for the right password. Everything that does not exist costs and answers like a wrong password.
    pub async fn login(&self, slug: &str, email: &str, password: String) -> Result<Issued, Fault> {
        if !passwords::fits(&password) {
            return Err(Fault::field("password", "must have 1 to 1,024 bytes"));
        }
        let (slug, email) = (slug.to_lowercase(), email.trim().to_lowercase());
        match self.tables.find_user(&slug, &email).await? {
            Some(user) => self.login_user(user, password).await,
            None => self.refuse_stranger(&slug, &email, password).await,
        }
    }

    async fn login_user(&self, user: User, password: String) -> Result<Issued, Fault> {
        user.failures.check(self.now())?;
        let right = self.checks.is_right(password, user.password_hash.clone()).await?;
        let now = self.now();
        let (token, kept) = self.refresh_token(user.organisation, now);
        let settle = Settle {
            user,
            right,
            session: self.context.ids.id(now),
            token: kept,
            now,
            policy: self.settings.lockout(),
        };
        let opened = self.tables.settle(Arc::new(settle)).await??;
        self.issue(opened, &token, kept, now)
    }

    async fn refuse_stranger(&self, slug: &str, email: &str, password: String) -> Result<Issued, Fault> {
        let key = Strangers::key(slug, email);
        self.strangers.check(&key, self.now())?;
        self.checks.is_right(password, None).await?;
        self.strangers.record(key, self.now(), &self.settings.lockout())?;
        Err(refusals::credentials())
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

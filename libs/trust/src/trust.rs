//! Judging tokens and permissions by the installed bundle.

use crate::{Bundle, Change, Deployment, Key, jws, state::State};
use onqueue_access::{Claims, Errand, Issuer, Ticket};
use onqueue_model::{
    Caller, DeploymentId, DivisionId, Divisions, Fault, OrganisationId, Permission, Reason, Timestamp, UserId,
    permissions,
};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::watch;

/// How old the last read of the database may be before mutations are refused.
pub const STALE_AFTER: Duration = Duration::from_secs(30);

/// What this process knows of who may do what. Clones share it.
#[derive(Clone)]
pub struct Trust(Arc<Inner>);

struct Inner {
    state: RwLock<Arc<State>>,
    changes: watch::Sender<i64>,
    reads: watch::Sender<Option<Timestamp>>,
}

/// A bundle as it was in force at one moment: later ones leave it as it is.
#[derive(Clone)]
pub struct Installed(Arc<State>);

impl fmt::Debug for Installed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Installed")
            .field("revision", &self.0.revision)
            .finish_non_exhaustive()
    }
}

impl Installed {
    /// A copy of it.
    pub fn bundle(&self) -> Bundle {
        self.0.bundle()
    }

    /// How it came from an earlier one; `None` if both say the same.
    pub fn change_since(&self, earlier: &Self) -> Option<Change> {
        if Arc::ptr_eq(&self.0, &earlier.0) || self.0.is_same(&earlier.0) {
            return None;
        }
        Some(self.0.change_since(&earlier.0))
    }
}

impl Default for Trust {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("revision", &self.revision())
            .finish_non_exhaustive()
    }
}

impl Trust {
    /// Trusts nothing and nobody yet.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            state: RwLock::default(),
            changes: watch::Sender::new(0),
            reads: watch::Sender::new(None),
        }))
    }

    /// Takes over a bundle that was read from the database at that time. An older revision than the installed one is
    /// ignored; the same bundle again only confirms it.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "who hands a bundle over has no more use for it"
    )]
    pub fn install(&self, bundle: Bundle, read_at: Timestamp) {
        if self.move_on(bundle.revision, |installed| installed.replaced_by(&bundle)) {
            self.confirm(read_at);
        }
    }

    /// Takes over what was read from the database at that time as having changed. A change that leads to an older revision
    /// than the installed one is ignored. Answers false if something is missing in between: then nothing has happened, and
    /// the whole bundle is needed.
    #[must_use]
    pub fn apply(&self, change: &Change, read_at: Timestamp) -> bool {
        if self.revision() < change.since {
            return false;
        }
        if self.move_on(change.revision, |installed| installed.changed_by(change, read_at)) {
            self.confirm(read_at);
        }
        true
    }

    /// Puts what `next` makes of the installed state in force, unless that is newer than `revision`. Nobody waits for the
    /// making: it is done outside the lock, and again if another state was put in force meanwhile.
    fn move_on(&self, revision: i64, next: impl Fn(&State) -> State) -> bool {
        loop {
            let installed = self.state();
            if revision < installed.revision {
                return false;
            }
            let state = next(&installed);
            if state.is_same(&installed) {
                return true;
            }
            let mut place = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&place, &installed) {
                *place = Arc::new(state);
                drop(place);
                self.0.changes.send_replace(revision);
                return true;
            }
        }
    }

    /// The database was read anew at that time and the installed bundle still holds.
    pub fn confirm(&self, read_at: Timestamp) {
        self.0.reads.send_modify(|last| *last = (*last).max(Some(read_at)));
    }

    /// The caller whose token this is. TOKEN_EXPIRED if it has ended, TOKEN_INVALID for everything else that is wrong
    /// with it. A verified token is remembered by its hash until it ends or the keys change.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, Fault> {
        if token.len() > jws::MAX_TOKEN {
            return Err(invalid("too long"));
        }
        let state = self.state();
        let hash: [u8; 32] = Sha256::digest(token).into();
        if let Some(caller) = state.keys.verified.get(&hash) {
            return state.holds(&caller, now).map(|()| caller);
        }
        let caller = state.verify(token, now)?;
        state.keys.verified.insert(hash, caller.clone());
        Ok(caller)
    }

    /// What a ticket says that session signed, if it holds for that errand. TOKEN_EXPIRED if it has ended, TOKEN_INVALID for
    /// everything else that is wrong with it.
    pub fn ticket(&self, token: &str, errand: Errand, now: Timestamp) -> Result<Ticket, Fault> {
        let ticket: Result<Ticket, _> = self.state().signed(token, Issuer::Session, now);
        let invalid = |context| {
            Fault::new(Reason::TokenInvalid, "this address is not valid; ask for another").with_context(context)
        };
        let ticket = ticket.map_err(invalid)?;
        ticket.check(errand, now)?;
        Ok(ticket)
    }

    /// Whether a caller verified earlier may go on, for open streams: TOKEN_EXPIRED when the token has ended,
    /// TOKEN_INVALID when it was revoked.
    pub fn still_valid(&self, caller: &Caller, now: Timestamp) -> Result<(), Fault> {
        self.state().holds(caller, now)
    }

    /// The permissions of the catalogue, as it writes them, that the caller holds in at least one division; sorted. None
    /// for a guest.
    pub fn permissions(&self, caller: &Caller) -> Vec<String> {
        let Some(user) = caller.subject() else {
            return Vec::new();
        };
        let state = self.state();
        let held = state.organisations.get(&caller.organisation);
        held.map_or_else(Vec::new, |held| {
            held.grants.expand(caller.organisation, user, permissions::ALL)
        })
    }

    /// Whether the caller holds the permission in at least one division; PERMISSION_MISSING otherwise, and for every guest.
    pub fn may(&self, caller: &Caller, permission: &str) -> Result<(), Fault> {
        let held = caller
            .subject()
            .is_some_and(|user| self.user_may(caller.organisation, user, permission));
        held.then_some(()).ok_or_else(|| Fault::missing_named(permission))
    }

    /// Whether the caller holds the permission in that division; PERMISSION_MISSING otherwise, and for every guest.
    pub fn may_in(&self, caller: &Caller, permission: &str, division: DivisionId) -> Result<(), Fault> {
        let held = self.divisions(caller, permission).contains(&division);
        held.then_some(()).ok_or_else(|| Fault::missing_named(permission))
    }

    /// Whether the caller holds the permission in all divisions, which changing what belongs to none needs;
    /// PERMISSION_MISSING otherwise, and for every guest.
    pub fn may_everywhere(&self, caller: &Caller, permission: &str) -> Result<(), Fault> {
        match self.divisions(caller, permission) {
            Divisions::All => Ok(()),
            Divisions::Only(_) => Err(Fault::missing_named(permission).with("division", "all")),
        }
    }

    /// Whether the caller holds this permission, any part of which may be `*`, in that division ([`DivisionId::ALL`]: in all).
    pub fn holds(&self, caller: &Caller, permission: &Permission, division: DivisionId) -> bool {
        let state = self.state();
        let (Some(user), Some(held)) = (caller.subject(), state.organisations.get(&caller.organisation)) else {
            return false;
        };
        held.grants.within(caller.organisation, user, permission, division)
    }

    /// The divisions in which the caller holds the permission, to filter queries by; none for a guest.
    pub fn divisions(&self, caller: &Caller, permission: &str) -> Divisions {
        let Some(user) = caller.subject() else {
            return Divisions::NONE;
        };
        self.divisions_of(caller.organisation, user, permission)
    }

    /// Whether the user, who need not be calling, holds the permission in at least one division.
    pub fn user_may(&self, organisation: OrganisationId, user: UserId, permission: &str) -> bool {
        !self.divisions_of(organisation, user, permission).is_empty()
    }

    /// Whether the user, who need not be calling, holds the permission in that division.
    pub fn user_may_in(
        &self,
        organisation: OrganisationId,
        user: UserId,
        permission: &str,
        division: DivisionId,
    ) -> bool {
        self.divisions_of(organisation, user, permission).contains(&division)
    }

    fn divisions_of(&self, organisation: OrganisationId, user: UserId, permission: &str) -> Divisions {
        let state = self.state();
        match (state.organisations.get(&organisation), Permission::parse(permission)) {
            (Some(held), Some(permission)) => held.grants.divisions(organisation, user, &permission),
            _ => Divisions::NONE,
        }
    }

    /// The deployment of that id, enabled or not.
    pub fn deployment(&self, id: DeploymentId) -> Option<Deployment> {
        self.state().deployments.get(&id).cloned()
    }

    /// Every deployment, enabled or not, in no order.
    pub fn deployments(&self) -> Vec<Deployment> {
        self.state().deployments.values().cloned().collect()
    }

    /// Whether what is known is fresh enough to change things by: TRUST_STALE when the database was last read more than
    /// [`STALE_AFTER`] ago, or never.
    pub fn fresh(&self, now: Timestamp) -> Result<(), Fault> {
        match self.read_at() {
            Some(read_at) if now.since(read_at) <= STALE_AFTER => Ok(()),
            _ => Err(Fault::new(
                Reason::TrustStale,
                "permissions cannot be read right now, so nothing is changed; try again",
            )
            .with_retry_after(Duration::from_secs(2))),
        }
    }

    /// The public keys that are trusted.
    pub fn keys(&self) -> Vec<Key> {
        self.state().keys.all.clone()
    }

    /// Receives the revision whenever the bundle has changed.
    pub fn changes(&self) -> watch::Receiver<i64> {
        self.0.changes.subscribe()
    }

    /// Receives when the database was last read, at each read; `None` until the first.
    pub fn reads(&self) -> watch::Receiver<Option<Timestamp>> {
        self.0.reads.subscribe()
    }

    /// When the database was last read.
    pub fn read_at(&self) -> Option<Timestamp> {
        *self.0.reads.borrow()
    }

    /// The revision of the installed bundle; 0 before the first.
    pub fn revision(&self) -> i64 {
        self.state().revision
    }

    /// A copy of the installed bundle: everything, so not for each call.
    pub fn bundle(&self) -> Bundle {
        self.state().bundle()
    }

    /// The installed bundle, to compare later ones with.
    pub fn installed(&self) -> Installed {
        Installed(self.state())
    }

    fn state(&self) -> Arc<State> {
        Arc::clone(&self.0.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    /// What a key of that issuer signed.
    fn signed<T: DeserializeOwned>(&self, token: &str, issuer: Issuer, now: Timestamp) -> Result<T, &'static str> {
        let unverified = jws::parse(token)?;
        let verifier = self.keys.verifiers.get(&unverified.kid);
        let verifier = verifier.filter(|verifier| verifier.issuer == issuer && verifier.expires_at > now);
        unverified.verify(&verifier.ok_or("unknown key")?.key)
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, Fault> {
        let unverified = jws::parse(token).map_err(invalid)?;
        let verifier = self
            .keys
            .verifiers
            .get(&unverified.kid)
            .ok_or_else(|| invalid("unknown key"))?;
        if verifier.expires_at <= now {
            return Err(invalid("the key has ended"));
        }
        let claims: Claims = unverified.verify(&verifier.key).map_err(invalid)?;
        claims.check(verifier.issuer, now)?;
        let caller = Caller {
            key: unverified.kid.clone(),
            ..claims.caller()
        };
        self.holds(&caller, now)?;
        Ok(caller)
    }

    fn holds(&self, caller: &Caller, now: Timestamp) -> Result<(), Fault> {
        if caller.expires_at <= now {
            return Err(Fault::new(
                Reason::TokenExpired,
                "the access token has ended; refresh it",
            ));
        }
        if self.revoked.contains_key(&caller.token) {
            return Err(invalid("revoked"));
        }
        if !caller.key.is_empty() && !self.keys.verifiers.contains_key(&caller.key) {
            return Err(invalid("the key was withdrawn"));
        }
        Ok(())
    }
}

fn invalid(context: &str) -> Fault {
    Fault::new(Reason::TokenInvalid, "the access token is not valid; log in again").with_context(context)
}

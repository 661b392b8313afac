//! Judging tokens and permissions by the installed bundle.

use crate::{Bundle, Deployment, jws};
use ed25519_dalek::VerifyingKey;
use onqueue_access::{Claims, Grants, Issuer};
use onqueue_model::{
    Caller, DeploymentId, DivisionId, Fault, OrganisationId, Permission, Reason, Timestamp, TokenId, UserId,
    permissions,
};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::watch;

/// How old the last read of the database may be before mutations are refused.
pub const STALE_AFTER: Duration = Duration::from_secs(30);

/// How many verified tokens are remembered.
const REMEMBERED: u64 = 65_536;

/// What this process knows of who may do what. Clones share it.
#[derive(Clone)]
pub struct Trust(Arc<Inner>);

struct Inner {
    state: RwLock<Arc<State>>,
    changes: watch::Sender<i64>,
    reads: watch::Sender<Option<Timestamp>>,
}

/// One bundle, indexed, with the tokens verified under it: another bundle begins with none.
struct State {
    bundle: Bundle,
    keys: HashMap<String, Verifier>,
    revoked: HashSet<TokenId>,
    grants: Grants,
    deployments: HashMap<DeploymentId, Deployment>,
    verified: moka::sync::Cache<[u8; 32], Caller>,
}

struct Verifier {
    issuer: Issuer,
    key: VerifyingKey,
    expires_at: Timestamp,
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
            state: RwLock::new(Arc::new(State::of(Bundle::default()))),
            changes: watch::Sender::new(0),
            reads: watch::Sender::new(None),
        }))
    }

    /// Takes over a bundle that was read from the database at that time. An older revision than the installed one is
    /// ignored; the same bundle again only confirms it.
    pub fn install(&self, bundle: Bundle, read_at: Timestamp) {
        let installed = self.state();
        if bundle.revision < installed.bundle.revision {
            return;
        }
        if bundle != installed.bundle && !self.replace(State::of(bundle)) {
            return;
        }
        self.confirm(read_at);
    }

    /// Puts a state in force, unless a newer one is. The state was built outside the lock: nobody waits for that.
    fn replace(&self, state: State) -> bool {
        let revision = state.bundle.revision;
        {
            let mut installed = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
            if revision < installed.bundle.revision {
                return false;
            }
            *installed = Arc::new(state);
        }
        self.0.changes.send_replace(revision);
        true
    }

    /// The database was read anew at that time and the installed bundle still holds.
    pub fn confirm(&self, read_at: Timestamp) {
        self.0.reads.send_modify(|last| *last = (*last).max(Some(read_at)));
    }

    /// The caller whose token this is. TOKEN_EXPIRED if it has ended, TOKEN_INVALID for everything else that is wrong
    /// with it. A verified token is remembered by its hash until it ends or the bundle changes.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, Fault> {
        if token.len() > jws::MAX_TOKEN {
            return Err(invalid("too long"));
        }
        let state = self.state();
        let hash: [u8; 32] = Sha256::digest(token).into();
        if let Some(caller) = state.verified.get(&hash) {
            return state.holds(&caller, now).map(|()| caller);
        }
        let caller = state.verify(token, now)?;
        state.verified.insert(hash, caller.clone());
        Ok(caller)
    }

    /// Whether a caller verified earlier may go on, for open streams: TOKEN_EXPIRED when the token has ended,
    /// TOKEN_INVALID when it was revoked.
    pub fn still_valid(&self, caller: &Caller, now: Timestamp) -> Result<(), Fault> {
        self.state().holds(caller, now)
    }

    /// The permissions of the catalogue, as it writes them, that the caller holds in at least one division; sorted. None
    /// for a guest.
    pub fn permissions(&self, caller: &Caller) -> Vec<String> {
        let Some(user) = caller.user() else {
            return Vec::new();
        };
        self.state().grants.expand(caller.organisation, user, permissions::ALL)
    }

    /// Whether the caller holds the permission in at least one division; PERMISSION_MISSING otherwise, and for every guest.
    pub fn may(&self, caller: &Caller, permission: &str) -> Result<(), Fault> {
        let held = caller
            .user()
            .is_some_and(|user| self.user_may(caller.organisation, user, permission));
        held.then_some(()).ok_or_else(|| Fault::missing_named(permission))
    }

    /// Whether the caller holds the permission in that division; PERMISSION_MISSING otherwise, and for every guest.
    pub fn may_in(&self, caller: &Caller, permission: &str, division: DivisionId) -> Result<(), Fault> {
        let held = self.divisions(caller, permission).contains(&division);
        held.then_some(()).ok_or_else(|| Fault::missing_named(permission))
    }

    /// The divisions in which the caller holds the permission, to filter queries by; none for a guest.
    pub fn divisions(&self, caller: &Caller, permission: &str) -> BTreeSet<DivisionId> {
        let (Some(user), Some(permission)) = (caller.user(), Permission::parse(permission)) else {
            return BTreeSet::new();
        };
        self.state().grants.divisions(caller.organisation, user, &permission)
    }

    /// Whether the user, who need not be calling, holds the permission in at least one division.
    pub fn user_may(&self, organisation: OrganisationId, user: UserId, permission: &str) -> bool {
        Permission::parse(permission)
            .is_some_and(|permission| self.state().grants.anywhere(organisation, user, &permission))
    }

    /// Whether the user, who need not be calling, holds the permission in that division.
    pub fn user_may_in(
        &self,
        organisation: OrganisationId,
        user: UserId,
        permission: &str,
        division: DivisionId,
    ) -> bool {
        Permission::parse(permission).is_some_and(|permission| {
            let grants = &self.state().grants;
            grants.divisions(organisation, user, &permission).contains(&division)
        })
    }

    /// The deployment of that id, enabled or not.
    pub fn deployment(&self, id: DeploymentId) -> Option<Deployment> {
        self.state().deployments.get(&id).cloned()
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
        self.state().bundle.revision
    }

    /// A copy of the installed bundle.
    pub fn bundle(&self) -> Bundle {
        self.state().bundle.clone()
    }

    fn state(&self) -> Arc<State> {
        Arc::clone(&self.0.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn of(bundle: Bundle) -> Self {
        let verifier = |key: &crate::Key| match VerifyingKey::from_bytes(&key.public_key) {
            Ok(verifying) => Some((
                key.kid.clone(),
                Verifier {
                    issuer: key.issuer,
                    key: verifying,
                    expires_at: key.expires_at,
                },
            )),
            Err(_) => {
                tracing::error!(kid = key.kid, "a public key is not a point of the curve; ignored");
                None
            }
        };
        Self {
            keys: bundle.keys.iter().filter_map(verifier).collect(),
            revoked: bundle.revoked.iter().map(|revoked| revoked.token).collect(),
            grants: bundle.grants.iter().cloned().collect(),
            deployments: bundle
                .deployments
                .iter()
                .map(|deployment| (deployment.id, deployment.clone()))
                .collect(),
            verified: moka::sync::Cache::new(REMEMBERED),
            bundle,
        }
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, Fault> {
        let unverified = jws::parse(token).map_err(invalid)?;
        let verifier = self.keys.get(&unverified.kid).ok_or_else(|| invalid("unknown key"))?;
        if verifier.expires_at <= now {
            return Err(invalid("the key has ended"));
        }
        let claims: Claims = unverified.verify(&verifier.key).map_err(invalid)?;
        claims.check(verifier.issuer, now)?;
        let caller = claims.caller();
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
        if self.revoked.contains(&caller.token) {
            return Err(invalid("revoked"));
        }
        Ok(())
    }
}

fn invalid(context: &str) -> Fault {
    Fault::new(Reason::TokenInvalid, "the access token is not valid; log in again").with_context(context)
}

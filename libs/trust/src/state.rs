//! One bundle as it is in force, indexed. A change makes the next of what has changed and shares the rest: ending one
//! session must not cost what a hundred thousand grants cost.

use crate::{
    Bundle, Change, Deployment, Key, Revoked,
    bundle::{Holdings, held},
};
use ed25519_dalek::VerifyingKey;
use onqueue_access::{Grants, Issuer};
use onqueue_model::{Caller, DeploymentId, OrganisationId, Timestamp, TokenId};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// How many verified tokens are remembered.
const REMEMBERED: u64 = 65_536;

/// One bundle, indexed.
#[derive(Clone)]
pub struct State {
    pub revision: i64,
    pub keys: Arc<Keys>,
    pub revoked: Arc<HashMap<TokenId, Timestamp>>,
    pub organisations: Arc<BTreeMap<OrganisationId, Arc<Organisation>>>,
    /// All organisations' together: who asks knows the id alone.
    pub deployments: Arc<HashMap<DeploymentId, Deployment>>,
}

/// The keys, with the tokens verified by them: other keys begin with none.
pub struct Keys {
    pub all: Vec<Key>,
    pub verifiers: HashMap<String, Verifier>,
    pub verified: moka::sync::Cache<[u8; 32], Caller>,
}

pub struct Verifier {
    pub issuer: Issuer,
    pub key: VerifyingKey,
    pub expires_at: Timestamp,
}

/// What an organisation has, its grants indexed.
pub struct Organisation {
    pub holdings: Holdings,
    pub grants: Grants,
}

impl Keys {
    fn of(all: Vec<Key>) -> Self {
        Self {
            verifiers: all.iter().filter_map(verifier).collect(),
            verified: moka::sync::Cache::new(REMEMBERED),
            all,
        }
    }
}

fn verifier(key: &Key) -> Option<(String, Verifier)> {
    let Ok(verifying) = VerifyingKey::from_bytes(&key.public_key) else {
        tracing::error!(kid = key.kid, "a public key is not a point of the curve; ignored");
        return None;
    };
    let verifier = Verifier {
        issuer: key.issuer,
        key: verifying,
        expires_at: key.expires_at,
    };
    Some((key.kid.clone(), verifier))
}

impl From<Holdings> for Organisation {
    fn from(holdings: Holdings) -> Self {
        Self {
            grants: holdings.grants.iter().cloned().collect(),
            holdings,
        }
    }
}

impl State {
    /// That bundle, sharing with `self` what is the same.
    pub fn replaced_by(&self, bundle: &Bundle) -> Self {
        let (grants, deployments) = (bundle.grants.iter().cloned(), bundle.deployments.iter().cloned());
        let held = held(std::iter::empty(), grants, deployments);
        let organisations = held.into_iter().map(|(id, holdings)| {
            let same = self.organisations.get(&id).filter(|had| had.holdings == holdings);
            (id, same.map_or_else(|| Arc::new(holdings.into()), Arc::clone))
        });
        Self {
            revision: bundle.revision,
            keys: self.keys_or(&bundle.keys),
            revoked: Arc::new(refused(&bundle.revoked).collect()),
            ..self.with(organisations.collect())
        }
    }

    /// With the change, without the revocations that have ended at `now`.
    pub fn changed_by(&self, change: &Change, now: Timestamp) -> Self {
        let mut organisations = (*self.organisations).clone();
        for (id, holdings) in &change.organisations {
            if *holdings == Holdings::default() {
                organisations.remove(id);
            } else {
                organisations.insert(*id, Arc::new(holdings.clone().into()));
            }
        }
        let still = self.revoked.iter().filter(|(_, end)| **end > now);
        let revoked = still.map(|(token, end)| (*token, *end)).chain(refused(&change.revoked));
        Self {
            revision: change.revision,
            keys: self.keys_or(&change.keys),
            revoked: Arc::new(revoked.collect()),
            ..self.with(organisations)
        }
    }

    fn keys_or(&self, keys: &[Key]) -> Arc<Keys> {
        if self.keys.all == keys {
            return Arc::clone(&self.keys);
        }
        Arc::new(Keys::of(keys.to_vec()))
    }

    /// With these organisations.
    fn with(&self, organisations: BTreeMap<OrganisationId, Arc<Organisation>>) -> Self {
        if same(&self.organisations, &organisations) {
            return self.clone();
        }
        let all = organisations.values().flat_map(|of| &of.holdings.deployments);
        Self {
            deployments: Arc::new(all.map(|deployment| (deployment.id, deployment.clone())).collect()),
            organisations: Arc::new(organisations),
            ..self.clone()
        }
    }

    /// Whether both say the same.
    pub fn is_same(&self, other: &Self) -> bool {
        self.revision == other.revision
            && self.keys.all == other.keys.all
            && self.revoked == other.revoked
            && same(&self.organisations, &other.organisations)
    }

    /// How this came from an earlier one.
    pub fn change_since(&self, earlier: &Self) -> Change {
        let revoked = self
            .revoked
            .iter()
            .filter(|(token, _)| !earlier.revoked.contains_key(token));
        let gone = earlier
            .organisations
            .keys()
            .filter(|id| !self.organisations.contains_key(id));
        let changed = self.organisations.iter().filter(|(id, now)| {
            let before = earlier.organisations.get(id);
            !before.is_some_and(|before| is_unchanged(before, now))
        });
        let changed = changed.map(|(id, now)| (*id, now.holdings.clone()));
        Change {
            since: earlier.revision,
            revision: self.revision,
            keys: self.keys.all.clone(),
            revoked: listed(revoked),
            organisations: changed.chain(gone.map(|id| (*id, Holdings::default()))).collect(),
        }
    }

    /// A copy as a bundle, in the order of ids.
    pub fn bundle(&self) -> Bundle {
        let held = || self.organisations.values().map(|of| &of.holdings);
        Bundle {
            revision: self.revision,
            keys: self.keys.all.clone(),
            revoked: listed(self.revoked.iter()),
            grants: held().flat_map(|held| &held.grants).cloned().collect(),
            deployments: held().flat_map(|held| &held.deployments).cloned().collect(),
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            revision: 0,
            keys: Arc::new(Keys::of(Vec::new())),
            revoked: Arc::default(),
            organisations: Arc::default(),
            deployments: Arc::default(),
        }
    }
}

fn refused(revoked: &[Revoked]) -> impl Iterator<Item = (TokenId, Timestamp)> {
    revoked.iter().map(|revoked| (revoked.token, revoked.expires_at))
}

fn listed<'a>(revoked: impl Iterator<Item = (&'a TokenId, &'a Timestamp)>) -> Vec<Revoked> {
    let mut listed: Vec<_> = revoked
        .map(|(token, end)| Revoked {
            token: *token,
            expires_at: *end,
        })
        .collect();
    listed.sort_unstable_by_key(|revoked| revoked.token);
    listed
}

type Organisations = BTreeMap<OrganisationId, Arc<Organisation>>;

fn same(these: &Organisations, those: &Organisations) -> bool {
    let is_same =
        |((a, this), (b, that)): ((&OrganisationId, _), (&OrganisationId, _))| a == b && is_unchanged(this, that);
    these.len() == those.len() && these.iter().zip(those).all(is_same)
}

fn is_unchanged(before: &Arc<Organisation>, now: &Arc<Organisation>) -> bool {
    Arc::ptr_eq(before, now) || before.holdings == now.holdings
}

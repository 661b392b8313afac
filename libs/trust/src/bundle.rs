//! The trust bundle: everything needed to judge a token and a permission, and what changes in it, as the database has them.

use onqueue_access::{Grant, Issuer};
use onqueue_model::{OrganisationId, Timestamp};
use onqueue_store::trust::{self as rows, Changes, Snapshot};
use std::collections::BTreeMap;

pub use onqueue_store::trust::{Deployment, DeploymentQueue, IdentityKey, Revoked};

/// A public key and whose tokens it verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in the header of tokens.
    pub kid: String,
    /// Whose: it verifies this issuer's tokens only.
    pub issuer: Issuer,
    /// Ed25519, 32 bytes.
    pub public_key: [u8; 32],
    /// After this no token of it is valid.
    pub expires_at: Timestamp,
}

/// Everything needed to judge a token and a permission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// Grows with every change of auth's tables. Session's keys may change without it.
    pub revision: i64,
    /// Public keys.
    pub keys: Vec<Key>,
    /// Refused token families.
    pub revoked: Vec<Revoked>,
    /// Every grant.
    pub grants: Vec<Grant>,
    /// Every deployment.
    pub deployments: Vec<Deployment>,
}

/// What one organisation has in a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Every grant.
    pub grants: Vec<Grant>,
    /// Every deployment.
    pub deployments: Vec<Deployment>,
}

/// What has changed after one revision of the bundle. It may be put upon the bundle of that revision or of any later one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// After which revision.
    pub since: i64,
    /// The revision that it leads to.
    pub revision: i64,
    /// All public keys.
    pub keys: Vec<Key>,
    /// Token families refused since; the others stay refused.
    pub revoked: Vec<Revoked>,
    /// Organisations with all that they have now; the others keep what they had.
    pub organisations: BTreeMap<OrganisationId, Holdings>,
}

impl From<Snapshot> for Bundle {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            revision: snapshot.mark.revision,
            keys: keys(snapshot.auth_keys, snapshot.mark.session_keys),
            revoked: snapshot.revoked,
            grants: snapshot.grants.into_iter().map(grant).collect(),
            deployments: snapshot.deployments,
        }
    }
}

impl Change {
    /// As read from the database after `since`.
    pub(crate) fn read(since: i64, changes: Changes) -> Self {
        let organisations = changes.organisations.into_iter();
        Self {
            since,
            revision: changes.mark.revision,
            keys: keys(changes.auth_keys, changes.mark.session_keys),
            revoked: changes.revoked,
            organisations: held(
                organisations,
                changes.grants.into_iter().map(grant),
                changes.deployments,
            ),
        }
    }
}

/// Sorts grants and deployments by organisation; `organisations` are there even if they have none.
pub(crate) fn held(
    organisations: impl Iterator<Item = OrganisationId>,
    grants: impl IntoIterator<Item = Grant>,
    deployments: impl IntoIterator<Item = Deployment>,
) -> BTreeMap<OrganisationId, Holdings> {
    let mut held: BTreeMap<_, Holdings> = organisations.map(|id| (id, Holdings::default())).collect();
    for grant in grants {
        held.entry(grant.organisation).or_default().grants.push(grant);
    }
    for deployment in deployments {
        held.entry(deployment.organisation)
            .or_default()
            .deployments
            .push(deployment);
    }
    held
}

fn keys(auth: Vec<rows::Key>, session: Vec<rows::Key>) -> Vec<Key> {
    let auth = auth.into_iter().map(|row| key(Issuer::Auth, row));
    auth.chain(session.into_iter().map(|row| key(Issuer::Session, row)))
        .collect()
}

fn key(issuer: Issuer, row: rows::Key) -> Key {
    Key {
        kid: row.kid,
        issuer,
        public_key: row.public_key,
        expires_at: row.expires_at,
    }
}

fn grant(row: rows::Grant) -> Grant {
    Grant {
        organisation: row.organisation,
        subject: row.subject,
        division: row.division,
        permission: row.permission,
    }
}

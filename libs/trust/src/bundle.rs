//! The trust bundle: everything needed to judge a token and a permission, and its conversions from the database and to
//! and from the wire.

use onqueue_access::{Grant, Issuer};
use onqueue_model::{Fault, Language, Permission, Timestamp};
use onqueue_proto::{auth::v1 as proto, millis, timestamp};
use onqueue_store::trust::{self as rows, Snapshot};
use std::str::FromStr;

pub use onqueue_store::trust::{Deployment, DeploymentQueue, Revoked};

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

impl From<Snapshot> for Bundle {
    fn from(snapshot: Snapshot) -> Self {
        let auth = snapshot.auth_keys.into_iter().map(|row| key(Issuer::Auth, row));
        let session = snapshot.mark.session_keys.into_iter();
        Self {
            revision: snapshot.mark.revision,
            keys: auth.chain(session.map(|row| key(Issuer::Session, row))).collect(),
            revoked: snapshot.revoked,
            grants: snapshot.grants.into_iter().map(grant).collect(),
            deployments: snapshot.deployments,
        }
    }
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

impl From<&Bundle> for proto::TrustBundle {
    fn from(bundle: &Bundle) -> Self {
        Self {
            revision: bundle.revision,
            keys: bundle.keys.iter().map(wire_key).collect(),
            revoked: bundle.revoked.iter().map(wire_revoked).collect(),
            grants: bundle.grants.iter().map(wire_grant).collect(),
            deployments: bundle.deployments.iter().map(wire_deployment).collect(),
        }
    }
}

fn wire_key(key: &Key) -> proto::TrustKey {
    proto::TrustKey {
        kid: key.kid.clone(),
        issuer: key.issuer.to_string(),
        public_key: key.public_key.to_vec().into(),
        expires_at: Some(timestamp(key.expires_at)),
    }
}

fn wire_revoked(revoked: &Revoked) -> proto::RevokedToken {
    proto::RevokedToken {
        token_id: revoked.token.to_string(),
        expires_at: Some(timestamp(revoked.expires_at)),
    }
}

fn wire_grant(grant: &Grant) -> proto::TrustGrant {
    proto::TrustGrant {
        organisation_id: grant.organisation.to_string(),
        subject_id: grant.subject.to_string(),
        division_id: grant.division.to_string(),
        permission: grant.permission.to_string(),
    }
}

fn wire_deployment(deployment: &Deployment) -> proto::TrustDeployment {
    proto::TrustDeployment {
        id: deployment.id.to_string(),
        organisation_id: deployment.organisation.to_string(),
        enabled: deployment.enabled,
        origins: deployment.origins.clone(),
        queues: Bundle::wire_queues(&deployment.queues),
        name: deployment.name.clone(),
    }
}

impl Bundle {
    /// A deployment's queues as protobuf has them.
    pub fn wire_queues(queues: &[DeploymentQueue]) -> Vec<proto::DeploymentQueue> {
        let wire = |queue: &DeploymentQueue| proto::DeploymentQueue {
            queue_id: queue.queue_id.to_string(),
            labels: queue.labels.clone().into_iter().collect(),
            languages: queue.languages.iter().map(ToString::to_string).collect(),
            skill_ids: queue.skill_ids.iter().map(ToString::to_string).collect(),
        };
        queues.iter().map(wire).collect()
    }
}

impl TryFrom<proto::TrustBundle> for Bundle {
    type Error = Fault;

    /// INTERNAL if anything in it is malformed: a bundle is believed as a whole or not at all.
    fn try_from(bundle: proto::TrustBundle) -> Result<Self, Fault> {
        Ok(Self {
            revision: bundle.revision,
            keys: each(&bundle.keys, read_key)?,
            revoked: each(&bundle.revoked, read_revoked)?,
            grants: each(&bundle.grants, read_grant)?,
            deployments: each(&bundle.deployments, read_deployment)?,
        })
    }
}

fn each<A, B>(items: &[A], read: fn(&A) -> Result<B, Fault>) -> Result<Vec<B>, Fault> {
    items.iter().map(read).collect()
}

fn malformed(what: &str) -> Fault {
    Fault::internal(format!("the trust bundle is malformed: {what}"))
}

fn id<T: FromStr>(text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| malformed("an id"))
}

fn end(at: Option<&prost_types::Timestamp>) -> Result<Timestamp, Fault> {
    at.map(millis).ok_or_else(|| malformed("an end is missing"))
}

fn read_key(key: &proto::TrustKey) -> Result<Key, Fault> {
    Ok(Key {
        kid: key.kid.clone(),
        issuer: Issuer::parse(&key.issuer).ok_or_else(|| malformed("an issuer"))?,
        public_key: key.public_key[..].try_into().map_err(|_| malformed("a public key"))?,
        expires_at: end(key.expires_at.as_ref())?,
    })
}

fn read_revoked(revoked: &proto::RevokedToken) -> Result<Revoked, Fault> {
    Ok(Revoked {
        token: id(&revoked.token_id)?,
        expires_at: end(revoked.expires_at.as_ref())?,
    })
}

fn read_grant(grant: &proto::TrustGrant) -> Result<Grant, Fault> {
    Ok(Grant {
        organisation: id(&grant.organisation_id)?,
        subject: id(&grant.subject_id)?,
        division: id(&grant.division_id)?,
        permission: Permission::parse(&grant.permission).ok_or_else(|| malformed("a permission"))?,
    })
}

fn read_deployment(deployment: &proto::TrustDeployment) -> Result<Deployment, Fault> {
    Ok(Deployment {
        id: id(&deployment.id)?,
        organisation: id(&deployment.organisation_id)?,
        name: deployment.name.clone(),
        enabled: deployment.enabled,
        origins: deployment.origins.clone(),
        queues: each(&deployment.queues, read_queue)?,
    })
}

fn read_queue(queue: &proto::DeploymentQueue) -> Result<DeploymentQueue, Fault> {
    Ok(DeploymentQueue {
        queue_id: id(&queue.queue_id)?,
        labels: queue.labels.clone().into_iter().collect(),
        languages: each(&queue.languages, |tag| {
            Language::parse(tag).ok_or_else(|| malformed("a language"))
        })?,
        skill_ids: each(&queue.skill_ids, |text| id(text))?,
    })
}

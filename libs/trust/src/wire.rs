//! The bundle and its changes to and from the wire.

use crate::{Bundle, Change, Deployment, DeploymentQueue, IdentityKey, Key, Revoked, bundle::held};
use onqueue_access::{Grant, Issuer};
use onqueue_model::{Fault, Language, OrganisationId, Permission, Timestamp};
use onqueue_proto::{auth::v1 as proto, millis, timestamp};
use std::str::FromStr;

impl From<&Bundle> for proto::TrustBundle {
    fn from(bundle: &Bundle) -> Self {
        Self {
            revision: bundle.revision,
            keys: bundle.keys.iter().map(wire_key).collect(),
            revoked: bundle.revoked.iter().map(wire_revoked).collect(),
            grants: bundle.grants.iter().map(wire_grant).collect(),
            deployments: bundle.deployments.iter().map(wire_deployment).collect(),
            since: None,
            changed_organisation_ids: Vec::new(),
        }
    }
}

impl From<&Change> for proto::TrustBundle {
    fn from(change: &Change) -> Self {
        let held = || change.organisations.values();
        let grants = held().flat_map(|held| &held.grants);
        let deployments = held().flat_map(|held| &held.deployments);
        Self {
            revision: change.revision,
            keys: change.keys.iter().map(wire_key).collect(),
            revoked: change.revoked.iter().map(wire_revoked).collect(),
            grants: grants.map(wire_grant).collect(),
            deployments: deployments.map(wire_deployment).collect(),
            since: Some(change.since),
            changed_organisation_ids: change.organisations.keys().map(ToString::to_string).collect(),
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
        greetings: deployment.greetings.clone(),
        identity_keys: deployment.identity_keys.iter().map(wire_identity_key).collect(),
    }
}

fn wire_identity_key(key: &IdentityKey) -> proto::TrustIdentityKey {
    proto::TrustIdentityKey {
        kid: key.kid.clone(),
        public_key: key.public_key.to_vec().into(),
        created_at: Some(timestamp(key.created_at)),
        ends_at: key.ends_at.map(timestamp),
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

    /// INTERNAL if anything in it is malformed, or it is only a change: a bundle is believed as a whole or not at all.
    fn try_from(bundle: proto::TrustBundle) -> Result<Self, Fault> {
        if bundle.since.is_some() {
            return Err(malformed("a change"));
        }
        Ok(Self {
            revision: bundle.revision,
            keys: each(&bundle.keys, read_key)?,
            revoked: each(&bundle.revoked, read_revoked)?,
            grants: each(&bundle.grants, read_grant)?,
            deployments: each(&bundle.deployments, read_deployment)?,
        })
    }
}

impl TryFrom<proto::TrustBundle> for Change {
    type Error = Fault;

    /// INTERNAL if anything in it is malformed, or it is a whole bundle.
    fn try_from(bundle: proto::TrustBundle) -> Result<Self, Fault> {
        let changed: Vec<OrganisationId> = each(&bundle.changed_organisation_ids, |text| id(text))?;
        let organisations = held(
            changed.iter().copied(),
            each(&bundle.grants, read_grant)?,
            each(&bundle.deployments, read_deployment)?,
        );
        if organisations.len() > changed.len() {
            return Err(malformed("of an organisation that has not changed"));
        }
        Ok(Self {
            since: bundle.since.ok_or_else(|| malformed("not a change"))?,
            revision: bundle.revision,
            keys: each(&bundle.keys, read_key)?,
            revoked: each(&bundle.revoked, read_revoked)?,
            organisations,
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
        greetings: deployment.greetings.clone(),
        identity_keys: each(&deployment.identity_keys, read_identity_key)?,
    })
}

fn read_identity_key(key: &proto::TrustIdentityKey) -> Result<IdentityKey, Fault> {
    Ok(IdentityKey {
        kid: key.kid.clone(),
        public_key: key.public_key[..]
            .try_into()
            .map_err(|_| malformed("an identity key"))?,
        created_at: end(key.created_at.as_ref())?,
        ends_at: key.ends_at.as_ref().map(millis),
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

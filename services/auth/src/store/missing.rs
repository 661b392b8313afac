//! What of a description an organisation never had: what people have changed or removed since stays as they left it.

use super::{Tables, entities, seed};
use crate::seed::{Organisation, Seed};
use entities::{deployment, division, organisation, role, user};
use onqueue_model::{DeploymentId, DivisionId, Fault, RoleId, Timestamp, UserId};
use onqueue_store::{Scope, StoreError};
use sea_orm::DatabaseTransaction;
use std::{collections::BTreeMap, sync::Arc};

impl Tables {
    /// Adds what the organisation never had, and sets those password hashes of users who are still there. Answers whether
    /// the trust tables changed.
    pub async fn seed_missing(
        &self,
        whole: Arc<Seed>,
        hashes: Arc<BTreeMap<UserId, String>>,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let done = self.0.transaction(move |tx| {
            let (whole, hashes) = (Arc::clone(&whole), Arc::clone(&hashes));
            Box::pin(async move {
                let missing = missing(tx, &whole).await?;
                seed::apply(tx, &missing, &hashes, now).await?;
                seed::renew_passwords(tx, &whole, &hashes, now).await?;
                super::trust::publish(tx, whole.organisation.id).await
            })
        });
        Ok(done.await?)
    }
}

async fn missing(tx: &DatabaseTransaction, whole: &Seed) -> Result<Seed, StoreError> {
    let scope = Scope::of(whole.organisation.id);
    let mut missing = whole.clone();
    if let Some(there) = scope.find::<organisation::Entity>().one(tx).await? {
        missing.organisation = Organisation {
            id: whole.organisation.id,
            slug: there.slug,
            name: there.name,
            language: there.language,
            time_zone: there.time_zone,
        };
    }
    for row in scope.find::<division::Entity>().all(tx).await? {
        missing.divisions.retain(|of| of.id != DivisionId::new(row.division_id));
    }
    for row in scope.find::<user::Entity>().all(tx).await? {
        missing.users.retain(|of| of.id != UserId::new(row.user_id));
    }
    for row in scope.find::<role::Entity>().all(tx).await? {
        missing.roles.retain(|of| of.id != RoleId::new(row.role_id));
    }
    for row in scope.find::<deployment::Entity>().all(tx).await? {
        missing
            .deployments
            .retain(|of| of.id != DeploymentId::new(row.deployment_id));
    }
    let users: Vec<_> = missing.users.iter().map(|of| of.id).collect();
    missing.grants.retain(|grant| users.contains(&grant.user));
    Ok(missing)
}

//! Bringing an organisation to a description, with an audit record for each thing made or changed.

use super::{Tables, broken, entities, failures, trust};
use crate::{
    lockout::Address,
    seed::{Deployment, Division, Grant, Role, Seed, User},
};
use entities::{deployment, division, grant, organisation, role, user};
use onqueue_model::{Fault, OrganisationId, Permission, Reason, Timestamp, UserId};
use onqueue_store::{StoreError, audit};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait,
    IntoActiveModel, ModelTrait, QueryFilter as _, Unchanged,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use uuid::Uuid;

impl Tables {
    /// Brings the organisation to the description and sets those password hashes. Answers whether the trust tables changed.
    pub async fn seed(
        &self,
        seed: Arc<Seed>,
        hashes: Arc<BTreeMap<UserId, String>>,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let done = self.0.transaction(move |tx| {
            let (seed, hashes) = (Arc::clone(&seed), Arc::clone(&hashes));
            Box::pin(async move { apply(tx, &seed, &hashes, now).await })
        });
        done.await.map_err(|error| match error {
            StoreError::Unique(_) => Fault::new(
                Reason::NameTaken,
                "a slug, an address, a role's name or a deployment's id is taken by another",
            )
            .with_context(error),
            other => other.into(),
        })
    }
}

async fn apply(
    tx: &DatabaseTransaction,
    seed: &Seed,
    hashes: &BTreeMap<UserId, String>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let trail = Trail {
        tx,
        organisation: seed.organisation.id,
        at: now,
    };
    put_organisation(&trail, seed).await?;
    for division in &seed.divisions {
        put_division(&trail, division).await?;
    }
    for user in &seed.users {
        put_user(&trail, user).await?;
        if let Some(hash) = hashes.get(&user.id) {
            set_password(&trail, user.id.uuid(), hash).await?;
            failures::clear(tx, Address::of(&seed.organisation.slug, &user.email)).await?;
        }
    }
    for role in &seed.roles {
        put_role(&trail, role).await?;
    }
    put_grants(&trail, seed).await?;
    for deployment in &seed.deployments {
        put_deployment(&trail, deployment).await?;
    }
    trust::publish(tx, seed.organisation.id).await
}

/// Where changes are written down.
struct Trail<'t> {
    tx: &'t DatabaseTransaction,
    organisation: OrganisationId,
    at: Timestamp,
}

impl Trail<'_> {
    fn scope(&self) -> Uuid {
        self.organisation.uuid()
    }

    async fn record(
        &self,
        action: &str,
        object: String,
        before: Option<[u8; 32]>,
        after: Option<[u8; 32]>,
    ) -> Result<(), StoreError> {
        let entry = audit::Entry {
            organisation: self.organisation,
            at: self.at,
            actor: "operator".to_owned(),
            action: action.to_owned(),
            object,
            before,
            after,
        };
        audit::append(self.tx, "auth", &entry).await
    }

    /// Writes `after` in the place of `before`, if they differ.
    async fn put<M>(&self, kind: &str, id: Uuid, before: Option<M>, after: M) -> Result<(), StoreError>
    where
        M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel> + PartialEq + Serialize + Clone,
        M::Entity: EntityTrait<Model = M>,
        <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send,
    {
        if before.as_ref() == Some(&after) {
            return Ok(());
        }
        let row = after.clone().into_active_model();
        let verb = if before.is_some() {
            M::Entity::update(row.reset_all()).exec(self.tx).await?;
            "update"
        } else {
            M::Entity::insert(row).exec_without_returning(self.tx).await?;
            "create"
        };
        let before = before.as_ref().map(hash).transpose()?;
        let after = Some(hash(&after)?);
        self.record(&format!("{kind}.{verb}"), format!("{kind}:{id}"), before, after)
            .await
    }
}

fn hash(object: &impl Serialize) -> Result<[u8; 32], StoreError> {
    Ok(Sha256::digest(json(object)?).into())
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(broken)
}

async fn put_organisation(trail: &Trail<'_>, seed: &Seed) -> Result<(), StoreError> {
    let before = organisation::Entity::find_by_id(trail.scope()).one(trail.tx).await?;
    let after = organisation::Model {
        organisation_id: trail.scope(),
        slug: seed.organisation.slug.clone(),
        name: seed.organisation.name.clone(),
    };
    trail.put("organisation", trail.scope(), before, after).await
}

async fn put_division(trail: &Trail<'_>, division: &Division) -> Result<(), StoreError> {
    let id = division.id.uuid();
    let before = division::Entity::find_by_id((trail.scope(), id)).one(trail.tx).await?;
    let after = division::Model {
        organisation_id: trail.scope(),
        division_id: id,
        name: division.name.clone(),
    };
    trail.put("division", id, before, after).await
}

async fn put_user(trail: &Trail<'_>, user: &User) -> Result<(), StoreError> {
    let id = user.id.uuid();
    let before = user::Entity::find_by_id((trail.scope(), id)).one(trail.tx).await?;
    let after = user::Model {
        organisation_id: trail.scope(),
        user_id: id,
        division_id: user.division.uuid(),
        name: user.name.clone(),
        email: user.email.clone(),
        email_folded: crate::lockout::fold(&user.email),
        language: user.language.clone(),
        password_hash: before.as_ref().and_then(|user| user.password_hash.clone()),
    };
    trail.put("user", id, before, after).await
}

async fn set_password(trail: &Trail<'_>, user: Uuid, hash: &str) -> Result<(), StoreError> {
    let change = user::ActiveModel {
        organisation_id: Unchanged(trail.scope()),
        user_id: Unchanged(user),
        password_hash: Set(Some(hash.to_owned())),
        ..Default::default()
    };
    user::Entity::update(change).exec(trail.tx).await?;
    trail
        .record("user.set_password", format!("user:{user}"), None, None)
        .await
}

async fn put_role(trail: &Trail<'_>, role: &Role) -> Result<(), StoreError> {
    let id = role.id.uuid();
    let permissions: BTreeSet<Permission> = role
        .permissions
        .iter()
        .filter_map(|text| Permission::parse(text))
        .collect();
    let before = role::Entity::find_by_id((trail.scope(), id)).one(trail.tx).await?;
    let after = role::Model {
        organisation_id: trail.scope(),
        role_id: id,
        name: role.name.clone(),
        permissions: json(&permissions)?,
    };
    trail.put("role", id, before, after).await
}

async fn put_deployment(trail: &Trail<'_>, deployment: &Deployment) -> Result<(), StoreError> {
    let id = deployment.id.uuid();
    let before = deployment::Entity::find_by_id((trail.scope(), id))
        .one(trail.tx)
        .await?;
    let after = deployment::Model {
        organisation_id: trail.scope(),
        deployment_id: id,
        name: deployment.name.clone(),
        enabled: deployment.enabled,
        origins: json(&deployment.origins)?,
        queues: json(&deployment.queues)?,
    };
    trail.put("deployment", id, before, after).await
}

/// The described users hold the described grants and no others.
async fn put_grants(trail: &Trail<'_>, seed: &Seed) -> Result<(), StoreError> {
    let key = |grant: &Grant| (grant.user.uuid(), grant.role.uuid(), grant.division.uuid());
    let wanted: BTreeSet<_> = seed.grants.iter().map(key).collect();
    let rows = grant::Entity::find()
        .filter(grant::Column::OrganisationId.eq(trail.scope()))
        .filter(grant::Column::UserId.is_in(seed.users.iter().map(|user| user.id.uuid())))
        .all(trail.tx)
        .await?;
    let current: BTreeSet<_> = rows
        .into_iter()
        .map(|row| (row.user_id, row.role_id, row.division_id))
        .collect();
    for (user, role, division) in current.difference(&wanted) {
        grant::Entity::delete_by_id((trail.scope(), *user, *role, *division))
            .exec(trail.tx)
            .await?;
        trail
            .record("grant.delete", format!("grant:{user}/{role}/{division}"), None, None)
            .await?;
    }
    for (user, role, division) in wanted.difference(&current) {
        let row = grant::Model {
            organisation_id: trail.scope(),
            user_id: *user,
            role_id: *role,
            division_id: *division,
        };
        grant::Entity::insert(row.into_active_model())
            .exec_without_returning(trail.tx)
            .await?;
        trail
            .record("grant.create", format!("grant:{user}/{role}/{division}"), None, None)
            .await?;
    }
    Ok(())
}

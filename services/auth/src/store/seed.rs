//! Bringing an organisation to a description, with an audit record for each thing made or changed.

use super::{Tables, UserState, broken, entities, failures, lock_organisation, trust};
use crate::{
    lockout::Address,
    seed::{Deployment, Division, Grant, Role, Seed, User},
};
use entities::{deployment, division, grant, organisation, role, user};
use onqueue_model::{Fault, OrganisationId, Permission, Reason, Timestamp, UserId};
use onqueue_store::{StoreError, audit, query::fold};
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

pub(super) async fn apply(
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
    lock_organisation(tx, seed.organisation.id).await?;
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

/// Sets those of the users who are still there.
pub(super) async fn renew_passwords(
    tx: &DatabaseTransaction,
    seed: &Seed,
    hashes: &BTreeMap<UserId, String>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let trail = Trail {
        tx,
        organisation: seed.organisation.id,
        at: now,
    };
    for of in &seed.users {
        let found = user::Entity::find_by_id((trail.scope(), of.id.uuid())).one(tx).await?;
        let (Some(hash), Some(found)) = (hashes.get(&of.id), found) else {
            continue;
        };
        if found.deleted_at.is_none() && found.password_hash.as_ref() != Some(hash) {
            set_password(&trail, of.id.uuid(), hash).await?;
            failures::clear(tx, Address::of(&seed.organisation.slug, &found.email)).await?;
        }
    }
    Ok(())
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
        language: seed.organisation.language.clone(),
        time_zone: seed.organisation.time_zone.clone(),
        revision: before.as_ref().map_or(1, |row| row.revision),
        created_at: before.as_ref().map_or_else(|| trail.at.millis(), |row| row.created_at),
    };
    trail.put("organisation", trail.scope(), before, after).await
}

async fn put_division(trail: &Trail<'_>, division: &Division) -> Result<(), StoreError> {
    let id = division.id.uuid();
    let before = division::Entity::find_by_id((trail.scope(), id)).one(trail.tx).await?;
    let revision = before.as_ref().map_or(1, |before| before.revision);
    let mut after = division::Model {
        organisation_id: trail.scope(),
        division_id: id,
        name: division.name.clone(),
        name_folded: fold(&division.name),
        description: before
            .as_ref()
            .map(|before| before.description.clone())
            .unwrap_or_default(),
        revision,
        created_at: before.as_ref().map_or(trail.at.millis(), |before| before.created_at),
        deleted_at: None,
        request_id: before.as_ref().and_then(|before| before.request_id),
        request_hash: before.as_ref().and_then(|before| before.request_hash.clone()),
    };
    if before.as_ref().is_some_and(|before| *before != after) {
        after.revision += 1;
    }
    trail.put("division", id, before, after).await
}

async fn put_user(trail: &Trail<'_>, user: &User) -> Result<(), StoreError> {
    let id = user.id.uuid();
    let before = user::Entity::find_by_id((trail.scope(), id)).one(trail.tx).await?;
    let mut after = user::Model {
        organisation_id: trail.scope(),
        user_id: id,
        division_id: user.division.uuid(),
        name: user.name.clone(),
        name_folded: fold(&user.name),
        email: user.email.clone(),
        email_folded: crate::lockout::fold(&user.email),
        address_key: super::address_key(&fold(&user.name), &crate::lockout::fold(&user.email)),
        language: user.language.clone(),
        password_hash: before.as_ref().and_then(|user| user.password_hash.clone()),
        state: before.as_ref().map_or(UserState::Active.number(), |user| user.state),
        revision: before.as_ref().map_or(1, |user| user.revision),
        created_at: before.as_ref().map_or(trail.at.millis(), |user| user.created_at),
        deleted_at: None,
        request_id: before.as_ref().and_then(|user| user.request_id),
        request_hash: before.as_ref().and_then(|user| user.request_hash.clone()),
    };
    if before.as_ref().is_some_and(|before| *before != after) {
        after.revision += 1;
    }
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
    let mut after = role::Model {
        organisation_id: trail.scope(),
        role_id: id,
        name: role.name.clone(),
        name_folded: fold(&role.name),
        description: before.as_ref().map(|role| role.description.clone()).unwrap_or_default(),
        permissions: json(&permissions)?,
        revision: before.as_ref().map_or(1, |role| role.revision),
        created_at: before.as_ref().map_or(trail.at.millis(), |role| role.created_at),
        deleted_at: None,
        request_id: before.as_ref().and_then(|role| role.request_id),
        request_hash: before.as_ref().and_then(|role| role.request_hash.clone()),
    };
    if before.as_ref().is_some_and(|before| *before != after) {
        after.revision += 1;
    }
    trail.put("role", id, before, after).await
}

async fn put_deployment(trail: &Trail<'_>, deployment: &Deployment) -> Result<(), StoreError> {
    let id = deployment.id.uuid();
    let before = deployment::Entity::find_by_id((trail.scope(), id))
        .one(trail.tx)
        .await?;
    let mut after = deployment::Model {
        organisation_id: trail.scope(),
        deployment_id: id,
        division_id: deployment.division.uuid(),
        name: deployment.name.clone(),
        name_folded: fold(&deployment.name),
        enabled: deployment.enabled,
        origins: json(&deployment.origins)?,
        queues: json(&deployment.queues)?,
        greetings: json(&deployment.greetings)?,
        identity_keys: before
            .as_ref()
            .map_or_else(|| "[]".to_owned(), |row| row.identity_keys.clone()),
        revision: before.as_ref().map_or(1, |row| row.revision),
        created_at: before.as_ref().map_or_else(|| trail.at.millis(), |row| row.created_at),
        deleted_at: before.as_ref().and_then(|row| row.deleted_at),
        request_id: before.as_ref().and_then(|row| row.request_id),
        request_hash: before.as_ref().and_then(|row| row.request_hash.clone()),
    };
    if before.as_ref().is_some_and(|before| *before != after) {
        after.revision += 1;
    }
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

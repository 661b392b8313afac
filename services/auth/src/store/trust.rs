//! Writing the trust tables. Each change moves the revision in its own transaction.

use super::{Tables, UserState, broken, entities, failures};
use entities::{
    deployment, grant, refresh_token, role, session, signing_key, trust_deployment, trust_grant, trust_head, trust_key,
    trust_organisation, trust_revoked, user,
};
use onqueue_access::MAX_CLIENT_LIFETIME;
use onqueue_model::{OrganisationId, Permission, RoleId, Timestamp, TokenId};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, ExprTrait as _,
    IntoActiveModel as _, QueryFilter as _, QuerySelect as _, QueryTrait as _, prelude::Expr, sea_query::OnConflict,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use uuid::Uuid;

/// How many rows go into one statement; five values each stay far below what SQLite binds.
const ROWS: usize = 1_000;

/// For how long a revocation is kept beyond the longest life of a token, for clocks that differ.
const MARGIN: Duration = Duration::from_secs(60);

impl Tables {
    /// Removes what has ended: refresh tokens, sessions without any, revocations whose tokens have ended, keys, and failed
    /// logins that no longer count.
    pub async fn tidy(&self, now: Timestamp) -> Result<(), StoreError> {
        self.0
            .transaction(move |tx| Box::pin(async move { tidy(tx, now.millis()).await }))
            .await
    }
}

/// Moves the revision on and answers it. Until the transaction ends nobody else moves it: revisions are committed in their
/// order, so who has read one has read what every earlier one changed.
pub(super) async fn bump(tx: &DatabaseTransaction) -> Result<i64, StoreError> {
    let heads = trust_head::Entity::update_many()
        .col_expr(
            trust_head::Column::Revision,
            Expr::col(trust_head::Column::Revision).add(1_i64),
        )
        .exec_with_returning(tx)
        .await?;
    heads
        .first()
        .map(|head| head.revision)
        .ok_or_else(|| broken("the trust tables have no revision"))
}

/// Waits for whoever changes the trust tables; nobody else does before the transaction ends.
pub(super) async fn lock(tx: &DatabaseTransaction) -> Result<(), StoreError> {
    trust_head::Entity::find().lock_exclusive().one(tx).await?;
    Ok(())
}

/// Has the family's tokens refused until none of them can be valid any more.
pub(super) async fn refuse(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    session: TokenId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = trust_revoked::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        token_id: Set(session.uuid()),
        expires_at: Set((now + MAX_CLIENT_LIFETIME + MARGIN).millis()),
        revision: Set(bump(tx).await?),
    };
    trust_revoked::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Brings the organisation's grants and deployments in the trust tables to what its roles, grants and deployments say.
/// Answers whether that changed anything.
pub(super) async fn publish(tx: &DatabaseTransaction, organisation: OrganisationId) -> Result<bool, StoreError> {
    let scope = Scope::of(organisation);
    let everybody = everybody(tx, scope).await?;
    let grants = publish_grants(tx, scope, &everybody).await?;
    let deployments = publish_deployments(tx, scope).await?;
    if grants || deployments {
        stamp(tx, organisation).await?;
    }
    Ok(grants || deployments)
}

/// Says that the organisation's grants or deployments have changed, at the next revision.
pub(super) async fn stamp(tx: &DatabaseTransaction, organisation: OrganisationId) -> Result<(), StoreError> {
    let row = trust_organisation::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        revision: Set(bump(tx).await?),
    };
    let again = OnConflict::column(trust_organisation::Column::OrganisationId)
        .update_column(trust_organisation::Column::Revision)
        .to_owned();
    trust_organisation::Entity::insert(row)
        .on_conflict(again)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Brings this one deployment in the trust tables to its row.
pub(super) async fn publish_deployment(tx: &DatabaseTransaction, row: &deployment::Model) -> Result<(), StoreError> {
    let key = (row.organisation_id, row.deployment_id);
    trust_deployment::Entity::delete_by_id(key).exec(tx).await?;
    if row.deleted_at.is_none() {
        let row = as_trusted(row.clone()).into_active_model();
        trust_deployment::Entity::insert(row).exec_without_returning(tx).await?;
    }
    stamp(tx, OrganisationId::new(row.organisation_id)).await
}

fn as_trusted(row: deployment::Model) -> trust_deployment::Model {
    trust_deployment::Model {
        organisation_id: row.organisation_id,
        id: row.deployment_id,
        name: row.name,
        enabled: row.enabled,
        origins: row.origins,
        queues: row.queues,
        greetings: row.greetings,
        identity_keys: row.identity_keys,
    }
}

/// What one subject holds, where.
type GrantKey = (Uuid, Uuid, String);

/// Brings what all these subjects hold to what their grants say, and tells the readers if that changed anything.
pub(super) async fn publish_subjects(
    tx: &DatabaseTransaction,
    scope: Scope,
    subjects: &[Uuid],
) -> Result<(), StoreError> {
    if publish_grants(tx, scope, subjects).await? {
        stamp(tx, scope.organisation()).await?;
    }
    Ok(())
}

/// The same for everybody who holds the role.
pub(super) async fn publish_holders(tx: &DatabaseTransaction, scope: Scope, role: RoleId) -> Result<(), StoreError> {
    let holders = scope
        .find::<grant::Entity>()
        .filter(grant::Column::RoleId.eq(role.uuid()))
        .select_only()
        .column(grant::Column::UserId)
        .distinct()
        .into_tuple::<Uuid>()
        .all(tx)
        .await?;
    publish_subjects(tx, scope, &holders).await
}

/// Who holds anything or is known to.
async fn everybody(tx: &DatabaseTransaction, scope: Scope) -> Result<Vec<Uuid>, StoreError> {
    let holders = scope
        .find::<grant::Entity>()
        .select_only()
        .column(grant::Column::UserId)
        .distinct();
    let known = scope
        .find::<trust_grant::Entity>()
        .select_only()
        .column(trust_grant::Column::SubjectId)
        .distinct();
    let mut subjects: BTreeSet<Uuid> = holders.into_tuple().all(tx).await?.into_iter().collect();
    subjects.extend(known.into_tuple::<Uuid>().all(tx).await?);
    Ok(subjects.into_iter().collect())
}

async fn publish_grants(tx: &DatabaseTransaction, scope: Scope, subjects: &[Uuid]) -> Result<bool, StoreError> {
    let mut changed = false;
    for some in subjects.chunks(ROWS) {
        let wanted = granted(tx, scope, some).await?;
        let rows = scope
            .find::<trust_grant::Entity>()
            .filter(trust_grant::Column::SubjectId.is_in(some.to_vec()))
            .all(tx)
            .await?;
        let current: BTreeSet<GrantKey> = rows
            .into_iter()
            .map(|row| (row.subject_id, row.division_id, row.permission))
            .collect();
        take(tx, scope, current.difference(&wanted)).await?;
        give(tx, scope, wanted.difference(&current)).await?;
        changed |= wanted != current;
    }
    Ok(changed)
}

/// Those who lose the same in the same division lose it in one statement.
async fn take<'k>(
    tx: &DatabaseTransaction,
    scope: Scope,
    keys: impl Iterator<Item = &'k GrantKey>,
) -> Result<(), StoreError> {
    let mut losing: BTreeMap<(Uuid, &str), Vec<Uuid>> = BTreeMap::new();
    for (subject, division, permission) in keys {
        losing.entry((*division, permission)).or_default().push(*subject);
    }
    for ((division, permission), subjects) in losing {
        trust_grant::Entity::delete_many()
            .filter(trust_grant::Column::OrganisationId.eq(scope.organisation().uuid()))
            .filter(trust_grant::Column::SubjectId.is_in(subjects))
            .filter(trust_grant::Column::DivisionId.eq(division))
            .filter(trust_grant::Column::Permission.eq(permission))
            .exec(tx)
            .await?;
    }
    Ok(())
}

async fn give<'k>(
    tx: &DatabaseTransaction,
    scope: Scope,
    keys: impl Iterator<Item = &'k GrantKey>,
) -> Result<(), StoreError> {
    let row = |(subject, division, permission): &GrantKey| trust_grant::ActiveModel {
        organisation_id: Set(scope.organisation().uuid()),
        subject_id: Set(*subject),
        division_id: Set(*division),
        permission: Set(permission.clone()),
    };
    let rows: Vec<_> = keys.map(row).collect();
    for rows in rows.chunks(ROWS) {
        trust_grant::Entity::insert_many(rows.to_vec())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// Each of their grants' roles, spelled out; nothing for those who may do nothing now.
async fn granted(tx: &DatabaseTransaction, scope: Scope, subjects: &[Uuid]) -> Result<BTreeSet<GrantKey>, StoreError> {
    let barred = barred(tx, scope, subjects).await?;
    let rows = scope
        .find::<grant::Entity>()
        .filter(grant::Column::UserId.is_in(subjects.to_vec()))
        .filter(grant::Column::UserId.is_not_in(barred))
        .all(tx)
        .await?;
    let permissions = permissions_of(tx, scope, rows.iter().map(|row| row.role_id).collect()).await?;
    let mut granted = BTreeSet::new();
    for row in rows {
        let of_role = permissions.get(&row.role_id).into_iter().flatten();
        granted.extend(of_role.map(|text| (row.user_id, row.division_id, text.to_string())));
    }
    Ok(granted)
}

/// What these roles hold.
pub(super) async fn permissions_of(
    tx: &DatabaseTransaction,
    scope: Scope,
    roles: BTreeSet<Uuid>,
) -> Result<BTreeMap<Uuid, Vec<Permission>>, StoreError> {
    let mut permissions = BTreeMap::new();
    let rows = scope.find::<role::Entity>().filter(role::Column::RoleId.is_in(roles));
    for row in rows.all(tx).await? {
        let texts: Vec<Permission> = serde_json::from_str(&row.permissions).map_err(broken)?;
        permissions.insert(row.role_id, texts);
    }
    Ok(permissions)
}

/// The users among them who have been disabled or removed. A client that is switched off gets no tokens.
async fn barred(tx: &DatabaseTransaction, scope: Scope, subjects: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    let there = Condition::all()
        .add(user::Column::State.eq(UserState::Active.number()))
        .add(user::Column::DeletedAt.is_null());
    let barred = scope
        .find::<user::Entity>()
        .filter(user::Column::UserId.is_in(subjects.to_vec()))
        .filter(there.not())
        .select_only()
        .column(user::Column::UserId);
    Ok(barred.into_tuple().all(tx).await?)
}

async fn publish_deployments(tx: &DatabaseTransaction, scope: Scope) -> Result<bool, StoreError> {
    let rows = scope
        .find::<deployment::Entity>()
        .filter(deployment::Column::DeletedAt.is_null())
        .all(tx)
        .await?;
    let mut wanted: Vec<_> = rows.into_iter().map(as_trusted).collect();
    let mut current = scope.find::<trust_deployment::Entity>().all(tx).await?;
    wanted.sort_by_key(|row| row.id);
    current.sort_by_key(|row| row.id);
    if wanted == current {
        return Ok(false);
    }
    trust_deployment::Entity::delete_many()
        .filter(trust_deployment::Column::OrganisationId.eq(scope.organisation().uuid()))
        .exec(tx)
        .await?;
    for rows in wanted.chunks(ROWS) {
        let rows = rows.iter().cloned().map(|row| row.into_active_model());
        trust_deployment::Entity::insert_many(rows)
            .exec_without_returning(tx)
            .await?;
    }
    Ok(true)
}

async fn tidy(tx: &DatabaseTransaction, now: i64) -> Result<(), StoreError> {
    refresh_token::Entity::delete_many()
        .filter(refresh_token::Column::ExpiresAt.lte(now))
        .exec(tx)
        .await?;
    let with_tokens = refresh_token::Entity::find()
        .select_only()
        .column(refresh_token::Column::SessionId)
        .into_query();
    session::Entity::delete_many()
        .filter(session::Column::SessionId.not_in_subquery(with_tokens))
        .exec(tx)
        .await?;
    trust_revoked::Entity::delete_many()
        .filter(trust_revoked::Column::ExpiresAt.lte(now))
        .exec(tx)
        .await?;
    signing_key::Entity::delete_many()
        .filter(signing_key::Column::ExpiresAt.lte(now))
        .exec(tx)
        .await?;
    trust_key::Entity::delete_many()
        .filter(trust_key::Column::ExpiresAt.lte(now))
        .exec(tx)
        .await?;
    failures::tidy(tx, now).await
}

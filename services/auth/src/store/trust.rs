//! Writing the trust tables. Each change moves the revision in its own transaction.

use super::{Tables, broken, entities, failures};
use entities::{
    deployment, grant, refresh_token, role, session, signing_key, trust_deployment, trust_grant, trust_head, trust_key,
    trust_organisation, trust_revoked,
};
use onqueue_access::MAX_LIFETIME;
use onqueue_model::{OrganisationId, Permission, Timestamp, TokenId};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _, ExprTrait as _, IntoActiveModel as _,
    QueryFilter as _, QuerySelect as _, QueryTrait as _, prelude::Expr, sea_query::OnConflict,
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

/// Has the session's tokens refused until none of them can be valid any more.
pub(super) async fn refuse(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    session: TokenId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = trust_revoked::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        token_id: Set(session.uuid()),
        expires_at: Set((now + MAX_LIFETIME + MARGIN).millis()),
        revision: Set(bump(tx).await?),
    };
    trust_revoked::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Brings the organisation's grants and deployments in the trust tables to what its roles, grants and deployments say.
/// Answers whether that changed anything.
pub(super) async fn publish(tx: &DatabaseTransaction, organisation: OrganisationId) -> Result<bool, StoreError> {
    let scope = Scope::of(organisation);
    let grants = publish_grants(tx, scope).await?;
    let deployments = publish_deployments(tx, scope).await?;
    if grants || deployments {
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
    }
    Ok(grants || deployments)
}

type GrantKey = (Uuid, Uuid, String);

async fn publish_grants(tx: &DatabaseTransaction, scope: Scope) -> Result<bool, StoreError> {
    let wanted = granted(tx, scope).await?;
    let rows = scope.find::<trust_grant::Entity>().all(tx).await?;
    let current: BTreeSet<GrantKey> = rows
        .into_iter()
        .map(|row| (row.subject_id, row.division_id, row.permission))
        .collect();
    for (subject, division, permission) in current.difference(&wanted) {
        trust_grant::Entity::delete_many()
            .filter(trust_grant::Column::OrganisationId.eq(scope.organisation().uuid()))
            .filter(trust_grant::Column::SubjectId.eq(*subject))
            .filter(trust_grant::Column::DivisionId.eq(*division))
            .filter(trust_grant::Column::Permission.eq(permission))
            .exec(tx)
            .await?;
    }
    let added: Vec<_> = wanted
        .difference(&current)
        .map(|(subject, division, permission)| trust_grant::ActiveModel {
            organisation_id: Set(scope.organisation().uuid()),
            subject_id: Set(*subject),
            division_id: Set(*division),
            permission: Set(permission.clone()),
        })
        .collect();
    for rows in added.chunks(ROWS) {
        trust_grant::Entity::insert_many(rows.to_vec())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(wanted != current)
}

/// Each grant's role, spelled out.
async fn granted(tx: &DatabaseTransaction, scope: Scope) -> Result<BTreeSet<GrantKey>, StoreError> {
    let mut permissions = BTreeMap::new();
    for row in scope.find::<role::Entity>().all(tx).await? {
        let texts: Vec<Permission> = serde_json::from_str(&row.permissions).map_err(broken)?;
        permissions.insert(row.role_id, texts);
    }
    let mut granted = BTreeSet::new();
    for row in scope.find::<grant::Entity>().all(tx).await? {
        let of_role = permissions.get(&row.role_id).into_iter().flatten();
        granted.extend(of_role.map(|text| (row.user_id, row.division_id, text.to_string())));
    }
    Ok(granted)
}

async fn publish_deployments(tx: &DatabaseTransaction, scope: Scope) -> Result<bool, StoreError> {
    let as_trusted = |row: deployment::Model| trust_deployment::Model {
        organisation_id: row.organisation_id,
        id: row.deployment_id,
        name: row.name,
        enabled: row.enabled,
        origins: row.origins,
        queues: row.queues,
    };
    let rows = scope.find::<deployment::Entity>().all(tx).await?;
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

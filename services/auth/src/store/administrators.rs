//! An organisation is never left without an administrator: somebody who can log in and may do everything everywhere.

use super::entities::{grant, role, user};
use onqueue_model::{DivisionId, Fault, Reason};
use onqueue_store::{Scope, StoreError, query::containing};
use sea_orm::{ColumnTrait as _, DatabaseTransaction, QueryFilter as _, QuerySelect as _, QueryTrait as _};

/// What the permissions of a role that may do everything have in them.
const EVERYTHING: &str = "\"*:*:*\"";

/// Whether there is one.
pub(super) async fn any(tx: &DatabaseTransaction, scope: Scope) -> Result<bool, StoreError> {
    let roles = scope
        .find::<role::Entity>()
        .filter(role::Column::DeletedAt.is_null())
        .filter(role::Column::Permissions.like(containing(EVERYTHING)))
        .select_only()
        .column(role::Column::RoleId)
        .into_query();
    let holders = scope
        .find::<grant::Entity>()
        .filter(grant::Column::DivisionId.eq(DivisionId::ALL.uuid()))
        .filter(grant::Column::RoleId.in_subquery(roles))
        .select_only()
        .column(grant::Column::UserId)
        .into_query();
    let found = scope
        .find::<user::Entity>()
        .filter(user::Column::UserId.in_subquery(holders))
        .filter(user::Column::State.eq(super::UserState::Active.number()))
        .filter(user::Column::DeletedAt.is_null())
        .filter(user::Column::PasswordHash.is_not_null())
        .limit(1)
        .one(tx)
        .await?;
    Ok(found.is_some())
}

/// Refuses to take the last one away.
pub(super) async fn still_any(tx: &DatabaseTransaction, scope: Scope, had: bool) -> Result<(), StoreError> {
    if !had || any(tx, scope).await? {
        return Ok(());
    }
    let message = "nobody could administer the organisation any more; make somebody else an administrator first";
    Err(Fault::new(Reason::StateConflict, message).into())
}

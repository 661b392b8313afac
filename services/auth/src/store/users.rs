//! Users as logging in needs them.

use super::{Tables, broken, entities};
use crate::lockout::Failures;
use onqueue_access::{Grant, Grants};
use onqueue_model::{DivisionId, OrganisationId, Permission, Timestamp, UserId, permissions};
use onqueue_store::{Scope, StoreError};
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _};

/// A user.
#[derive(Clone)]
pub struct User {
    /// Whose.
    pub organisation: OrganisationId,
    /// Names them.
    pub id: UserId,
    /// As others see them.
    pub name: String,
    /// Their address, as they write it.
    pub email: String,
    /// BCP-47 tag.
    pub language: String,
    /// PHC string; without one nobody logs in by password.
    pub password_hash: Option<String>,
    /// Recent wrong passwords.
    pub failures: Failures,
}

impl Tables {
    /// The user of that address (in lower case) in the organisation of that slug.
    pub async fn find_user(&self, slug: &str, email_folded: &str) -> Result<Option<User>, StoreError> {
        let organisation = entities::organisation::Entity::find()
            .filter(entities::organisation::Column::Slug.eq(slug))
            .one(self.0.reader())
            .await?;
        let Some(organisation) = organisation else {
            return Ok(None);
        };
        let scope = Scope::of(OrganisationId::new(organisation.organisation_id));
        let row = scope
            .find::<entities::user::Entity>()
            .filter(entities::user::Column::EmailFolded.eq(email_folded))
            .one(self.0.reader())
            .await?;
        row.map(User::try_from).transpose()
    }
}

/// The user as they are now; nobody changes them before the transaction ends.
pub(super) async fn lock(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    user: UserId,
) -> Result<Option<User>, StoreError> {
    let row = Scope::of(organisation)
        .find::<entities::user::Entity>()
        .filter(entities::user::Column::UserId.eq(user.uuid()))
        .lock_exclusive()
        .one(tx)
        .await?;
    row.map(User::try_from).transpose()
}

/// Writes the count of wrong passwords.
pub(super) async fn write_failures(tx: &DatabaseTransaction, user: &User) -> Result<(), StoreError> {
    let change = entities::user::ActiveModel {
        organisation_id: sea_orm::Unchanged(user.organisation.uuid()),
        user_id: sea_orm::Unchanged(user.id.uuid()),
        failures: sea_orm::Set(serde_json::to_string(&user.failures.at).map_err(broken)?),
        locked_until: sea_orm::Set(user.failures.locked_until.map(Timestamp::millis)),
        ..Default::default()
    };
    entities::user::Entity::update(change).exec(tx).await?;
    Ok(())
}

/// The permissions of the catalogue that the user holds in at least one division, sorted.
pub(super) async fn permissions_of(tx: &DatabaseTransaction, user: &User) -> Result<Vec<String>, StoreError> {
    let rows = Scope::of(user.organisation)
        .find::<entities::trust_grant::Entity>()
        .filter(entities::trust_grant::Column::SubjectId.eq(user.id.uuid()))
        .all(tx)
        .await?;
    let grants: Grants = rows
        .into_iter()
        .filter_map(|row| {
            Some(Grant {
                organisation: user.organisation,
                subject: user.id,
                division: DivisionId::new(row.division_id),
                permission: Permission::parse(&row.permission)?,
            })
        })
        .collect();
    Ok(grants.expand(user.organisation, user.id, permissions::ALL))
}

impl TryFrom<entities::user::Model> for User {
    type Error = StoreError;

    fn try_from(row: entities::user::Model) -> Result<Self, StoreError> {
        Ok(Self {
            organisation: OrganisationId::new(row.organisation_id),
            id: UserId::new(row.user_id),
            failures: Failures {
                at: serde_json::from_str(&row.failures).map_err(broken)?,
                locked_until: row.locked_until.map(Timestamp),
            },
            name: row.name,
            email: row.email,
            language: row.language,
            password_hash: row.password_hash,
        })
    }
}

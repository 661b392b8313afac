//! Users as logging in needs them.

use super::{Tables, entities};
use onqueue_access::{Grant, Grants};
use onqueue_model::{DivisionId, OrganisationId, Permission, UserId, permissions};
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
        Ok(row.map(User::from))
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
    Ok(row.map(User::from))
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

impl From<entities::user::Model> for User {
    fn from(row: entities::user::Model) -> Self {
        Self {
            organisation: OrganisationId::new(row.organisation_id),
            id: UserId::new(row.user_id),
            name: row.name,
            email: row.email,
            language: row.language,
            password_hash: row.password_hash,
        }
    }
}

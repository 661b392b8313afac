//! Users: what is known of them, and what logging in needs.

use super::{Tables, broken, entities};
use entities::user as row;
use onqueue_access::{Grant, Grants};
use onqueue_model::{DivisionId, OrganisationId, Permission, Timestamp, UserId, permissions};
use onqueue_store::{Scope, StoreError};
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use serde::Serialize;

/// A user. No `Debug`: it holds a password's hash.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Whose.
    pub organisation: OrganisationId,
    /// Names them.
    pub id: UserId,
    /// The etag.
    pub revision: i64,
    /// Where they belong.
    pub division: DivisionId,
    /// As others see them.
    pub name: String,
    /// Their address, as they write it.
    pub email: String,
    /// BCP-47 tag; empty for the organisation's.
    pub language: String,
    /// Whether they may log in.
    pub state: UserState,
    /// PHC string; without one nobody logs in by password.
    #[serde(skip)]
    pub password_hash: Option<String>,
    /// 0 if that is not known.
    pub created_at: Timestamp,
}

/// Whether a user may log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum UserState {
    /// May.
    Active,
    /// May not, and holds nothing meanwhile.
    Disabled,
}

impl UserState {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Active, Self::Disabled];

    /// As the table has it.
    pub const fn number(self) -> i32 {
        match self {
            Self::Active => 1,
            Self::Disabled => 2,
        }
    }
}

impl Tables {
    /// The user of that address (in lower case) in the organisation of that slug, if they may log in.
    pub async fn find_user(&self, slug: &str, email_folded: &str) -> Result<Option<User>, StoreError> {
        let Some(organisation) = self.organisation_called(slug).await? else {
            return Ok(None);
        };
        let found = there(organisation)
            .filter(row::Column::EmailFolded.eq(email_folded))
            .filter(row::Column::State.eq(UserState::Active.number()))
            .one(self.0.reader())
            .await?;
        found.map(User::try_from).transpose()
    }

    /// The user of that address (in lower case), whether they may log in or not.
    pub async fn user_with_address(
        &self,
        organisation: OrganisationId,
        email_folded: &str,
    ) -> Result<Option<User>, StoreError> {
        let found = there(organisation)
            .filter(row::Column::EmailFolded.eq(email_folded))
            .one(self.0.reader())
            .await?;
        found.map(User::try_from).transpose()
    }

    /// The organisation whose users log in with that name.
    pub async fn organisation_called(&self, slug: &str) -> Result<Option<OrganisationId>, StoreError> {
        let found = entities::organisation::Entity::find()
            .filter(entities::organisation::Column::Slug.eq(slug))
            .one(self.0.reader())
            .await?;
        Ok(found.map(|row| OrganisationId::new(row.organisation_id)))
    }

    /// The user; `None` if the organisation has none of that id.
    pub async fn user(&self, organisation: OrganisationId, id: UserId) -> Result<Option<User>, StoreError> {
        let found = there(organisation)
            .filter(row::Column::UserId.eq(id.uuid()))
            .one(self.0.reader())
            .await?;
        found.map(User::try_from).transpose()
    }

    /// By which name the organisation's users log in.
    pub async fn slug(&self, organisation: OrganisationId) -> Result<String, StoreError> {
        let found = entities::organisation::Entity::find_by_id(organisation.uuid())
            .one(self.0.reader())
            .await?;
        found
            .map(|row| row.slug)
            .ok_or_else(|| broken("an organisation is gone"))
    }
}

/// The organisation's users that have not been removed.
pub(super) fn there(organisation: OrganisationId) -> sea_orm::Select<row::Entity> {
    Scope::of(organisation)
        .find::<row::Entity>()
        .filter(row::Column::DeletedAt.is_null())
}

/// The user as they are now, if they may log in; nobody changes them before the transaction ends.
pub(super) async fn lock(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    user: UserId,
) -> Result<Option<User>, StoreError> {
    let found = there(organisation)
        .filter(row::Column::UserId.eq(user.uuid()))
        .lock_exclusive()
        .one(tx)
        .await?;
    let user = found.map(User::try_from).transpose()?;
    Ok(user.filter(|user| user.state == UserState::Active))
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

impl TryFrom<row::Model> for User {
    type Error = StoreError;

    fn try_from(row: row::Model) -> Result<Self, StoreError> {
        let state = UserState::ALL.into_iter().find(|state| state.number() == row.state);
        Ok(Self {
            organisation: OrganisationId::new(row.organisation_id),
            id: UserId::new(row.user_id),
            revision: row.revision,
            division: DivisionId::new(row.division_id),
            name: row.name,
            email: row.email,
            language: row.language,
            state: state.ok_or_else(|| broken("no such state of a user"))?,
            password_hash: row.password_hash,
            created_at: Timestamp(row.created_at),
        })
    }
}

//! Roles.

use super::{
    Key, Object, Stored, Tables, broken,
    divisions::in_use,
    entities::{grant, role as row},
    trust,
};
use onqueue_model::{Fault, OrganisationId, Permission, RoleId, Timestamp};
use onqueue_server::resource::Once;
use onqueue_store::{
    Scope, StoreError,
    audit::Actor,
    query::{fold, starting_after},
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Unchanged,
};
use serde::Serialize;
use std::collections::BTreeSet;
use uuid::Uuid;

/// A set of permissions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Role {
    /// Names it.
    pub id: RoleId,
    /// Its etag.
    pub revision: i64,
    /// Unique without regard to case.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// Parts may be `*`.
    pub permissions: BTreeSet<Permission>,
    /// 0 if that is not known.
    pub created_at: Timestamp,
}

impl Tables {
    /// The role; `None` if the organisation has none of that id.
    pub async fn role(&self, organisation: OrganisationId, id: RoleId) -> Result<Option<Role>, StoreError> {
        let found = there(organisation)
            .filter(row::Column::RoleId.eq(id.uuid()))
            .one(self.0.reader())
            .await?;
        found.map(Role::try_from).transpose()
    }

    /// The first `size` roles after that folded name whose name begins with `text`, by folded name.
    pub async fn roles(
        &self,
        organisation: OrganisationId,
        text: &str,
        after: Option<String>,
        size: u64,
    ) -> Result<Vec<Role>, StoreError> {
        let rows = page(organisation, text, after.as_deref(), size)
            .all(self.0.reader())
            .await?;
        rows.into_iter().map(Role::try_from).collect()
    }
}

pub(super) fn page(
    organisation: OrganisationId,
    text: &str,
    after: Option<&str>,
    size: u64,
) -> sea_orm::Select<row::Entity> {
    there(organisation)
        .filter(starting_after(row::Column::NameFolded, &fold(text), after))
        .order_by_asc(row::Column::NameFolded)
        .limit(size)
}

pub(super) fn there(organisation: OrganisationId) -> sea_orm::Select<row::Entity> {
    Scope::of(organisation)
        .find::<row::Entity>()
        .filter(row::Column::DeletedAt.is_null())
}

#[async_trait::async_trait]
impl Object for Role {
    const KIND: &'static str = "role";

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn revised(self) -> Self {
        Self {
            revision: self.revision + 1,
            ..self
        }
    }

    fn text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(broken)
    }

    async fn find(tx: &DatabaseTransaction, scope: Scope, key: Key) -> Result<Option<Stored<Self>>, StoreError> {
        let of = match key {
            Key::Id(id) => row::Column::RoleId.eq(id),
            Key::Request(id) => row::Column::RequestId.eq(id),
        };
        let Some(row) = scope.find::<row::Entity>().filter(of).one(tx).await? else {
            return Ok(None);
        };
        Ok(Some(Stored {
            request_hash: row.request_hash.clone(),
            is_deleted: row.deleted_at.is_some(),
            object: row.try_into()?,
        }))
    }

    async fn check(&self, tx: &DatabaseTransaction, scope: Scope) -> Result<(), StoreError> {
        let taken = there(scope.organisation())
            .filter(row::Column::NameFolded.eq(fold(&self.name)))
            .filter(row::Column::RoleId.ne(self.id.uuid()))
            .one(tx)
            .await?;
        match taken {
            Some(_) => Err(Fault::name_taken("role.name").into()),
            None => Ok(()),
        }
    }

    async fn check_free(&self, tx: &DatabaseTransaction, scope: Scope) -> Result<(), StoreError> {
        let held = scope
            .find::<grant::Entity>()
            .filter(grant::Column::RoleId.eq(self.id.uuid()));
        match held.limit(1).one(tx).await? {
            Some(_) => Err(in_use("somebody holds this role; take it back first")),
            None => Ok(()),
        }
    }

    async fn insert(&self, tx: &DatabaseTransaction, scope: Scope, once: Once) -> Result<(), StoreError> {
        let row = row::ActiveModel {
            created_at: Set(self.created_at.millis()),
            deleted_at: Set(None),
            request_id: Set(Some(once.request)),
            request_hash: Set(Some(once.hash.to_vec())),
            ..self.content(scope)?
        };
        row::Entity::insert(row).exec_without_returning(tx).await?;
        Ok(())
    }

    async fn replace(
        &self,
        tx: &DatabaseTransaction,
        scope: Scope,
        before: &Self,
        _: &Actor,
    ) -> Result<(), StoreError> {
        row::Entity::update(self.content(scope)?).exec(tx).await?;
        if self.permissions != before.permissions {
            trust::publish_holders(tx, scope, self.id).await?;
        }
        Ok(())
    }

    async fn remove(&self, tx: &DatabaseTransaction, scope: Scope, by: &Actor) -> Result<(), StoreError> {
        let gone = row::ActiveModel {
            deleted_at: Set(Some(by.at.millis())),
            ..self.content(scope)?
        };
        row::Entity::update(gone).exec(tx).await?;
        Ok(())
    }
}

impl Role {
    fn content(&self, scope: Scope) -> Result<row::ActiveModel, StoreError> {
        Ok(row::ActiveModel {
            organisation_id: Unchanged(scope.organisation().uuid()),
            role_id: Unchanged(self.id.uuid()),
            name: Set(self.name.clone()),
            name_folded: Set(fold(&self.name)),
            description: Set(self.description.clone()),
            permissions: Set(serde_json::to_string(&self.permissions).map_err(broken)?),
            revision: Set(self.revision),
            created_at: NotSet,
            deleted_at: NotSet,
            request_id: NotSet,
            request_hash: NotSet,
        })
    }
}

impl TryFrom<row::Model> for Role {
    type Error = StoreError;

    fn try_from(row: row::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: RoleId::new(row.role_id),
            revision: row.revision,
            name: row.name,
            description: row.description,
            permissions: serde_json::from_str(&row.permissions).map_err(broken)?,
            created_at: Timestamp(row.created_at),
        })
    }
}

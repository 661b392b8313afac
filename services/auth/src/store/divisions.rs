//! Divisions.

use super::{
    Key, Object, Stored, Tables, broken,
    entities::{api_client, deployment, division as row, grant, user},
};
use onqueue_model::{DivisionId, Fault, OrganisationId, Reason, Timestamp};
use onqueue_server::resource::Once;
use onqueue_store::{
    Scope, StoreError,
    audit::Actor,
    query::{fold, starting_after},
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Unchanged,
};
use serde::Serialize;
use std::collections::BTreeSet;
use uuid::Uuid;

/// A part of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Division {
    /// Names it.
    pub id: DivisionId,
    /// Its etag.
    pub revision: i64,
    /// Unique without regard to case.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// 0 if that is not known.
    pub created_at: Timestamp,
}

impl Tables {
    /// The division; `None` if the organisation has none of that id.
    pub async fn division(&self, organisation: OrganisationId, id: DivisionId) -> Result<Option<Division>, StoreError> {
        let found = there(organisation)
            .filter(row::Column::DivisionId.eq(id.uuid()))
            .one(self.0.reader())
            .await?;
        Ok(found.map(Division::from))
    }

    /// The first `size` divisions after that folded name whose name begins with `text`, by folded name.
    pub async fn divisions(
        &self,
        organisation: OrganisationId,
        text: &str,
        after: Option<String>,
        size: u64,
    ) -> Result<Vec<Division>, StoreError> {
        let rows = page(organisation, text, after.as_deref(), size)
            .all(self.0.reader())
            .await?;
        Ok(rows.into_iter().map(Division::from).collect())
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

fn there(organisation: OrganisationId) -> sea_orm::Select<row::Entity> {
    Scope::of(organisation)
        .find::<row::Entity>()
        .filter(row::Column::DeletedAt.is_null())
}

/// Refuses unless the organisation has all of these divisions.
pub(super) async fn check_there<C: ConnectionTrait>(
    connection: &C,
    scope: Scope,
    divisions: &BTreeSet<DivisionId>,
    field: &'static str,
) -> Result<(), StoreError> {
    let ids = divisions.iter().map(|id| id.uuid());
    let rows = there(scope.organisation())
        .filter(row::Column::DivisionId.is_in(ids))
        .all(connection)
        .await?;
    if rows.len() == divisions.len() {
        return Ok(());
    }
    Err(Fault::field(field, "the organisation has no such division").into())
}

#[async_trait::async_trait]
impl Object for Division {
    const KIND: &'static str = "division";

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
            Key::Id(id) => row::Column::DivisionId.eq(id),
            Key::Request(id) => row::Column::RequestId.eq(id),
        };
        let found = scope.find::<row::Entity>().filter(of).one(tx).await?;
        Ok(found.map(|row| Stored {
            request_hash: row.request_hash.clone(),
            is_deleted: row.deleted_at.is_some(),
            object: row.into(),
        }))
    }

    async fn check(&self, tx: &DatabaseTransaction, scope: Scope) -> Result<(), StoreError> {
        let taken = there(scope.organisation())
            .filter(row::Column::NameFolded.eq(fold(&self.name)))
            .filter(row::Column::DivisionId.ne(self.id.uuid()))
            .one(tx)
            .await?;
        match taken {
            Some(_) => Err(Fault::name_taken("division.name").into()),
            None => Ok(()),
        }
    }

    async fn check_free(&self, tx: &DatabaseTransaction, scope: Scope) -> Result<(), StoreError> {
        let users = scope
            .find::<user::Entity>()
            .filter(user::Column::DivisionId.eq(self.id.uuid()))
            .filter(user::Column::DeletedAt.is_null());
        if users.limit(1).one(tx).await?.is_some() {
            return Err(in_use("users belong to this division; move them to another first"));
        }
        let grants = scope
            .find::<grant::Entity>()
            .filter(grant::Column::DivisionId.eq(self.id.uuid()));
        if grants.limit(1).one(tx).await?.is_some() {
            return Err(in_use("roles are held in this division; take them back first"));
        }
        let clients = scope
            .find::<api_client::Entity>()
            .filter(api_client::Column::DivisionId.eq(self.id.uuid()))
            .filter(api_client::Column::DeletedAt.is_null());
        if clients.limit(1).one(tx).await?.is_some() {
            return Err(in_use(
                "API clients belong to this division; move them to another first",
            ));
        }
        let deployments = scope
            .find::<deployment::Entity>()
            .filter(deployment::Column::DivisionId.eq(self.id.uuid()))
            .filter(deployment::Column::DeletedAt.is_null());
        if deployments.limit(1).one(tx).await?.is_some() {
            return Err(in_use(
                "deployments belong to this division; move them to another first",
            ));
        }
        Ok(())
    }

    async fn insert(&self, tx: &DatabaseTransaction, scope: Scope, once: Once) -> Result<(), StoreError> {
        let row = row::ActiveModel {
            created_at: Set(self.created_at.millis()),
            deleted_at: Set(None),
            request_id: Set(Some(once.request)),
            request_hash: Set(Some(once.hash.to_vec())),
            ..self.content(scope)
        };
        row::Entity::insert(row).exec_without_returning(tx).await?;
        Ok(())
    }

    async fn replace(&self, tx: &DatabaseTransaction, scope: Scope, _: &Self, _: &Actor) -> Result<(), StoreError> {
        row::Entity::update(self.content(scope)).exec(tx).await?;
        Ok(())
    }

    async fn remove(&self, tx: &DatabaseTransaction, scope: Scope, by: &Actor) -> Result<(), StoreError> {
        let gone = row::ActiveModel {
            deleted_at: Set(Some(by.at.millis())),
            ..self.content(scope)
        };
        row::Entity::update(gone).exec(tx).await?;
        Ok(())
    }
}

/// The state of things forbids it.
pub(super) fn in_use(message: &str) -> StoreError {
    Fault::new(Reason::StateConflict, message).into()
}

impl Division {
    fn content(&self, scope: Scope) -> row::ActiveModel {
        row::ActiveModel {
            organisation_id: Unchanged(scope.organisation().uuid()),
            division_id: Unchanged(self.id.uuid()),
            name: Set(self.name.clone()),
            name_folded: Set(fold(&self.name)),
            description: Set(self.description.clone()),
            revision: Set(self.revision),
            created_at: NotSet,
            deleted_at: NotSet,
            request_id: NotSet,
            request_hash: NotSet,
        }
    }
}

impl From<row::Model> for Division {
    fn from(row: row::Model) -> Self {
        Self {
            id: DivisionId::new(row.division_id),
            revision: row.revision,
            name: row.name,
            description: row.description,
            created_at: Timestamp(row.created_at),
        }
    }
}

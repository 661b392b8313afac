//! API clients. Their grants lie beside those of users.

use super::{
    Key, Object, Stored, Tables, broken,
    deployments::Listed,
    divisions::check_there,
    entities::{api_client as row, grant, trust_grant},
    failures, listing, trust,
};
use crate::{
    lockout::{Address, Policy},
    refusals,
};
use onqueue_model::{ApiClientId, DivisionId, Fault, OrganisationId, Permission, Timestamp, TokenId};
use onqueue_server::resource::Once;
use onqueue_store::{
    Scope, StoreError,
    audit::Actor,
    query::{fold, starting_after},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::NotSet, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use serde::Serialize;
use uuid::Uuid;

/// Another system that calls.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ApiClient {
    /// Whose.
    #[serde(skip)]
    pub organisation: OrganisationId,
    /// Names it.
    pub id: ApiClientId,
    /// Its etag.
    pub revision: i64,
    /// Where it belongs.
    pub division: DivisionId,
    /// Unique without regard to case.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// Whether it gets tokens.
    pub enabled: bool,
    /// SHA-256 of its secret.
    pub secret_hash: [u8; 32],
    /// The family of its tokens; another one once they were refused.
    pub token: TokenId,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Tables {
    /// The API client, unless the organisation has none of that id.
    pub async fn api_client(
        &self,
        organisation: OrganisationId,
        id: ApiClientId,
    ) -> Result<Option<ApiClient>, StoreError> {
        let found = there(organisation)
            .filter(row::Column::ClientId.eq(id.uuid()))
            .one(self.0.reader())
            .await?;
        found.map(ApiClient::try_from).transpose()
    }

    /// The API client of any organisation, as it shows itself.
    pub async fn find_client(&self, id: ApiClientId) -> Result<Option<ApiClient>, StoreError> {
        let found = row::Entity::find()
            .filter(row::Column::ClientId.eq(id.uuid()))
            .filter(row::Column::DeletedAt.is_null())
            .one(self.0.reader())
            .await?;
        found.map(ApiClient::try_from).transpose()
    }

    /// Those that were asked for, by folded name.
    pub async fn api_clients(
        &self,
        organisation: OrganisationId,
        listed: &Listed,
    ) -> Result<Vec<ApiClient>, StoreError> {
        let rows = listing::read(self.0.reader(), pages(organisation, listed)).await?;
        let rows = listing::first(rows, listed.size, |row| row.name_folded.clone());
        rows.into_iter().map(ApiClient::try_from).collect()
    }

    /// What the client may do, and where.
    pub async fn held_by(
        &self,
        organisation: OrganisationId,
        client: ApiClientId,
    ) -> Result<Vec<(Permission, DivisionId)>, StoreError> {
        let rows = Scope::of(organisation)
            .find::<trust_grant::Entity>()
            .filter(trust_grant::Column::SubjectId.eq(client.uuid()))
            .all(self.0.reader())
            .await?;
        let read = |row: trust_grant::Model| {
            let permission = Permission::parse(&row.permission)
                .ok_or_else(|| broken(format_args!("not a permission: {}", row.permission)))?;
            Ok((permission, DivisionId::new(row.division_id)))
        };
        rows.into_iter().map(read).collect()
    }

    /// Counts a wrong secret; answers what is to be said.
    pub async fn count_wrong_secret(
        &self,
        address: Address,
        now: Timestamp,
        policy: Policy,
    ) -> Result<Fault, StoreError> {
        self.0
            .transaction(move |tx| {
                Box::pin(async move {
                    let failures = failures::lock(tx, address).await?;
                    if let Err(locked) = failures.check(now) {
                        return Ok(locked);
                    }
                    failures::record(tx, address, failures, now, &policy).await?;
                    Ok(refusals::client_credentials())
                })
            })
            .await
    }

    /// Forgets the wrong secrets before a right one.
    pub async fn forget_wrong_secrets(&self, address: Address) -> Result<(), StoreError> {
        self.0
            .transaction(move |tx| Box::pin(async move { failures::clear(tx, address).await }))
            .await
    }
}

/// Each division for itself, as far as a page goes, because an index has its rows in order.
pub(super) fn pages(organisation: OrganisationId, listed: &Listed) -> Vec<Select<row::Entity>> {
    let range = starting_after(row::Column::NameFolded, &fold(&listed.text), listed.after.as_deref());
    let page = |division| {
        there(organisation)
            .filter(division)
            .filter(range.clone())
            .order_by_asc(row::Column::NameFolded)
            .limit(listed.size)
    };
    let divisions = listing::each(row::Column::DivisionId, &listed.within());
    divisions.into_iter().map(page).collect()
}

fn there(organisation: OrganisationId) -> Select<row::Entity> {
    Scope::of(organisation)
        .find::<row::Entity>()
        .filter(row::Column::DeletedAt.is_null())
}

#[async_trait::async_trait]
impl Object for ApiClient {
    const KIND: &'static str = "api_client";

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
            Key::Id(id) => row::Column::ClientId.eq(id),
            Key::Request(id) => row::Column::RequestId.eq(id),
        };
        let Some(row) = scope.find::<row::Entity>().filter(of).one(tx).await? else {
            return Ok(None);
        };
        Ok(Some(Stored {
            request_hash: Some(row.request_hash.clone()),
            is_deleted: row.deleted_at.is_some(),
            object: row.try_into()?,
        }))
    }

    async fn check(&self, tx: &DatabaseTransaction, scope: Scope) -> Result<(), StoreError> {
        let taken = there(scope.organisation())
            .filter(row::Column::NameFolded.eq(fold(&self.name)))
            .filter(row::Column::ClientId.ne(self.id.uuid()))
            .one(tx)
            .await?;
        if taken.is_some() {
            return Err(Fault::name_taken("api_client.name").into());
        }
        check_there(tx, scope, &[self.division].into(), "api_client.division_id").await
    }

    async fn check_free(&self, _: &DatabaseTransaction, _: Scope) -> Result<(), StoreError> {
        Ok(())
    }

    async fn insert(&self, tx: &DatabaseTransaction, _: Scope, once: Once) -> Result<(), StoreError> {
        let row = row::Model {
            request_id: once.request,
            request_hash: once.hash.to_vec(),
            ..self.row()
        };
        row::Entity::insert(row.into_active_model())
            .exec_without_returning(tx)
            .await?;
        Ok(())
    }

    async fn replace(&self, tx: &DatabaseTransaction, _: Scope, before: &Self, by: &Actor) -> Result<(), StoreError> {
        self.write(tx, None).await?;
        if before.token == self.token {
            return Ok(());
        }
        trust::refuse(tx, self.organisation, before.token, by.at).await
    }

    async fn remove(&self, tx: &DatabaseTransaction, scope: Scope, by: &Actor) -> Result<(), StoreError> {
        self.write(tx, Some(by.at)).await?;
        let organisation = scope.organisation();
        grant::Entity::delete_many()
            .filter(grant::Column::OrganisationId.eq(organisation.uuid()))
            .filter(grant::Column::UserId.eq(self.id.uuid()))
            .exec(tx)
            .await?;
        trust_grant::Entity::delete_many()
            .filter(trust_grant::Column::OrganisationId.eq(organisation.uuid()))
            .filter(trust_grant::Column::SubjectId.eq(self.id.uuid()))
            .exec(tx)
            .await?;
        trust::stamp(tx, organisation).await?;
        trust::refuse(tx, organisation, self.token, by.at).await
    }
}

impl ApiClient {
    /// Writes the row, but not which request made it.
    async fn write(&self, tx: &DatabaseTransaction, deleted_at: Option<Timestamp>) -> Result<(), StoreError> {
        let row = row::Model {
            deleted_at: deleted_at.map(Timestamp::millis),
            ..self.row()
        };
        let mut change = row.into_active_model().reset_all();
        change.request_id = NotSet;
        change.request_hash = NotSet;
        row::Entity::update(change).exec(tx).await?;
        Ok(())
    }

    fn row(&self) -> row::Model {
        row::Model {
            organisation_id: self.organisation.uuid(),
            client_id: self.id.uuid(),
            division_id: self.division.uuid(),
            name: self.name.clone(),
            name_folded: fold(&self.name),
            description: self.description.clone(),
            enabled: self.enabled,
            secret_hash: self.secret_hash.to_vec(),
            token_id: self.token.uuid(),
            revision: self.revision,
            created_at: self.created_at.millis(),
            deleted_at: None,
            request_id: Uuid::nil(),
            request_hash: Vec::new(),
        }
    }
}

impl TryFrom<row::Model> for ApiClient {
    type Error = StoreError;

    fn try_from(row: row::Model) -> Result<Self, StoreError> {
        Ok(Self {
            organisation: OrganisationId::new(row.organisation_id),
            id: ApiClientId::new(row.client_id),
            revision: row.revision,
            division: DivisionId::new(row.division_id),
            name: row.name,
            description: row.description,
            enabled: row.enabled,
            secret_hash: row
                .secret_hash
                .try_into()
                .map_err(|_| broken("a secret's hash is not 32 bytes"))?,
            token: TokenId::new(row.token_id),
            created_at: Timestamp(row.created_at),
        })
    }
}

//! Deployments. Whatever changes one changes the trust tables in the same transaction.

use super::{
    Key, Object, Stored, Tables, broken, divisions::check_there, entities::deployment as row, listing,
    trust::publish_deployment,
};
use onqueue_model::{DeploymentId, DivisionId, Divisions, Fault, OrganisationId, Reason, Timestamp};
use onqueue_server::resource::Once;
use onqueue_store::{
    Scope, StoreError,
    audit::Actor,
    query::{fold, starting_after},
};
use onqueue_trust::{DeploymentQueue, IdentityKey};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::NotSet, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A chat page and the web sites that may show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deployment {
    /// Names it.
    pub id: DeploymentId,
    /// Its etag.
    pub revision: i64,
    /// Where it belongs.
    pub division: DivisionId,
    /// Unique without regard to case.
    pub name: String,
    /// Whether customers can open it.
    pub enabled: bool,
    /// Web sites that may show it, as browsers write them.
    pub origins: Vec<String>,
    /// What customers choose from.
    pub queues: Vec<DeploymentQueue>,
    /// What it says before a chat begins, by language.
    pub greetings: BTreeMap<String, String>,
    /// With which its web site proves who its customers are: the current one last.
    pub identity_keys: Vec<IdentityKey>,
    /// 0 if that is not known.
    pub created_at: Timestamp,
}

/// Which are listed.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Of these divisions.
    pub divisions: Divisions,
    /// Only of this one.
    pub division: Option<DivisionId>,
    /// Whose name begins with it.
    pub text: String,
    /// After this folded name.
    pub after: Option<String>,
    /// So many.
    pub size: u64,
}

impl Listed {
    /// Where the caller asks.
    pub(super) fn within(&self) -> Divisions {
        match self.division {
            None => self.divisions.clone(),
            Some(division) if self.divisions.contains(&division) => Divisions::Only([division].into()),
            Some(_) => Divisions::NONE,
        }
    }
}

/// There is none for this caller.
pub fn no_deployment() -> Fault {
    Fault::new(Reason::DeploymentNotFound, "there is no deployment of this id")
}

impl Tables {
    /// The deployment, unless the organisation has none of that id.
    pub async fn deployment(
        &self,
        organisation: OrganisationId,
        id: DeploymentId,
    ) -> Result<Option<Deployment>, StoreError> {
        let found = there(organisation)
            .filter(row::Column::DeploymentId.eq(id.uuid()))
            .one(self.0.reader())
            .await?;
        found.map(Deployment::try_from).transpose()
    }

    /// Those that were asked for, by folded name.
    pub async fn deployments(
        &self,
        organisation: OrganisationId,
        listed: &Listed,
    ) -> Result<Vec<Deployment>, StoreError> {
        let rows = listing::read(self.0.reader(), pages(organisation, listed)).await?;
        let rows = listing::first(rows, listed.size, |row| row.name_folded.clone());
        rows.into_iter().map(Deployment::try_from).collect()
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
impl Object for Deployment {
    const KIND: &'static str = "deployment";

    fn missing() -> Fault {
        no_deployment()
    }

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
        json(self)
    }

    async fn find(tx: &DatabaseTransaction, scope: Scope, key: Key) -> Result<Option<Stored<Self>>, StoreError> {
        let of = match key {
            Key::Id(id) => row::Column::DeploymentId.eq(id),
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
            .filter(row::Column::DeploymentId.ne(self.id.uuid()))
            .one(tx)
            .await?;
        if taken.is_some() {
            return Err(Fault::name_taken("deployment.name").into());
        }
        check_there(tx, scope, &[self.division].into(), "deployment.division_id").await
    }

    async fn check_free(&self, _: &DatabaseTransaction, _: Scope) -> Result<(), StoreError> {
        Ok(())
    }

    async fn insert(&self, tx: &DatabaseTransaction, scope: Scope, once: Once) -> Result<(), StoreError> {
        let row = row::Model {
            request_id: Some(once.request),
            request_hash: Some(once.hash.to_vec()),
            ..self.row(scope)?
        };
        let written = row.clone().into_active_model();
        row::Entity::insert(written).exec_without_returning(tx).await?;
        publish_deployment(tx, &row).await
    }

    async fn replace(&self, tx: &DatabaseTransaction, scope: Scope, _: &Self, _: &Actor) -> Result<(), StoreError> {
        self.write(tx, self.row(scope)?).await
    }

    async fn remove(&self, tx: &DatabaseTransaction, scope: Scope, by: &Actor) -> Result<(), StoreError> {
        let row = row::Model {
            deleted_at: Some(by.at.millis()),
            ..self.row(scope)?
        };
        self.write(tx, row).await
    }
}

impl Deployment {
    /// Writes the row, but not which request made it, and publishes it.
    async fn write(&self, tx: &DatabaseTransaction, row: row::Model) -> Result<(), StoreError> {
        let mut change = row.clone().into_active_model().reset_all();
        change.request_id = NotSet;
        change.request_hash = NotSet;
        row::Entity::update(change).exec(tx).await?;
        publish_deployment(tx, &row).await
    }

    fn row(&self, scope: Scope) -> Result<row::Model, StoreError> {
        Ok(row::Model {
            organisation_id: scope.organisation().uuid(),
            deployment_id: self.id.uuid(),
            division_id: self.division.uuid(),
            name: self.name.clone(),
            name_folded: fold(&self.name),
            enabled: self.enabled,
            origins: json(&self.origins)?,
            queues: json(&self.queues)?,
            greetings: json(&self.greetings)?,
            identity_keys: json(&self.identity_keys)?,
            revision: self.revision,
            created_at: self.created_at.millis(),
            deleted_at: None,
            request_id: None,
            request_hash: None,
        })
    }
}

impl TryFrom<row::Model> for Deployment {
    type Error = StoreError;

    fn try_from(row: row::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: DeploymentId::new(row.deployment_id),
            revision: row.revision,
            division: DivisionId::new(row.division_id),
            name: row.name,
            enabled: row.enabled,
            origins: read(&row.origins)?,
            queues: read(&row.queues)?,
            greetings: read(&row.greetings)?,
            identity_keys: read(&row.identity_keys)?,
            created_at: Timestamp(row.created_at),
        })
    }
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(broken)
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(broken)
}

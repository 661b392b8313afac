//! The organisation itself.

use super::{Tables, broken, entities::organisation as row, lock_organisation, objects::check_etag};
use onqueue_model::{Fault, OrganisationId, Timestamp};
use onqueue_store::{
    Scope, StoreError,
    audit::{self, Actor, Done},
};
use sea_orm::{ActiveValue::Set, DatabaseTransaction, EntityTrait as _, Unchanged};
use serde::Serialize;
use std::sync::Arc;

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Organisation {
    /// Names it.
    pub id: OrganisationId,
    /// Its etag.
    pub revision: i64,
    /// What users log in with.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// BCP-47 tag that new users begin with.
    pub language: String,
    /// IANA name.
    pub time_zone: String,
    /// 0 if that is not known.
    pub created_at: Timestamp,
}

/// What of an organisation is to be otherwise.
#[derive(Clone, Debug)]
pub struct OrganisationChange {
    /// The etag that was read last.
    pub etag: String,
    /// Its name.
    pub name: Option<String>,
    /// BCP-47 tag.
    pub language: Option<String>,
    /// IANA name.
    pub time_zone: Option<String>,
}

impl Tables {
    /// The organisation; NOT_FOUND if there is none.
    pub async fn organisation(&self, id: OrganisationId) -> Result<Organisation, StoreError> {
        let found = Scope::of(id).find::<row::Entity>().one(self.0.reader()).await?;
        found.map(Organisation::from).ok_or_else(none)
    }

    /// Changes it. ETAG_MISMATCH unless nothing would change.
    pub async fn update_organisation(
        &self,
        id: OrganisationId,
        change: OrganisationChange,
        by: Actor,
    ) -> Result<Organisation, StoreError> {
        let (change, by) = (Arc::new(change), Arc::new(by));
        self.0
            .transaction(move |tx| {
                let (change, by) = (Arc::clone(&change), Arc::clone(&by));
                Box::pin(async move { update(tx, id, &change, &by).await })
            })
            .await
    }
}

fn none() -> StoreError {
    Fault::not_found("organisation").into()
}

async fn update(
    tx: &DatabaseTransaction,
    id: OrganisationId,
    change: &OrganisationChange,
    by: &Actor,
) -> Result<Organisation, StoreError> {
    lock_organisation(tx, id).await?;
    let found = Scope::of(id).find::<row::Entity>().one(tx).await?;
    let before = found.map(Organisation::from).ok_or_else(none)?;
    let mut after = before.clone().with(change);
    if after == before {
        return Ok(before);
    }
    check_etag(before.revision, &change.etag, "organisation")?;
    after.revision += 1;
    let row = row::ActiveModel {
        organisation_id: Unchanged(id.uuid()),
        name: Set(after.name.clone()),
        language: Set(after.language.clone()),
        time_zone: Set(after.time_zone.clone()),
        revision: Set(after.revision),
        ..Default::default()
    };
    row::Entity::update(row).exec(tx).await?;
    let text = |organisation: &Organisation| serde_json::to_string(organisation).map_err(broken);
    let done = Done {
        action: "organisation.update",
        object: format!("organisation:{id}"),
        before: Some(text(&before)?),
        after: Some(text(&after)?),
    };
    audit::record(tx, "auth", id, by, done).await?;
    Ok(after)
}

impl Organisation {
    fn with(self, change: &OrganisationChange) -> Self {
        let or = |new: &Option<String>, present: String| new.clone().unwrap_or(present);
        Self {
            name: or(&change.name, self.name),
            language: or(&change.language, self.language),
            time_zone: or(&change.time_zone, self.time_zone),
            ..self
        }
    }
}

impl From<row::Model> for Organisation {
    fn from(row: row::Model) -> Self {
        Self {
            id: OrganisationId::new(row.organisation_id),
            revision: row.revision,
            slug: row.slug,
            name: row.name,
            language: row.language,
            time_zone: row.time_zone,
            created_at: Timestamp(row.created_at),
        }
    }
}

//! What organisations keep of their contacts beside what every one has.

use super::contact_entities::contact_field::{ActiveModel, Column, Entity, Model};
use super::contact_rows::{json, read};
use super::{broken, trail};
use crate::contact::{Definition, Field, Kind};
use onqueue_model::{ContactFieldId, Fault, OrganisationId, Reason, Timestamp};
use onqueue_server::resource::Once;
use onqueue_store::{
    Scope, Store, StoreError,
    audit::{Actor, Entry},
};
use sea_orm::{
    ActiveValue::{Set, Unchanged},
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// How many an organisation has at most.
pub(crate) const MOST: u64 = 100;

/// A field that is to be.
#[derive(Clone, Debug)]
pub(crate) struct New {
    pub id: ContactFieldId,
    pub definition: Definition,
    pub once: Once,
}

/// What a change makes of a definition.
pub(crate) type Changed = Box<dyn Fn(&Definition) -> Result<Definition, Fault> + Send + Sync>;

/// What becomes of a field that was read with this etag.
pub(crate) struct Edit {
    pub etag: String,
    pub change: Changed,
}

pub(crate) fn not_found() -> Fault {
    Fault::not_found("contact_field")
}

/// Those that there are, by key.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
) -> Result<Vec<Field>, StoreError> {
    let rows = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::DeletedAt.is_null())
        .order_by_asc(Column::Key)
        .all(connection)
        .await?;
    rows.into_iter().map(as_field).collect()
}

/// Makes it. The same request again answers the first one; with another body REQUEST_ID_REUSED. NAME_TAKEN, TENANT_QUOTA.
pub(crate) async fn create(
    store: &Store,
    organisation: OrganisationId,
    new: New,
    by: Actor,
) -> Result<Field, StoreError> {
    let new = Arc::new((new, by));
    store
        .transaction(move |tx| {
            let new = Arc::clone(&new);
            Box::pin(async move { create_in(tx, organisation, &new.0, &new.1).await })
        })
        .await
}

async fn create_in(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    new: &New,
    by: &Actor,
) -> Result<Field, StoreError> {
    // One after the other: there are few.
    trail::lock(tx, organisation).await?;
    let all = || Scope::of(organisation).find::<Entity>();
    if let Some(row) = all().filter(Column::RequestId.eq(new.once.request)).one(tx).await? {
        return match row.request_hash == new.once.hash {
            true => as_field(row),
            false => Err(Fault::request_id_reused().into()),
        };
    }
    if all()
        .filter(Column::Key.eq(new.definition.key.as_str()))
        .one(tx)
        .await?
        .is_some()
    {
        return Err(Fault::name_taken("contact_field.key").into());
    }
    if all().filter(Column::DeletedAt.is_null()).count(tx).await? >= MOST {
        let sentence = "there are as many fields as there may be; remove one that nobody needs";
        return Err(Fault::new(Reason::TenantQuota, sentence).with("limit", MOST).into());
    }
    let row = Model {
        organisation_id: organisation.uuid(),
        id: new.id.uuid(),
        revision: 1,
        key: new.definition.key.clone(),
        name: new.definition.name.clone(),
        kind: new.definition.kind.code(),
        choices: json(&new.definition.choices)?,
        created_at: by.at.millis(),
        deleted_at: None,
        request_id: new.once.request,
        request_hash: new.once.hash.to_vec(),
    };
    let model = sea_orm::IntoActiveModel::into_active_model(row.clone());
    Entity::insert(sea_orm::ActiveModelTrait::reset_all(model))
        .exec_without_returning(tx)
        .await?;
    let made = as_field(row)?;
    record(tx, organisation, by, "create", (None, Some(&made))).await?;
    Ok(made)
}

/// Changes it. What is so already stays as it is, whatever the etag.
pub(crate) async fn update(
    store: &Store,
    organisation: OrganisationId,
    id: ContactFieldId,
    edit: Edit,
    by: Actor,
) -> Result<Field, StoreError> {
    let edit = Arc::new((edit, by));
    store
        .transaction(move |tx| {
            let edit = Arc::clone(&edit);
            Box::pin(async move {
                let (edit, by) = &*edit;
                let before = locked(tx, organisation, id).await?;
                let before = Some(before).filter(|field| !field.is_deleted).ok_or_else(not_found)?;
                let definition = (edit.change)(&before.definition)?;
                if definition == before.definition {
                    return Ok(before);
                }
                check_etag(&edit.etag, before.revision)?;
                let after = Field {
                    revision: before.revision + 1,
                    definition,
                    ..before.clone()
                };
                let row = ActiveModel {
                    organisation_id: Unchanged(organisation.uuid()),
                    id: Unchanged(id.uuid()),
                    revision: Set(after.revision),
                    name: Set(after.definition.name.clone()),
                    choices: Set(json(&after.definition.choices)?),
                    ..Default::default()
                };
                Entity::update(row).exec_without_returning(tx).await?;
                record(tx, organisation, by, "update", (Some(&before), Some(&after))).await?;
                Ok(after)
            })
        })
        .await
}

/// Removes it, unless that was done before.
pub(crate) async fn delete(
    store: &Store,
    organisation: OrganisationId,
    id: ContactFieldId,
    etag: String,
    by: Actor,
) -> Result<(), StoreError> {
    let asked = Arc::new((etag, by));
    store
        .transaction(move |tx| {
            let asked = Arc::clone(&asked);
            Box::pin(async move {
                let (etag, by) = &*asked;
                let before = locked(tx, organisation, id).await?;
                if before.is_deleted {
                    return Ok(());
                }
                check_etag(etag, before.revision)?;
                let row = ActiveModel {
                    organisation_id: Unchanged(organisation.uuid()),
                    id: Unchanged(id.uuid()),
                    revision: Set(before.revision + 1),
                    deleted_at: Set(Some(by.at.millis())),
                    ..Default::default()
                };
                Entity::update(row).exec_without_returning(tx).await?;
                record(tx, organisation, by, "delete", (Some(&before), None)).await
            })
        })
        .await
}

async fn locked(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    id: ContactFieldId,
) -> Result<Field, StoreError> {
    let row = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::Id.eq(id.uuid()))
        .lock_exclusive()
        .one(tx)
        .await?;
    as_field(row.ok_or_else(not_found)?)
}

fn check_etag(sent: &str, revision: i64) -> Result<(), Fault> {
    if sent.is_empty() {
        return Err(Fault::field("etag", "must be the one that was read last"));
    }
    match sent == revision.to_string() {
        true => Ok(()),
        false => Err(Fault::etag_mismatch(revision)),
    }
}

async fn record(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    by: &Actor,
    verb: &str,
    (before, after): (Option<&Field>, Option<&Field>),
) -> Result<(), StoreError> {
    let id = before.or(after).map(|field| field.id.to_string()).unwrap_or_default();
    let hash = |field: &Field| json(&field.definition).map(|text| Sha256::digest(text).into());
    let entry = Entry {
        organisation,
        at: by.at,
        actor: by.name.clone(),
        action: format!("contact_field.{verb}"),
        object: format!("contact_field:{id}"),
        before: before.map(hash).transpose()?,
        after: after.map(hash).transpose()?,
    };
    trail::append(tx, &[entry]).await
}

fn as_field(row: Model) -> Result<Field, StoreError> {
    Ok(Field {
        id: ContactFieldId::new(row.id),
        revision: row.revision,
        definition: Definition {
            key: row.key,
            name: row.name,
            kind: Kind::of(row.kind).ok_or_else(|| broken("a field of no type"))?,
            choices: read(&row.choices)?,
        },
        created_at: Timestamp(row.created_at),
        is_deleted: row.deleted_at.is_some(),
    })
}

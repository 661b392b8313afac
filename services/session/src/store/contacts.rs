//! Contacts: making, changing and forgetting them. A contact that was merged keeps its row, ids and history; `root_id` says
//! for whom they count.

use super::contact_entities::contact;
use super::{contact_changes, contact_ids, contact_rows as rows, trail};
use crate::contact::{Contact, Content, Origin, ScriptOrigin};
use onqueue_model::{ContactId, Fault, OrganisationId};
use onqueue_server::resource::Once;
use onqueue_store::{
    Scope, Store, StoreError,
    audit::{Actor, Entry},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Who changes a contact, by what way.
#[derive(Clone, Debug)]
pub(crate) struct By {
    pub actor: Actor,
    pub origin: Origin,
    /// Of what a script does.
    pub script: Option<ScriptOrigin>,
}

/// A contact that is to be.
#[derive(Clone, Debug)]
pub(crate) struct New {
    pub id: ContactId,
    pub content: Content,
    /// Which ids were proved.
    pub proved: bool,
    /// Blinds what the audit trail keeps of it.
    pub salt: [u8; 16],
    pub once: Option<Once>,
}

/// What somebody read, and who changes it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub etag: String,
    pub by: By,
}

/// Judges what is there, and answers what is to be.
pub(crate) type Judge<T> = Arc<dyn Fn(&Contact) -> Result<T, Fault> + Send + Sync>;

pub(crate) fn not_found() -> Fault {
    Fault::not_found("contact")
}

/// The contact of that id, or the one that it was merged into; deleted ones too.
pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: ContactId,
) -> Result<Option<Contact>, StoreError> {
    let Some(row) = row(connection, organisation, id).await? else {
        return Ok(None);
    };
    let root = match row.root_id == row.id {
        true => Some(row),
        false => self::row(connection, organisation, ContactId::new(row.root_id)).await?,
    };
    let mut found = rows::whole(connection, organisation, root.into_iter().collect()).await?;
    Ok(found.pop())
}

/// Makes it. The same request again answers the first one; with another body REQUEST_ID_REUSED. NAME_TAKEN if an external id
/// is another's.
pub(crate) async fn create(
    store: &Store,
    organisation: OrganisationId,
    new: New,
    by: By,
) -> Result<Contact, StoreError> {
    let new = Arc::new((new, by));
    let once = || {
        let new = Arc::clone(&new);
        store.transaction(move |tx| {
            let new = Arc::clone(&new);
            Box::pin(async move { create_in(tx, organisation, &new.0, &new.1).await })
        })
    };
    match once().await {
        // The same request, or another with the same id, was faster: now it is there to be found.
        Err(error) if error.is_unique() => once().await,
        other => other,
    }
}

pub(super) async fn create_in(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    new: &New,
    by: &By,
) -> Result<Contact, StoreError> {
    if let Some(once) = &new.once
        && let Some(before) = of_request(tx, organisation, once).await?
    {
        return Ok(before);
    }
    contact_ids::refuse_taken(tx, organisation, new.id, &new.content.known()).await?;
    let row = rows::new_row(organisation, new, by)?;
    contact::Entity::insert(row).exec_without_returning(tx).await?;
    contact_ids::add(tx, organisation, new.id, (&new.content.ids, new.proved, by.actor.at)).await?;
    let nothing = Content::nothing(new.content.division);
    let first = (new.id, 1);
    contact_changes::write(tx, organisation, first, nothing.differences(&new.content), by).await?;
    let after = Some(rows::blinded(&new.salt, &new.content));
    record(
        tx,
        organisation,
        by,
        "contact.create",
        format!("contact:{}", new.id),
        (None, after),
    )
    .await?;
    let made = find(tx, organisation, new.id).await?;
    made.ok_or_else(|| super::broken("a contact that was just made"))
}

async fn of_request(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    once: &Once,
) -> Result<Option<Contact>, StoreError> {
    let before = Scope::of(organisation)
        .find::<contact::Entity>()
        .filter(contact::Column::RequestId.eq(once.request));
    let Some(row) = before.one(tx).await? else {
        return Ok(None);
    };
    if row.request_hash.as_deref() != Some(&once.hash[..]) {
        return Err(Fault::request_id_reused().into());
    }
    find(tx, organisation, ContactId::new(row.id)).await
}

/// Makes of the contact what `judge` answers. One that is so already stays as it is, whatever the etag.
pub(crate) async fn update(
    store: &Store,
    organisation: OrganisationId,
    id: ContactId,
    judge: Judge<Content>,
    change: Change,
) -> Result<Contact, StoreError> {
    let change = Arc::new(change);
    store
        .transaction(move |tx| {
            let (judge, change) = (Arc::clone(&judge), Arc::clone(&change));
            Box::pin(async move {
                let before = locked(tx, organisation, id).await?;
                let content = judge(&before)?;
                if before.content.differences(&content).is_empty() {
                    return Ok(before);
                }
                check_etag("etag", &change.etag, &before)?;
                write(tx, organisation, &before, content, &change.by, "contact.update").await
            })
        })
        .await
}

/// Writes what a contact is to be, with its history and its record.
pub(super) async fn write(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    before: &Contact,
    content: Content,
    by: &By,
    action: &str,
) -> Result<Contact, StoreError> {
    let (had, has) = (before.content.known(), content.known());
    contact_ids::refuse_taken(tx, organisation, before.id, &has).await?;
    let gone: Vec<_> = had.difference(&has).cloned().collect();
    contact_ids::remove(tx, organisation, before.id, &gone).await?;
    let new: Vec<_> = content.ids.iter().filter(|id| !had.contains(&id.by)).cloned().collect();
    let is_proved = by.origin == Origin::Assertion;
    contact_ids::add(tx, organisation, before.id, (&new, is_proved, by.actor.at)).await?;
    let differences = before.content.differences(&content);
    let count = i64::try_from(differences.len()).unwrap_or(i64::MAX);
    contact_changes::write(tx, organisation, (before.id, before.last_change + 1), differences, by).await?;
    let salt = rows::salt(tx, organisation, before.id).await?;
    let texts = (
        Some(rows::blinded(&salt, &before.content)),
        Some(rows::blinded(&salt, &content)),
    );
    let after = Contact {
        revision: before.revision + 1,
        last_change: before.last_change + count,
        updated_at: by.actor.at,
        content,
        ..before.clone()
    };
    let row = rows::changed_row(organisation, &after)?;
    contact::Entity::update(row).exec_without_returning(tx).await?;
    record(tx, organisation, by, action, format!("contact:{}", after.id), texts).await?;
    Ok(after)
}

/// Forgets the contact and those that were merged into it, unless that was done before.
pub(crate) async fn delete(
    store: &Store,
    organisation: OrganisationId,
    id: ContactId,
    judge: Judge<()>,
    change: Change,
) -> Result<(), StoreError> {
    let change = Arc::new(change);
    store
        .transaction(move |tx| {
            let (judge, change) = (Arc::clone(&judge), Arc::clone(&change));
            Box::pin(async move {
                let before = locked_also_deleted(tx, organisation, id).await?;
                judge(&before)?;
                if before.is_deleted {
                    return Ok(());
                }
                check_etag("etag", &change.etag, &before)?;
                let salt = rows::salt(tx, organisation, before.id).await?;
                let text = rows::blinded(&salt, &before.content);
                rows::forget(tx, organisation, &before, change.by.actor.at).await?;
                let object = format!("contact:{}", before.id);
                record(
                    tx,
                    organisation,
                    &change.by,
                    "contact.delete",
                    object,
                    (Some(text), None),
                )
                .await
            })
        })
        .await
}

/// The contact, whose row the transaction holds; NOT_FOUND for one that is no more.
pub(super) async fn locked(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    id: ContactId,
) -> Result<Contact, StoreError> {
    let found = locked_also_deleted(tx, organisation, id).await?;
    match found.is_deleted {
        false => Ok(found),
        true => Err(not_found().into()),
    }
}

pub(super) async fn locked_also_deleted(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    id: ContactId,
) -> Result<Contact, StoreError> {
    let row = row(tx, organisation, id).await?.ok_or_else(not_found)?;
    let held = select(organisation, ContactId::new(row.root_id))
        .lock_exclusive()
        .one(tx)
        .await?;
    // Whoever merged it meanwhile has committed: it is read as it is now.
    let held = held.filter(|held| held.root_id == held.id);
    let held = held.ok_or_else(|| StoreError::Contended("a contact was merged meanwhile".to_owned()))?;
    let mut found = rows::whole(tx, organisation, vec![held]).await?;
    found.pop().ok_or_else(|| super::broken("a contact without a row"))
}

pub(super) async fn row(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: ContactId,
) -> Result<Option<contact::Model>, StoreError> {
    Ok(select(organisation, id).one(connection).await?)
}

pub(super) fn select(organisation: OrganisationId, id: ContactId) -> sea_orm::Select<contact::Entity> {
    Scope::of(organisation)
        .find::<contact::Entity>()
        .filter(contact::Column::Id.eq(id.uuid()))
}

/// Refuses a change of something that somebody else has changed since.
pub(super) fn check_etag(field: &'static str, sent: &str, present: &Contact) -> Result<(), Fault> {
    if sent.is_empty() {
        return Err(Fault::field(field, "must be the one that was read last"));
    }
    if sent != present.revision.to_string() {
        return Err(Fault::etag_mismatch(present.revision).with("contact_id", present.id));
    }
    Ok(())
}

/// The last thing that a transaction does: it keeps others from the trail until its end.
pub(super) async fn record(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    by: &By,
    action: &str,
    object: String,
    (before, after): (Option<String>, Option<String>),
) -> Result<(), StoreError> {
    let hash = |text: Option<String>| text.map(|text| Sha256::digest(text).into());
    let entry = Entry {
        organisation,
        at: by.actor.at,
        actor: by.actor.name.clone(),
        action: action.to_owned(),
        object,
        before: hash(before),
        after: hash(after),
    };
    trail::append(tx, &[entry]).await
}

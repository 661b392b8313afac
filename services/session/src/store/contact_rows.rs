//! Rows of contacts and what they mean.

use super::contact_entities::{contact, contact_change, contact_id};
use super::contacts::{By, New};
use super::{broken, contact_ids};
use crate::contact::{Contact, Content, KnownBy};
use onqueue_model::{ContactId, DivisionId, Language, OrganisationId, Timestamp};
use onqueue_store::{Scope, StoreError, query::fold};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QuerySelect as _, Select, prelude::Expr,
};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Contacts of these rows, which are of no alias, in their order, with the ids and aliases that count for them.
pub(super) async fn whole(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    rows: Vec<contact::Model>,
) -> Result<Vec<Contact>, StoreError> {
    let roots: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    if roots.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids: HashMap<Uuid, Vec<contact_id::Model>> = HashMap::new();
    for row in contact_ids::of_roots(connection, organisation, &roots).await? {
        ids.entry(row.root_id).or_default().push(row);
    }
    let mut aliases = aliases(connection, organisation, &roots).await?;
    let each = rows.into_iter().map(|row| {
        let (ids, aliases) = (ids.remove(&row.id), aliases.remove(&row.id));
        as_contact(&row, &ids.unwrap_or_default(), aliases.unwrap_or_default())
    });
    each.collect()
}

async fn aliases(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    roots: &[Uuid],
) -> Result<HashMap<Uuid, Vec<ContactId>>, StoreError> {
    let mut rows: Vec<(Uuid, Uuid)> = merged(organisation, roots).into_tuple().all(connection).await?;
    rows.sort_unstable();
    let mut aliases: HashMap<Uuid, Vec<ContactId>> = HashMap::new();
    for (root, id) in rows {
        aliases.entry(root).or_default().push(ContactId::new(id));
    }
    Ok(aliases)
}

/// For whom each that was merged into one of these counts, and its id.
pub(super) fn merged(organisation: OrganisationId, roots: &[Uuid]) -> Select<contact::Entity> {
    use contact::Column as C;
    Scope::of(organisation)
        .find::<contact::Entity>()
        .filter(C::RootId.is_in(roots.iter().copied()))
        .filter(C::MergedInto.is_not_null())
        .select_only()
        .columns([C::RootId, C::Id])
}

fn as_contact(row: &contact::Model, ids: &[contact_id::Model], aliases: Vec<ContactId>) -> Result<Contact, StoreError> {
    let proved = ids.iter().filter(|id| id.proved);
    let proved: Result<BTreeSet<KnownBy>, StoreError> = proved.map(contact_ids::known).collect();
    Ok(Contact {
        id: ContactId::new(row.id),
        revision: row.revision,
        proved: proved?,
        aliases,
        last_change: row.last_change,
        created_at: Timestamp(row.created_at),
        updated_at: Timestamp(row.updated_at),
        is_deleted: row.deleted_at.is_some(),
        content: content(row, ids)?,
    })
}

/// What the row says, with these ids, of which those of two contacts may be the same.
pub(super) fn content(row: &contact::Model, ids: &[contact_id::Model]) -> Result<Content, StoreError> {
    let mut seen = BTreeSet::new();
    let mut each = Vec::with_capacity(ids.len());
    for id in ids {
        let known = contact_ids::read(id)?;
        if seen.insert(known.by.clone()) {
            each.push(known);
        }
    }
    Ok(Content {
        division: DivisionId::new(row.division_id),
        name: row.name.clone(),
        language: row.language.as_deref().and_then(Language::parse),
        ids: each,
        fields: read(&row.fields)?,
        notes: row.notes.clone(),
        consents: read(&row.consents)?,
    })
}

pub(super) fn new_row(organisation: OrganisationId, new: &New, by: &By) -> Result<contact::ActiveModel, StoreError> {
    let changes = Content::nothing(new.content.division).differences(&new.content).len();
    let (id, at) = (new.id.uuid(), by.actor.at.millis());
    Ok(contact::ActiveModel {
        id: Set(id),
        revision: Set(1),
        salt: Set(new.salt.to_vec()),
        merged_into: Set(None),
        root_id: Set(id),
        taken: Set("[]".to_owned()),
        last_change: Set(i64::try_from(changes).unwrap_or(i64::MAX)),
        created_at: Set(at),
        updated_at: Set(at),
        deleted_at: Set(None),
        request_id: Set(new.once.map(|once| once.request)),
        request_hash: Set(new.once.map(|once| once.hash.to_vec())),
        ..content_row(organisation, new.id, &new.content)?
    })
}

pub(super) fn changed_row(organisation: OrganisationId, contact: &Contact) -> Result<contact::ActiveModel, StoreError> {
    Ok(contact::ActiveModel {
        revision: Set(contact.revision),
        last_change: Set(contact.last_change),
        updated_at: Set(contact.updated_at.millis()),
        ..content_row(organisation, contact.id, &contact.content)?
    })
}

/// What of a row the content says.
pub(super) fn content_row(
    organisation: OrganisationId,
    id: ContactId,
    content: &Content,
) -> Result<contact::ActiveModel, StoreError> {
    Ok(contact::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        id: Set(id.uuid()),
        division_id: Set(content.division.uuid()),
        name: Set(content.name.clone()),
        name_folded: Set(fold(&content.name)),
        language: Set(content.language.as_ref().map(ToString::to_string)),
        fields: Set(json(&content.fields)?),
        notes: Set(content.notes.clone()),
        consents: Set(json(&content.consents)?),
        ..contact::ActiveModel::default()
    })
}

/// What blinds a contact in the audit trail.
pub(super) async fn salt(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    id: ContactId,
) -> Result<Vec<u8>, StoreError> {
    let salt: Option<Vec<u8>> = super::contacts::select(organisation, id)
        .select_only()
        .column(contact::Column::Salt)
        .into_tuple()
        .one(tx)
        .await?;
    Ok(salt.unwrap_or_default())
}

/// What the audit trail hashes: without the salt, which is erased with the contact, nobody can try out what it was.
pub(super) fn blinded(salt: &[u8], content: &Content) -> String {
    format!("{salt:02x?}{}", content.text())
}

/// Removes everything that is known of the contact and of its aliases; answers of how many fields, ids and changes.
pub(super) async fn forget(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    contact: &Contact,
    at: Timestamp,
) -> Result<[u64; 3], StoreError> {
    use contact::Column as C;
    let family: Vec<Uuid> = family(contact).map(ContactId::uuid).collect();
    let of_organisation = |column: contact::Column| column.eq(organisation.uuid());
    let nothing = Content::nothing(contact.content.division).differences(&contact.content);
    let fields = nothing.len() as u64;
    contact::Entity::update_many()
        .col_expr(C::Name, Expr::value(""))
        .col_expr(C::NameFolded, Expr::value(""))
        .col_expr(C::Language, Expr::value(Option::<String>::None))
        .col_expr(C::Fields, Expr::value("{}"))
        .col_expr(C::Notes, Expr::value(""))
        .col_expr(C::Consents, Expr::value("[]"))
        .col_expr(C::Taken, Expr::value("[]"))
        .col_expr(C::Salt, Expr::value(Vec::<u8>::new()))
        .col_expr(C::RequestHash, Expr::value(Option::<Vec<u8>>::None))
        .col_expr(C::Revision, Expr::value(contact.revision + 1))
        .col_expr(C::UpdatedAt, Expr::value(at.millis()))
        .col_expr(C::DeletedAt, Expr::value(at.millis()))
        .filter(of_organisation(C::OrganisationId))
        .filter(C::Id.is_in(family.iter().copied()))
        .exec(tx)
        .await?;
    let ids = contact_id::Entity::delete_many()
        .filter(contact_id::Column::OrganisationId.eq(organisation.uuid()))
        .filter(contact_id::Column::ContactId.is_in(family.iter().copied()))
        .exec(tx)
        .await?;
    let changes = contact_change::Entity::delete_many()
        .filter(contact_change::Column::OrganisationId.eq(organisation.uuid()))
        .filter(contact_change::Column::ContactId.is_in(family))
        .exec(tx)
        .await?;
    Ok([fields, ids.rows_affected, changes.rows_affected])
}

/// The contact and those that were merged into it.
pub(super) fn family(contact: &Contact) -> impl Iterator<Item = ContactId> + '_ {
    std::iter::once(contact.id).chain(contact.aliases.iter().copied())
}

pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(broken)
}

pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(broken)
}

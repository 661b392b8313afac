//! By what contacts are known.

use super::contact_entities::contact_id::{ActiveModel, Column, Entity, Model};
use super::{broken, listing};
use crate::contact::{KnownBy, KnownId};
use onqueue_model::{ContactId, Fault, OrganisationId, Timestamp};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, Select, prelude::Expr,
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Those that count for these contacts, in the order in which they came.
pub(super) async fn of_roots(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    roots: &[Uuid],
) -> Result<Vec<Model>, StoreError> {
    let mut rows = counting(organisation, roots).all(connection).await?;
    rows.sort_by_cached_key(|row| (row.added_at, row.kind, row.value.clone(), row.contact_id));
    Ok(rows)
}

pub(super) fn counting(organisation: OrganisationId, roots: &[Uuid]) -> Select<Entity> {
    let all = Scope::of(organisation).find::<Entity>();
    all.filter(Column::RootId.is_in(roots.iter().copied()))
}

/// Those that are the contact's own.
pub(super) async fn own(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    contact: ContactId,
) -> Result<Vec<Model>, StoreError> {
    let rows = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::ContactId.eq(contact.uuid()))
        .order_by_asc(Column::AddedAt)
        .order_by_asc(Column::Kind)
        .order_by_asc(Column::Value)
        .all(tx)
        .await?;
    Ok(rows)
}

/// Everybody known by one of these, in the order of the contacts for which it counts.
pub(super) async fn holders<'k>(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    known: impl IntoIterator<Item = &'k KnownBy>,
) -> Result<Vec<Model>, StoreError> {
    let parts: Vec<_> = known.into_iter().map(|known| holding(organisation, known)).collect();
    let mut rows = listing::read(connection, parts).await?;
    rows.sort_by_key(|row| row.root_id);
    Ok(rows)
}

/// Each for itself: of several at once SQLite, which has no figures, would rather read all that the organisation has.
pub(super) fn holding(organisation: OrganisationId, known: &KnownBy) -> Select<Entity> {
    Scope::of(organisation).find::<Entity>().filter(is(known))
}

fn is(known: &KnownBy) -> Condition {
    Condition::all()
        .add(Column::Kind.eq(known.kind()))
        .add(Column::Value.eq(known.value()))
        .add(Column::System.eq(known.system()))
}

/// NAME_TAKEN if one of the external ids is another contact's.
pub(super) async fn refuse_taken(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    contact: ContactId,
    known: &BTreeSet<KnownBy>,
) -> Result<(), StoreError> {
    let external = known.iter().filter(|known| matches!(known, KnownBy::External { .. }));
    let held = holders(tx, organisation, external).await?;
    match held.iter().any(|row| row.root_id != contact.uuid()) {
        true => Err(Fault::name_taken("contact.external_ids").into()),
        false => Ok(()),
    }
}

/// Gives a contact, which is no alias, further ones.
pub(super) async fn add(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    contact: ContactId,
    (ids, is_proved, at): (&[KnownId], bool, Timestamp),
) -> Result<(), StoreError> {
    let rows = ids.iter().map(|id| ActiveModel {
        organisation_id: Set(organisation.uuid()),
        contact_id: Set(contact.uuid()),
        kind: Set(id.by.kind()),
        system: Set(id.by.system().to_owned()),
        value: Set(id.by.value().to_owned()),
        written: Set(id.written.clone()),
        proved: Set(is_proved),
        root_id: Set(contact.uuid()),
        added_at: Set(at.millis()),
    });
    let rows: Vec<ActiveModel> = rows.collect();
    if !rows.is_empty() {
        Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Takes these from a contact and its aliases.
pub(super) async fn remove(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    root: ContactId,
    known: &[KnownBy],
) -> Result<(), StoreError> {
    if known.is_empty() {
        return Ok(());
    }
    Entity::delete_many()
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::RootId.eq(root.uuid()))
        .filter(known.iter().map(is).fold(Condition::any(), Condition::add))
        .exec(tx)
        .await?;
    Ok(())
}

/// Notes that one that the contact is known by was proved.
pub(super) async fn prove(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    contact: ContactId,
    known: &KnownBy,
) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::Proved, Expr::value(true))
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::ContactId.eq(contact.uuid()))
        .filter(is(known))
        .exec(tx)
        .await?;
    Ok(())
}

/// Has those of one root count for another, of these contacts only if they are named.
pub(super) async fn move_root(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (from, to): (Uuid, Uuid),
    only: Option<&[Uuid]>,
) -> Result<(), StoreError> {
    let mut all = Entity::update_many()
        .col_expr(Column::RootId, Expr::value(to))
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::RootId.eq(from));
    if let Some(only) = only {
        all = all.filter(Column::ContactId.is_in(only.iter().copied()));
    }
    all.exec(tx).await?;
    Ok(())
}

/// As it is compared.
pub(super) fn known(row: &Model) -> Result<KnownBy, StoreError> {
    KnownBy::of(row.kind, row.system.clone(), row.value.clone()).ok_or_else(|| broken("an id of no kind"))
}

/// As it was written.
pub(super) fn read(row: &Model) -> Result<KnownId, StoreError> {
    Ok(KnownId {
        by: known(row)?,
        written: row.written.clone(),
    })
}

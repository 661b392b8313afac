//! The history of contacts, field by field.

use super::contact_entities::contact_change::{ActiveModel, Column, Entity, Model};
use super::contacts::By;
use super::{
    broken,
    contact_rows::{self as rows, family},
    listing,
};
use crate::contact::{Contact, Difference, Origin, ScriptOrigin};
use onqueue_model::{ContactId, OrganisationId, Timestamp};
use onqueue_store::{Scope, Store, StoreError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, ExprTrait, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _, Select, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use std::cmp::{Ordering, Reverse};
use uuid::Uuid;

/// One field's change.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub contact: ContactId,
    pub number: i64,
    pub at: Timestamp,
    pub actor: String,
    pub origin: Origin,
    /// Of what a script changed.
    pub script: Option<ScriptOrigin>,
    pub difference: Difference,
}

/// Where a page of changes ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Place(pub(super) i64, pub(super) Uuid, pub(super) i64);

impl Changed {
    pub fn place(&self) -> Place {
        Place(self.at.millis(), self.contact.uuid(), self.number)
    }
}

/// Adds changes of a contact, numbered from `first` on.
pub(super) async fn write(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (contact, first): (ContactId, i64),
    differences: Vec<Difference>,
    by: &By,
) -> Result<(), StoreError> {
    let script = by.script.as_ref().map(rows::json).transpose()?;
    let rows = (first..).zip(differences).map(|(number, one)| ActiveModel {
        organisation_id: Set(organisation.uuid()),
        contact_id: Set(contact.uuid()),
        number: Set(number),
        at: Set(by.actor.at.millis()),
        actor: Set(by.actor.name.clone()),
        origin: Set(by.origin.code()),
        field: Set(one.field),
        old_value: Set(one.old),
        new_value: Set(one.new),
        script: Set(script.clone()),
    });
    let rows: Vec<ActiveModel> = rows.collect();
    if !rows.is_empty() {
        Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// The changes of a contact and of its aliases, the newest first.
pub(crate) async fn list(
    store: &Store,
    organisation: OrganisationId,
    contact: &Contact,
    (after, limit): (Option<Place>, u64),
) -> Result<Vec<Changed>, StoreError> {
    let parts = family(contact).map(|one| page(organisation, one, (after.as_ref(), limit)));
    let rows = listing::read(store.reader(), parts.collect()).await?;
    let newest = |row: &Model| Reverse((row.at, row.contact_id, row.number));
    let rows = listing::first(rows, limit, newest);
    rows.into_iter().map(read).collect()
}

/// The newest changes of one contact without its aliases, of those after that place in the order of all.
pub(super) fn page(
    organisation: OrganisationId,
    contact: ContactId,
    (after, limit): (Option<&Place>, u64),
) -> Select<Entity> {
    Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::ContactId.eq(contact.uuid()))
        .apply_if(after, |query, place| query.filter(place.before(contact.uuid())))
        .order_by_desc(Column::At)
        .order_by_desc(Column::Number)
        .limit(limit)
}

impl Place {
    /// What of that contact comes after it, the newest first.
    fn before(&self, contact: Uuid) -> Condition {
        let Self(at, last, number) = self;
        let earlier = match contact.cmp(last) {
            Ordering::Less => Column::At.lte(*at),
            Ordering::Equal => {
                let place = Expr::tuple([Column::At, Column::Number].map(Expr::col));
                ExprTrait::lt(place, Expr::tuple([Expr::value(*at), Expr::value(*number)]))
            }
            Ordering::Greater => Column::At.lt(*at),
        };
        Condition::all().add(earlier)
    }
}

fn read(row: Model) -> Result<Changed, StoreError> {
    Ok(Changed {
        contact: ContactId::new(row.contact_id),
        number: row.number,
        at: Timestamp(row.at),
        actor: row.actor,
        origin: Origin::of(row.origin).ok_or_else(|| broken("a change of no origin"))?,
        script: row.script.as_deref().map(rows::read).transpose()?,
        difference: Difference {
            field: row.field,
            old: row.old_value,
            new: row.new_value,
        },
    })
}

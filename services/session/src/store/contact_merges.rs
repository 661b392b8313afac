//! Making one contact of two, and two of one again.

use super::contact_entities::contact::{self, ActiveModel, Column, Entity, Model};
use super::contact_rows::{self as rows, json, read};
use super::contacts::{By, Judge, check_etag, locked, locked_also_deleted, not_found, record, row};
use super::{broken, contact_changes, contact_ids};
use crate::contact::{Contact, Content, Difference};
use onqueue_model::{ContactId, Fault, OrganisationId, Reason};
use onqueue_store::{Scope, Store, StoreError};
use sea_orm::{
    ActiveValue::{Set, Unchanged},
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    prelude::Expr,
};
use std::{collections::BTreeSet, sync::Arc};
use uuid::Uuid;

/// Two contacts that are to be one, each with its etag as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Merge {
    pub into: (ContactId, String),
    pub merged: (ContactId, String),
    pub by: By,
}

/// An alias that is to be a contact of its own again, and the etag of what it was merged into.
#[derive(Clone, Debug)]
pub(crate) struct Separation {
    pub alias: ContactId,
    pub etag: String,
    pub by: By,
}

/// Makes the merged one an alias of the other. What is so already stays as it is.
pub(crate) async fn merge(
    store: &Store,
    organisation: OrganisationId,
    judge: Judge<()>,
    merge: Merge,
) -> Result<Contact, StoreError> {
    let merge = Arc::new(merge);
    store
        .transaction(move |tx| {
            let (judge, merge) = (Arc::clone(&judge), Arc::clone(&merge));
            Box::pin(async move { merge_in(tx, organisation, &judge, &merge).await })
        })
        .await
}

async fn merge_in(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    judge: &Judge<()>,
    merge: &Merge,
) -> Result<Contact, StoreError> {
    hold(tx, organisation, [merge.into.0, merge.merged.0]).await?;
    let into = locked(tx, organisation, merge.into.0).await?;
    judge(&into)?;
    let other = row(tx, organisation, merge.merged.0).await?.ok_or_else(not_found)?;
    if other.merged_into == Some(into.id.uuid()) && into.id == merge.into.0 {
        return Ok(into);
    }
    let merged = locked(tx, organisation, merge.merged.0).await?;
    judge(&merged)?;
    if (into.id, merged.id) != (merge.into.0, merge.merged.0) || into.id == merged.id {
        return Err(conflict("one of them is part of another contact already; read both again").into());
    }
    check_etag("etag", &merge.etag_of(&into), &into)?;
    check_etag("merged_etag", &merge.etag_of(&merged), &merged)?;
    let mut content = into.content.clone();
    let taken = content.take_from(&merged.content);
    set_alias(tx, organisation, &merged, (into.id, &taken), &merge.by).await?;
    Entity::update_many()
        .col_expr(Column::RootId, Expr::value(into.id.uuid()))
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::RootId.eq(merged.id.uuid()))
        .exec(tx)
        .await?;
    contact_ids::move_root(tx, organisation, (merged.id.uuid(), into.id.uuid()), None).await?;
    let known = content.known();
    let also = merged.content.ids.iter().filter(|id| !known.contains(&id.by)).cloned();
    let also: Vec<_> = also.collect();
    content.ids.extend(also);
    settle(tx, organisation, (&into, content, "merged", merged.id), &merge.by).await?;
    locked(tx, organisation, into.id).await
}

impl Merge {
    fn etag_of(&self, contact: &Contact) -> String {
        match contact.id == self.into.0 {
            true => self.into.1.clone(),
            false => self.merged.1.clone(),
        }
    }
}

async fn set_alias(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    merged: &Contact,
    (into, taken): (ContactId, &[String]),
    by: &By,
) -> Result<(), StoreError> {
    let said = vec![Difference {
        field: "merged".to_owned(),
        old: String::new(),
        new: into.to_string(),
    }];
    contact_changes::write(tx, organisation, (merged.id, merged.last_change + 1), said, by).await?;
    let alias = ActiveModel {
        organisation_id: Unchanged(organisation.uuid()),
        id: Unchanged(merged.id.uuid()),
        revision: Set(merged.revision + 1),
        merged_into: Set(Some(into.uuid())),
        taken: Set(json(&taken)?),
        last_change: Set(merged.last_change + 1),
        updated_at: Set(by.actor.at.millis()),
        ..Default::default()
    };
    Entity::update(alias).exec_without_returning(tx).await?;
    Ok(())
}

/// Writes what a contact is after a merge or a separation, whose ids count as they are to be already.
async fn settle(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (before, content, verb, alias): (&Contact, Content, &str, ContactId),
    by: &By,
) -> Result<(), StoreError> {
    let mut said = before.content.differences(&content);
    said.push(Difference {
        field: verb.to_owned(),
        old: String::new(),
        new: alias.to_string(),
    });
    let count = i64::try_from(said.len()).unwrap_or(i64::MAX);
    contact_changes::write(tx, organisation, (before.id, before.last_change + 1), said, by).await?;
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
    Entity::update(row).exec_without_returning(tx).await?;
    let action = if verb == "merged" {
        "contact.merge"
    } else {
        "contact.separate"
    };
    let object = format!("contact:{} alias:{alias}", before.id);
    record(tx, organisation, by, action, object, texts).await
}

/// Makes the alias a contact of its own again. One that is none is answered as it is.
pub(crate) async fn separate(
    store: &Store,
    organisation: OrganisationId,
    judge: Judge<()>,
    separation: Separation,
) -> Result<Contact, StoreError> {
    let separation = Arc::new(separation);
    store
        .transaction(move |tx| {
            let (judge, separation) = (Arc::clone(&judge), Arc::clone(&separation));
            Box::pin(async move { separate_in(tx, organisation, &judge, &separation).await })
        })
        .await
}

async fn separate_in(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    judge: &Judge<()>,
    separation: &Separation,
) -> Result<Contact, StoreError> {
    let alias = row(tx, organisation, separation.alias).await?.ok_or_else(not_found)?;
    let root = ContactId::new(alias.root_id);
    hold(tx, organisation, [root, separation.alias]).await?;
    let before = locked(tx, organisation, separation.alias).await?;
    judge(&before)?;
    if alias.merged_into.is_none() {
        return Ok(before);
    }
    check_etag("etag", &separation.etag, &before)?;
    let family = Family::of(tx, organisation, before.id).await?;
    let own = contact_ids::own(tx, organisation, separation.alias).await?;
    let own = rows::content(&alias, &own)?;
    judge(&Contact {
        content: own.clone(),
        ..before.clone()
    })?;
    let mut content = before.content.clone();
    family.give_back(tx, organisation, &alias, (&own, &mut content)).await?;
    let branch = family.branch(alias.id);
    free(tx, organisation, (&alias, before.id), &branch, &separation.by).await?;
    let left = contact_ids::of_roots(tx, organisation, &[before.id.uuid()]).await?;
    let known: Result<BTreeSet<_>, StoreError> = left.iter().map(contact_ids::known).collect();
    let known = known?;
    content.ids.retain(|id| known.contains(&id.by));
    settle(
        tx,
        organisation,
        (&before, content, "separated", separation.alias),
        &separation.by,
    )
    .await?;
    locked_also_deleted(tx, organisation, separation.alias).await
}

/// The alias and what was merged into it count for itself again.
async fn free(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (alias, root): (&Model, ContactId),
    branch: &[Uuid],
    by: &By,
) -> Result<(), StoreError> {
    let said = vec![Difference {
        field: "separated".to_owned(),
        old: String::new(),
        new: root.to_string(),
    }];
    let first = (ContactId::new(alias.id), alias.last_change + 1);
    contact_changes::write(tx, organisation, first, said, by).await?;
    Entity::update_many()
        .col_expr(Column::RootId, Expr::value(alias.id))
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::Id.is_in(branch.iter().copied()))
        .exec(tx)
        .await?;
    let own = ActiveModel {
        organisation_id: Unchanged(organisation.uuid()),
        id: Unchanged(alias.id),
        revision: Set(alias.revision + 1),
        merged_into: Set(None),
        taken: Set("[]".to_owned()),
        last_change: Set(alias.last_change + 1),
        updated_at: Set(by.actor.at.millis()),
        ..Default::default()
    };
    Entity::update(own).exec_without_returning(tx).await?;
    contact_ids::move_root(tx, organisation, (root.uuid(), alias.id), Some(branch)).await
}

/// A contact's row and those of all that were merged into it.
struct Family(Vec<Model>);

impl Family {
    async fn of(tx: &DatabaseTransaction, organisation: OrganisationId, root: ContactId) -> Result<Self, StoreError> {
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::RootId.eq(root.uuid()))
            .all(tx)
            .await?;
        Ok(Self(rows))
    }

    fn find(&self, id: Option<Uuid>) -> Option<&Model> {
        self.0.iter().find(|row| Some(row.id) == id)
    }

    /// The one of this id with everything that was merged into it.
    fn branch(&self, id: Uuid) -> Vec<Uuid> {
        let mut branch = vec![id];
        let mut at = 0;
        while let Some(parent) = branch.get(at).copied() {
            let children = self.0.iter().filter(|row| row.merged_into == Some(parent));
            branch.extend(children.map(|row| row.id));
            at += 1;
        }
        branch
    }

    /// Has each contact above the alias give back what came from it, the last one in `content`.
    async fn give_back(
        &self,
        tx: &DatabaseTransaction,
        organisation: OrganisationId,
        alias: &Model,
        (own, content): (&Content, &mut Content),
    ) -> Result<(), StoreError> {
        let mut taken: Vec<String> = read(&alias.taken)?;
        let mut above = self.find(alias.merged_into);
        while let Some(row) = above {
            if row.merged_into.is_none() {
                content.give_back(&taken, own);
                return Ok(());
            }
            let mut between = rows::content(row, &[])?;
            between.give_back(&taken, own);
            let between = rows::content_row(organisation, ContactId::new(row.id), &between)?;
            Entity::update(between).exec_without_returning(tx).await?;
            let passed_on: Vec<String> = read(&row.taken)?;
            taken.retain(|field| passed_on.contains(field));
            above = self.find(row.merged_into);
        }
        Err(broken("an alias of nobody"))
    }
}

/// Takes the rows of these contacts in order of id, so that two who take the same ones wait in turn.
async fn hold(tx: &DatabaseTransaction, organisation: OrganisationId, ids: [ContactId; 2]) -> Result<(), StoreError> {
    let held: Vec<Uuid> = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::Id.is_in(ids.map(ContactId::uuid)))
        .select_only()
        .column(contact::Column::Id)
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .into_tuple()
        .all(tx)
        .await?;
    match held.is_empty() {
        true => Err(not_found().into()),
        false => Ok(()),
    }
}

fn conflict(sentence: &str) -> Fault {
    Fault::new(Reason::StateConflict, sentence)
}

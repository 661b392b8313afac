//! Receipts of what was erased, and how far each has come.

use super::contact_entities::erasure::{ActiveModel, Column, Entity, Model};
use super::contact_rows::{self as rows, json, read};
use super::contacts::{self, By, check_etag, locked_also_deleted, record};
use super::entities::{conversation, legal_hold};
use super::erase::{self, Counts};
use super::forgetting;
use crate::contact::Contact;
use onqueue_model::{
    ContactId, ConversationId, DivisionId, Divisions, ErasureId, Fault, OrganisationId, QueueId, Reason, Timestamp,
};
use onqueue_store::{Scope, Store, StoreError, query::within};
use sea_orm::{
    ActiveValue::{Set, Unchanged},
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _,
    sea_query::Expr,
};
use std::{collections::BTreeSet, sync::Arc};
use uuid::Uuid;

/// How many conversations are emptied in one transaction.
const CONVERSATIONS: usize = 20;

/// How many ids are named in one statement.
const IDS: usize = 1_000;

/// The state of one that is over, as `state_code` numbers them.
const ENDED: i16 = 5;

/// A receipt.
#[derive(Clone, Debug)]
pub(crate) struct Erasure {
    pub organisation: OrganisationId,
    pub id: ErasureId,
    pub contact: ContactId,
    pub aliases: Vec<ContactId>,
    pub division: DivisionId,
    pub at: Timestamp,
    pub actor: String,
    pub conversations: Vec<ConversationId>,
    pub counts: Counts,
    pub purged_at: Option<Timestamp>,
}

/// Somebody wants a contact erased.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub id: ErasureId,
    pub contact: ContactId,
    pub etag: String,
    pub by: By,
}

/// Judges the contact and the queues of its conversations.
pub(crate) type Judge = Arc<dyn Fn(&Contact, &BTreeSet<QueueId>) -> Result<(), Fault> + Send + Sync>;

/// Which receipts are listed, the newest first.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub divisions: Divisions,
    pub before: Option<ErasureId>,
    pub limit: u64,
}

/// Removes who somebody is, and writes the receipt, which says of which conversations the contents have to go. One that was
/// erased before is answered with its first receipt.
pub(crate) async fn begin(
    store: &Store,
    organisation: OrganisationId,
    judge: Judge,
    wanted: Wanted,
) -> Result<Erasure, StoreError> {
    let wanted = Arc::new(wanted);
    store
        .transaction(move |tx| {
            let (judge, wanted) = (Arc::clone(&judge), Arc::clone(&wanted));
            Box::pin(async move { begin_in(tx, organisation, &judge, &wanted).await })
        })
        .await
}

async fn begin_in(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    judge: &Judge,
    wanted: &Wanted,
) -> Result<Erasure, StoreError> {
    let found = contacts::find(tx, organisation, wanted.contact).await?;
    let seen = found.ok_or_else(contacts::not_found)?;
    let conversations = held(tx, organisation, &seen).await?;
    let contact = locked_also_deleted(tx, organisation, wanted.contact).await?;
    if (contact.id, &contact.aliases) != (seen.id, &seen.aliases) {
        return Err(StoreError::Contended(
            "the contact was merged or separated meanwhile".to_owned(),
        ));
    }
    let queues = conversations.iter().map(|one| QueueId::new(one.queue_id)).collect();
    judge(&contact, &queues)?;
    if let Some(before) = of_contact(tx, organisation, contact.id).await? {
        return Ok(before);
    }
    if !contact.is_deleted {
        check_etag("etag", &wanted.etag, &contact)?;
    }
    refuse(tx, organisation, &conversations).await?;
    write(tx, organisation, (&contact, &conversations), wanted).await
}

/// The conversations of a contact and its aliases; the transaction holds their rows.
async fn held(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    contact: &Contact,
) -> Result<Vec<conversation::Model>, StoreError> {
    let family = rows::family(contact).map(ContactId::uuid);
    let rows = Scope::of(organisation)
        .find::<conversation::Entity>()
        .filter(conversation::Column::ContactId.is_in(family))
        .order_by_asc(conversation::Column::Id)
        .lock_exclusive()
        .all(tx)
        .await?;
    Ok(rows)
}

/// LEGAL_HOLD, STATE_CONFLICT.
async fn refuse(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    conversations: &[conversation::Model],
) -> Result<(), StoreError> {
    let ids: Vec<ConversationId> = conversations.iter().map(|one| ConversationId::new(one.id)).collect();
    if let Some(kept) = first_held(tx, organisation, &ids).await? {
        let sentence = "one of the contact's conversations has to be kept as it is";
        return Err(Fault::new(Reason::LegalHold, sentence)
            .with("conversation_id", kept)
            .into());
    }
    if let Some(open) = conversations.iter().find(|one| one.state != ENDED) {
        let sentence = "one of the contact's conversations is open; end it first";
        return Err(Fault::new(Reason::StateConflict, sentence)
            .with("conversation_id", open.id)
            .into());
    }
    Ok(())
}

/// One of them that has to be kept, if any has.
async fn first_held(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    conversations: &[ConversationId],
) -> Result<Option<Uuid>, StoreError> {
    for some in conversations.chunks(IDS) {
        let held: Option<Uuid> = Scope::of(organisation)
            .find::<legal_hold::Entity>()
            .filter(legal_hold::Column::ConversationId.is_in(some.iter().map(|id| id.uuid())))
            .select_only()
            .column(legal_hold::Column::ConversationId)
            .into_tuple()
            .one(tx)
            .await?;
        if held.is_some() {
            return Ok(held);
        }
    }
    Ok(None)
}

async fn write(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (contact, conversations): (&Contact, &[conversation::Model]),
    wanted: &Wanted,
) -> Result<Erasure, StoreError> {
    let at = wanted.by.actor.at;
    let ids: Vec<ConversationId> = conversations.iter().map(|one| ConversationId::new(one.id)).collect();
    let mut counts = erase::guests(tx, organisation, &ids).await?;
    let [fields, known, changes] = rows::forget(tx, organisation, contact, at).await?;
    counts.add("contact_fields", fields);
    counts.add("contact_ids", known);
    counts.add("contact_changes", changes);
    let erasure = Erasure {
        organisation,
        id: wanted.id,
        contact: contact.id,
        aliases: contact.aliases.clone(),
        division: contact.content.division,
        at,
        actor: wanted.by.actor.name.clone(),
        conversations: ids,
        counts,
        purged_at: None,
    };
    Entity::insert(row(&erasure)?).exec_without_returning(tx).await?;
    let object = format!("contact:{} erasure:{}", contact.id, erasure.id);
    let receipt = Some(json(&erasure.conversations)?);
    record(tx, organisation, &wanted.by, "contact.erase", object, (None, receipt)).await?;
    Ok(erasure)
}

/// Empties some of the conversations that are still to be, and adds that to the receipt; answers of which the contents are gone
/// now, none when there is nothing left to do.
pub(crate) async fn go_on(
    store: &Store,
    (organisation, id): (OrganisationId, ErasureId),
    now: Timestamp,
) -> Result<Vec<ConversationId>, StoreError> {
    store
        .transaction(move |tx| Box::pin(async move { go_on_in(tx, organisation, id, now).await }))
        .await
}

async fn go_on_in(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    id: ErasureId,
    now: Timestamp,
) -> Result<Vec<ConversationId>, StoreError> {
    let receipt = select(organisation).filter(Column::Id.eq(id.uuid())).lock_exclusive();
    let Some(mut erasure) = receipt.one(tx).await?.map(as_erasure).transpose()? else {
        return Ok(Vec::new());
    };
    let next = left(organisation, &erasure)
        .order_by_asc(conversation::Column::Id)
        .limit(CONVERSATIONS as u64)
        .select_only()
        .column(conversation::Column::Id)
        .lock_exclusive();
    let next: Vec<Uuid> = next.into_tuple().all(tx).await?;
    let next: Vec<ConversationId> = next.into_iter().map(ConversationId::new).collect();
    for conversation in &next {
        let erased = erase::contents(tx, (organisation, *conversation), now).await?;
        forgetting::add(tx, (organisation, *conversation), Some(id), now).await?;
        erasure.counts.add_all(erased);
    }
    if !next.is_empty() {
        let counted = ActiveModel {
            organisation_id: Unchanged(organisation.uuid()),
            id: Unchanged(id.uuid()),
            counts: Set(json(&erasure.counts)?),
            ..Default::default()
        };
        Entity::update(counted).exec_without_returning(tx).await?;
    }
    Ok(next)
}

/// How many of a receipt's conversations are not empty yet.
pub(crate) async fn remaining(store: &Store, erasure: &Erasure) -> Result<u64, StoreError> {
    Ok(left(erasure.organisation, erasure).count(store.reader()).await?)
}

fn left(organisation: OrganisationId, erasure: &Erasure) -> sea_orm::Select<conversation::Entity> {
    let family = std::iter::once(erasure.contact).chain(erasure.aliases.iter().copied());
    Scope::of(organisation)
        .find::<conversation::Entity>()
        .filter(conversation::Column::ContactId.is_in(family.map(ContactId::uuid)))
        .filter(conversation::Column::ErasedAt.is_null())
        .filter(conversation::Column::CreatedAt.lte(erasure.at.millis()))
}

/// Notes that the database was cleaned of these.
pub(crate) async fn purged(
    store: &Store,
    ids: Vec<(OrganisationId, ErasureId)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ids = Arc::new(ids);
    store
        .transaction(move |tx| {
            let ids = Arc::clone(&ids);
            Box::pin(async move {
                for (organisation, id) in &*ids {
                    Entity::update_many()
                        .col_expr(Column::PurgedAt, Expr::value(now.millis()))
                        .filter(Column::OrganisationId.eq(organisation.uuid()))
                        .filter(Column::Id.eq(id.uuid()))
                        .exec(tx)
                        .await?;
                }
                Ok(())
            })
        })
        .await
}

/// The receipt of a contact, also of one that had been merged into the one that was erased.
pub(crate) async fn of(
    store: &Store,
    organisation: OrganisationId,
    contact: ContactId,
) -> Result<Option<Erasure>, StoreError> {
    if let Some(receipt) = of_contact(store.reader(), organisation, contact).await? {
        return Ok(Some(receipt));
    }
    let rows = select(organisation).all(store.reader()).await?;
    for row in rows {
        let receipt = as_erasure(row)?;
        if receipt.aliases.contains(&contact) {
            return Ok(Some(receipt));
        }
    }
    Ok(None)
}

/// Receipts of what the database was not cleaned of yet, the oldest first.
pub(crate) async fn unpurged(store: &Store, limit: u64) -> Result<Vec<Erasure>, StoreError> {
    let rows = Entity::find()
        .filter(Column::PurgedAt.is_null())
        .order_by_asc(Column::At)
        .limit(limit)
        .all(store.reader())
        .await?;
    rows.into_iter().map(as_erasure).collect()
}

pub(crate) async fn find(
    store: &Store,
    organisation: OrganisationId,
    id: ErasureId,
) -> Result<Option<Erasure>, StoreError> {
    let row = select(organisation).filter(Column::Id.eq(id.uuid()));
    row.one(store.reader()).await?.map(as_erasure).transpose()
}

pub(crate) async fn list(
    store: &Store,
    organisation: OrganisationId,
    listing: &Listing,
) -> Result<Vec<Erasure>, StoreError> {
    let rows = select(organisation)
        .filter(within(Column::DivisionId, &listing.divisions))
        .apply_if(listing.before, |query, id| query.filter(Column::Id.lt(id.uuid())))
        .order_by_desc(Column::Id)
        .limit(listing.limit)
        .all(store.reader())
        .await?;
    rows.into_iter().map(as_erasure).collect()
}

async fn of_contact(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    contact: ContactId,
) -> Result<Option<Erasure>, StoreError> {
    let row = select(organisation).filter(Column::ContactId.eq(contact.uuid()));
    row.one(connection).await?.map(as_erasure).transpose()
}

fn select(organisation: OrganisationId) -> sea_orm::Select<Entity> {
    Scope::of(organisation).find::<Entity>()
}

fn row(erasure: &Erasure) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        organisation_id: Set(erasure.organisation.uuid()),
        id: Set(erasure.id.uuid()),
        contact_id: Set(erasure.contact.uuid()),
        division_id: Set(erasure.division.uuid()),
        at: Set(erasure.at.millis()),
        actor: Set(erasure.actor.clone()),
        aliases: Set(json(&erasure.aliases)?),
        conversations: Set(json(&erasure.conversations)?),
        counts: Set(json(&erasure.counts)?),
        purged_at: Set(None),
    })
}

fn as_erasure(row: Model) -> Result<Erasure, StoreError> {
    Ok(Erasure {
        organisation: OrganisationId::new(row.organisation_id),
        id: ErasureId::new(row.id),
        contact: ContactId::new(row.contact_id),
        aliases: read(&row.aliases)?,
        division: DivisionId::new(row.division_id),
        at: Timestamp(row.at),
        actor: row.actor,
        conversations: read(&row.conversations)?,
        counts: read(&row.counts)?,
        purged_at: row.purged_at.map(Timestamp),
    })
}

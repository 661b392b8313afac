//! With whom conversations are, and what their guests gave of themselves.

use super::contact_entities::guest_id;
use super::contacts::{By, Judge, New, create_in, locked, record};
use super::entities::conversation;
use super::{Key, broken, contacts};
use crate::contact::{Contact, KnownBy, KnownId};
use onqueue_model::{ContactId, ConversationId, Fault, OrganisationId, Reason};
use onqueue_store::{Scope, Store, StoreError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, prelude::Expr,
};
use std::sync::Arc;
use uuid::Uuid;

/// Something that a guest gave, or that was proved of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub id: KnownId,
    pub is_proved: bool,
}

/// With whom somebody says that a conversation is.
#[derive(Clone)]
pub(crate) struct Confirmation {
    pub conversation: ConversationId,
    /// What it had until now.
    pub former: Option<ContactId>,
    pub with: With,
    pub by: By,
}

/// An agent's word on who the customer is.
#[derive(Clone)]
pub(crate) enum With {
    /// A contact that there is.
    This(ContactId),
    /// Somebody new: what the guest gave is added to it.
    New(Box<New>),
}

/// Writes what guests of new conversations gave.
pub(super) async fn insert(tx: &DatabaseTransaction, given: &[(Key, &Given)]) -> Result<(), StoreError> {
    let rows = given
        .iter()
        .map(|((organisation, conversation), given)| guest_id::ActiveModel {
            organisation_id: Set(organisation.uuid()),
            conversation_id: Set(conversation.uuid()),
            kind: Set(given.id.by.kind()),
            system: Set(given.id.by.system().to_owned()),
            value: Set(given.id.by.value().to_owned()),
            written: Set(given.id.written.clone()),
            proved: Set(given.is_proved),
        });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        guest_id::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// What the guest of a conversation gave.
pub(crate) async fn of(
    connection: &impl ConnectionTrait,
    (organisation, conversation): Key,
) -> Result<Vec<Given>, StoreError> {
    let rows = Scope::of(organisation)
        .find::<guest_id::Entity>()
        .filter(guest_id::Column::ConversationId.eq(conversation.uuid()))
        .order_by_asc(guest_id::Column::Kind)
        .order_by_asc(guest_id::Column::Value)
        .all(connection)
        .await?;
    let read = |row: guest_id::Model| {
        let by = KnownBy::of(row.kind, row.system, row.value).ok_or_else(|| broken("an id of no kind"))?;
        Ok(Given {
            id: KnownId {
                by,
                written: row.written,
            },
            is_proved: row.proved,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Notes with whom the conversation is. What is so already stays as it is; ETAG_MISMATCH if it has another contact than was
/// thought.
pub(crate) async fn confirm(
    store: &Store,
    organisation: OrganisationId,
    judge: Judge<()>,
    confirmation: Confirmation,
) -> Result<Contact, StoreError> {
    let confirmation = Arc::new(confirmation);
    store
        .transaction(move |tx| {
            let (judge, confirmation) = (Arc::clone(&judge), Arc::clone(&confirmation));
            Box::pin(async move { confirm_in(tx, organisation, &judge, &confirmation).await })
        })
        .await
}

async fn confirm_in(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    judge: &Judge<()>,
    confirmation: &Confirmation,
) -> Result<Contact, StoreError> {
    let key = (organisation, confirmation.conversation);
    let has = held(tx, key).await?;
    if let Some(present) = already(tx, organisation, has, &confirmation.with).await? {
        return Ok(present);
    }
    if has != confirmation.former {
        let has = has.map(|id| id.to_string()).unwrap_or_default();
        return Err(Fault::etag_mismatch(has).into());
    }
    let by = &confirmation.by;
    let contact = match &confirmation.with {
        With::This(id) => {
            let contact = locked(tx, organisation, *id).await?;
            judge(&contact)?;
            contact
        }
        With::New(new) => create_in(tx, organisation, &with_given(tx, key, new).await?, by).await?,
    };
    conversation::Entity::update_many()
        .col_expr(conversation::Column::ContactId, Expr::value(contact.id.uuid()))
        .filter(conversation::Column::OrganisationId.eq(organisation.uuid()))
        .filter(conversation::Column::Id.eq(confirmation.conversation.uuid()))
        .exec(tx)
        .await?;
    if let With::This(_) = confirmation.with {
        let object = format!("conversation:{} contact:{}", confirmation.conversation, contact.id);
        let text = |id: ContactId| id.to_string();
        record(
            tx,
            organisation,
            by,
            "conversation.contact",
            object,
            (has.map(text), Some(text(contact.id))),
        )
        .await?;
    }
    Ok(contact)
}

/// The conversation's contact, whose row the transaction holds.
async fn held(tx: &DatabaseTransaction, (organisation, id): Key) -> Result<Option<ContactId>, StoreError> {
    let row: Option<Option<Uuid>> = Scope::of(organisation)
        .find::<conversation::Entity>()
        .filter(conversation::Column::Id.eq(id.uuid()))
        .select_only()
        .column(conversation::Column::ContactId)
        .lock_exclusive()
        .into_tuple()
        .one(tx)
        .await?;
    let not_found = || Fault::new(Reason::ConversationNotFound, "there is no such conversation");
    let row = row.ok_or_else(not_found)?;
    Ok(row.map(ContactId::new))
}

/// The contact, if the conversation is with it already.
async fn already(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    has: Option<ContactId>,
    with: &With,
) -> Result<Option<Contact>, StoreError> {
    let Some(has) = has else {
        return Ok(None);
    };
    let is_it = match with {
        With::This(id) => *id == has,
        With::New(new) => {
            let row = contacts::row(tx, organisation, has).await?;
            let request = new.once.map(|once| once.request);
            row.is_some_and(|row| request.is_some() && row.request_id == request)
        }
    };
    if !is_it {
        return Ok(None);
    }
    let found = contacts::find(tx, organisation, has).await?;
    Ok(found.filter(|contact| !contact.is_deleted))
}

/// A new contact with what the guest gave; external ids that are another's are left out.
async fn with_given(tx: &DatabaseTransaction, key: Key, new: &New) -> Result<New, StoreError> {
    let mut new = new.clone();
    for given in of(tx, key).await? {
        let held = super::contact_ids::holders(tx, key.0, [&given.id.by]).await?;
        if held.iter().all(|row| row.kind != 3) {
            new.content.ids.push(given.id);
        }
    }
    Ok(new)
}

//! Finding the contact of whom a web site proves who they are, or making it.

use super::contact_entities::contact_id;
use super::contact_ids;
use super::contacts::{By, New, create_in, locked, write};
use crate::contact::{Contact, Content, KnownBy, KnownId};
use onqueue_model::{ContactId, OrganisationId, Reason};
use onqueue_store::{Store, StoreError};
use sea_orm::DatabaseTransaction;
use std::sync::Arc;

/// How often it is tried to find or make somebody whom others find or make at the same time.
const ATTEMPTS: u32 = 4;

/// Somebody of whom it is proved by what they are known, the surest first.
#[derive(Clone, Debug)]
pub(crate) struct Proved {
    /// The contact that is made if there is none; all its ids are proved.
    pub new: New,
    pub by: By,
}

/// The contact that is known by one of the ids: by its name in another system, or by an address that was proved before. It is
/// known by the others too from then on, unless another one is.
pub(crate) async fn recognise(
    store: &Store,
    organisation: OrganisationId,
    proved: Proved,
) -> Result<ContactId, StoreError> {
    let proved = Arc::new(proved);
    let once = || {
        let proved = Arc::clone(&proved);
        store.transaction(move |tx| {
            let proved = Arc::clone(&proved);
            Box::pin(async move { recognise_in(tx, organisation, &proved).await })
        })
    };
    let mut left = ATTEMPTS;
    loop {
        left -= 1;
        match once().await {
            // The same customer came twice at once: now what the other made is there to be found.
            Err(error) if left > 0 && is_of_another(&error) => {}
            other => return other,
        }
    }
}

fn is_of_another(error: &StoreError) -> bool {
    match error {
        StoreError::Refused(fault) => fault.reason == Reason::NameTaken,
        other => other.is_unique(),
    }
}

async fn recognise_in(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    proved: &Proved,
) -> Result<ContactId, StoreError> {
    let ids = &proved.new.content.ids;
    let known: Vec<&KnownBy> = ids.iter().map(|id| &id.by).collect();
    let mut holders = Vec::new();
    for row in contact_ids::holders(tx, organisation, known).await? {
        holders.push((contact_ids::known(&row)?, row));
    }
    let surest = ids.iter().find_map(|id| {
        let sure = |(known, row): &&(KnownBy, contact_id::Model)| *known == id.by && (row.kind == 3 || row.proved);
        holders.iter().find(sure)
    });
    let Some((_, row)) = surest else {
        let free = |id: &&KnownId| !holders.iter().any(|(known, row)| *known == id.by && row.proved);
        let ids = ids.iter().filter(free).cloned().collect();
        let new = New {
            content: Content {
                ids,
                ..proved.new.content.clone()
            },
            ..proved.new.clone()
        };
        return Ok(create_in(tx, organisation, &new, &proved.by).await?.id);
    };
    let (owner, root) = (ContactId::new(row.contact_id), ContactId::new(row.root_id));
    let contact = locked(tx, organisation, root).await?;
    learn(tx, organisation, (&contact, &holders), proved).await?;
    Ok(owner)
}

/// What the assertion proves of the contact beside that by which it was found.
async fn learn(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (contact, holders): (&Contact, &[(KnownBy, contact_id::Model)]),
    proved: &Proved,
) -> Result<(), StoreError> {
    let mut content = contact.content.clone();
    for id in &proved.new.content.ids {
        let held: Vec<_> = holders.iter().filter(|(known, _)| *known == id.by).collect();
        let is_anothers = held.iter().any(|(_, row)| row.proved || row.kind == 3);
        if is_anothers || contact.proved.contains(&id.by) {
            continue;
        }
        match held.iter().find(|(_, row)| row.root_id == contact.id.uuid()) {
            Some((known, row)) => {
                contact_ids::prove(tx, organisation, ContactId::new(row.contact_id), known).await?;
            }
            None => content.ids.push(id.clone()),
        }
    }
    if !contact.content.differences(&content).is_empty() {
        write(tx, organisation, contact, content, &proved.by, "contact.update").await?;
    }
    Ok(())
}

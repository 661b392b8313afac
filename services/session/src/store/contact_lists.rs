//! Which contacts there are, which a conversation may be with, and which conversations one has.

use super::contact_entities::contact::{Column, Entity};
use super::conversations::{Conversation, read_whole};
use super::entities::{conversation, participant};
use super::{contact_ids, contact_rows as rows};
use crate::contact::{Contact, KnownBy};
use onqueue_model::{ContactId, ConversationId, Divisions, OrganisationId, QueueId, UserId};
use onqueue_store::{
    Scope, Store, StoreError,
    query::{fold, starting_after_both, within},
};
use sea_orm::{
    ColumnTrait as _, Condition, ExprTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
    Select,
    sea_query::{Expr, Query},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Which contacts to list, by name.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub divisions: Divisions,
    /// Whose name begins with it.
    pub text: String,
    /// Who is known by all of these.
    pub known: Vec<KnownBy>,
    pub after: Option<NamePlace>,
    pub limit: u64,
}

/// Where a page of contacts ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NamePlace(String, Uuid);

impl NamePlace {
    pub fn of(contact: &Contact) -> Self {
        Self(fold(&contact.content.name), contact.id.uuid())
    }
}

/// Which conversations of a contact are listed, the newest first.
#[derive(Clone, Debug)]
pub(crate) struct Visible {
    /// Those that are in one of these queues …
    pub queues: Vec<QueueId>,
    /// … or in which this user took part.
    pub user: Option<UserId>,
    pub before: Option<ConversationId>,
    pub limit: u64,
}

pub(crate) async fn list(
    store: &Store,
    organisation: OrganisationId,
    listing: &Listing,
) -> Result<Vec<Contact>, StoreError> {
    let place = listing.after.clone().map(|NamePlace(name, id)| (name, id));
    let mut wanted = there(organisation)
        .filter(within(Column::DivisionId, &listing.divisions))
        .filter(starting_after_both(
            Column::NameFolded,
            Column::Id,
            &fold(&listing.text),
            place,
        ));
    for known in &listing.known {
        let holders = contact_ids::holders(store.reader(), organisation, [known]).await?;
        let roots: BTreeSet<Uuid> = holders.into_iter().map(|row| row.root_id).collect();
        wanted = wanted.filter(Column::Id.is_in(roots));
    }
    let found = wanted
        .order_by_asc(Column::NameFolded)
        .order_by_asc(Column::Id)
        .limit(listing.limit)
        .all(store.reader())
        .await?;
    rows::whole(store.reader(), organisation, found).await
}

/// Neither deleted nor an alias.
fn there(organisation: OrganisationId) -> Select<Entity> {
    Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::DeletedAt.is_null())
        .filter(Column::MergedInto.is_null())
}

/// Contacts of these divisions that are known by one of these; those known by more of them first.
pub(crate) async fn suggestions(
    store: &Store,
    organisation: OrganisationId,
    known: &[KnownBy],
    (divisions, limit): (&Divisions, usize),
) -> Result<Vec<(Contact, Vec<KnownBy>)>, StoreError> {
    let mut holders: Vec<(Uuid, KnownBy)> = Vec::new();
    for row in contact_ids::holders(store.reader(), organisation, known).await? {
        holders.push((row.root_id, contact_ids::known(&row)?));
    }
    let roots: BTreeSet<Uuid> = holders.iter().map(|(root, _)| *root).collect();
    let found = there(organisation)
        .filter(Column::Id.is_in(roots))
        .filter(within(Column::DivisionId, divisions))
        .all(store.reader())
        .await?;
    let found = rows::whole(store.reader(), organisation, found).await?;
    let with = |contact: Contact| {
        let mine = holders.iter().filter(|(root, _)| *root == contact.id.uuid());
        let matched: BTreeSet<KnownBy> = mine.map(|(_, known)| known.clone()).collect();
        (contact, matched.into_iter().collect::<Vec<_>>())
    };
    let mut suggested: Vec<_> = found.into_iter().map(with).collect();
    suggested.sort_by_key(|(contact, matched)| (std::cmp::Reverse(matched.len()), contact.id));
    suggested.truncate(limit);
    Ok(suggested)
}

/// Conversations of the contact and of its aliases.
pub(crate) async fn conversations(
    store: &Store,
    organisation: OrganisationId,
    contact: &Contact,
    visible: &Visible,
) -> Result<Vec<Conversation>, StoreError> {
    use conversation::Column as C;
    let page = Scope::of(organisation)
        .find::<conversation::Entity>()
        .filter(C::ContactId.is_in(rows::family(contact).map(ContactId::uuid)))
        .filter(may_be_seen(visible))
        .apply_if(visible.before, |query, id| query.filter(C::Id.lt(id.uuid())))
        .order_by_desc(C::Id)
        .limit(visible.limit)
        .select_only()
        .column(C::Id);
    let wanted = Scope::of(organisation)
        .find::<conversation::Entity>()
        .filter(C::Id.in_subquery(page.into_query()));
    let mut found = read_whole(store, wanted).await?;
    found.reverse();
    Ok(found)
}

fn may_be_seen(visible: &Visible) -> Condition {
    use conversation::Column as C;
    use participant::Column as P;
    let queues = visible.queues.iter().map(|queue| queue.uuid());
    let mut any = Condition::any().add(C::QueueId.is_in(queues));
    if let Some(user) = visible.user {
        let of = |column: P| Expr::col((participant::Entity, column));
        let took_part = Query::select()
            .expr(Expr::value(1))
            .from(participant::Entity)
            .and_where(of(P::OrganisationId).equals((conversation::Entity, C::OrganisationId)))
            .and_where(of(P::ConversationId).equals((conversation::Entity, C::Id)))
            .and_where(of(P::UserId).eq(user.uuid()))
            .to_owned();
        any = any.add(Expr::exists(took_part));
    }
    any
}

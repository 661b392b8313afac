//! Which contacts there are, which a conversation may be with, and which conversations one has.

use super::contact_entities::contact::{Column, Entity, Model};
use super::conversations::{Conversation, find_many};
use super::entities::{conversation, participant};
use super::{contact_ids, contact_rows as rows, listing};
use crate::contact::{Contact, KnownBy};
use onqueue_model::{ContactId, ConversationId, DivisionId, Divisions, OrganisationId, QueueId, UserId};
use onqueue_store::{
    Scope, Store, StoreError,
    query::{fold, starting_after_place},
};
use sea_orm::{
    ColumnTrait as _, Condition, ExprTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
    Select,
    sea_query::{Expr, Func, Query},
};
use serde::{Deserialize, Serialize};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};
use uuid::Uuid;

/// How many contacts are read by their ids with one statement.
const AT_ONCE: usize = 200;

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
pub(crate) struct NamePlace(pub(super) String, pub(super) Uuid);

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
    let found = match listing.known.is_empty() {
        true => listing::read(store.reader(), pages(organisation, listing)).await?,
        false => known(store, organisation, listing).await?,
    };
    let found = listing::first(found, listing.limit, |row| (row.name_folded.clone(), row.id));
    rows::whole(store.reader(), organisation, found).await
}

/// One for each division: an index has its contacts in order.
pub(super) fn pages(organisation: OrganisationId, listing: &Listing) -> Vec<Select<Entity>> {
    let place = listing.after.clone().map(|NamePlace(name, id)| (name, id));
    let text = fold(&listing.text);
    let all = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::DeletedAt.is_null())
        .filter(Column::MergedInto.is_null())
        .filter(starting_after_place(Column::NameFolded, Column::Id, &text, place))
        .order_by_asc(Column::NameFolded)
        .order_by_asc(Column::Id)
        .limit(listing.limit);
    let each = listing::each(Column::DivisionId, &listing.divisions).into_iter();
    each.map(|division| all.clone().filter(division)).collect()
}

/// Those who are known by everything that is asked for: few beside those whose names fit.
async fn known(store: &Store, organisation: OrganisationId, listing: &Listing) -> Result<Vec<Model>, StoreError> {
    let mut roots: Option<BTreeSet<Uuid>> = None;
    for known in &listing.known {
        let holders = contact_ids::holders(store.reader(), organisation, [known]).await?;
        let holders = holders.into_iter().map(|row| row.root_id);
        roots = Some(match roots {
            None => holders.collect(),
            Some(roots) => holders.filter(|root| roots.contains(root)).collect(),
        });
    }
    let roots: Vec<Uuid> = roots.into_iter().flatten().collect();
    let text = fold(&listing.text);
    let fits = |row: &Model| {
        let is_after = |NamePlace(name, id): &NamePlace| (&row.name_folded, &row.id) > (name, id);
        row.name_folded.starts_with(&text) && listing.after.as_ref().is_none_or(is_after)
    };
    let mut found = there(store, organisation, &roots, &listing.divisions).await?;
    found.retain(fits);
    Ok(found)
}

/// Those of these ids that are neither deleted nor an alias, in these divisions.
async fn there(
    store: &Store,
    organisation: OrganisationId,
    ids: &[Uuid],
    divisions: &Divisions,
) -> Result<Vec<Model>, StoreError> {
    let mut found = Vec::new();
    for ids in ids.chunks(AT_ONCE) {
        found.extend(among(organisation, ids).all(store.reader()).await?);
    }
    found.retain(|row| {
        let is_there = row.deleted_at.is_none() && row.merged_into.is_none();
        is_there && divisions.contains(&DivisionId::new(row.division_id))
    });
    Ok(found)
}

/// Deleted ones and aliases too: asked for the others, PostgreSQL may take the index of their names and read all of the
/// organisation's, as long as it has no figures of the table.
pub(super) fn among(organisation: OrganisationId, ids: &[Uuid]) -> Select<Entity> {
    let all = Scope::of(organisation).find::<Entity>();
    all.filter(Column::Id.is_in(ids.iter().copied()))
}

/// Contacts of these divisions that are known by one of these; those known by more of them first.
pub(crate) async fn suggestions(
    store: &Store,
    organisation: OrganisationId,
    known: &[KnownBy],
    (divisions, limit): (&Divisions, usize),
) -> Result<Vec<(Contact, Vec<KnownBy>)>, StoreError> {
    let mut matched: BTreeMap<Uuid, BTreeSet<KnownBy>> = BTreeMap::new();
    for row in contact_ids::holders(store.reader(), organisation, known).await? {
        matched
            .entry(row.root_id)
            .or_default()
            .insert(contact_ids::known(&row)?);
    }
    let mut roots: Vec<Uuid> = matched.keys().copied().collect();
    roots.sort_by_key(|root| (Reverse(matched.get(root).map_or(0, BTreeSet::len)), *root));
    let mut found = Vec::new();
    // An address that everybody gives is many people's.
    for some in roots.chunks(AT_ONCE) {
        let place = |row: &Model| some.iter().position(|root| *root == row.id);
        let mut rows = there(store, organisation, some, divisions).await?;
        rows.sort_by_key(place);
        found.append(&mut rows);
        if found.len() >= limit {
            break;
        }
    }
    found.truncate(limit);
    let found = rows::whole(store.reader(), organisation, found).await?;
    let mut with = |contact: Contact| {
        let matched = matched.remove(&contact.id.uuid()).unwrap_or_default();
        (contact, matched.into_iter().collect())
    };
    Ok(found.into_iter().map(&mut with).collect())
}

/// Conversations of the contact and of its aliases.
pub(crate) async fn conversations(
    store: &Store,
    organisation: OrganisationId,
    contact: &Contact,
    visible: &Visible,
) -> Result<Vec<Conversation>, StoreError> {
    let mut ids: Vec<Uuid> = Vec::new();
    for one in rows::family(contact) {
        let page = conversations_of(organisation, one, visible);
        ids.extend(page.into_tuple::<Uuid>().all(store.reader()).await?);
    }
    let ids = listing::first(ids, visible.limit, |id| Reverse(*id));
    let mut found = find_many(store, organisation, ids.into_iter().map(ConversationId::new)).await?;
    found.reverse();
    Ok(found)
}

/// Those of one contact without its aliases.
pub(super) fn conversations_of(
    organisation: OrganisationId,
    contact: ContactId,
    visible: &Visible,
) -> Select<conversation::Entity> {
    use conversation::Column as C;
    Scope::of(organisation)
        .find::<conversation::Entity>()
        .filter(C::ContactId.eq(contact.uuid()))
        .filter(may_be_seen(visible))
        .apply_if(visible.before, |query, id| query.filter(C::Id.lt(id.uuid())))
        .order_by_desc(C::Id)
        .limit(visible.limit)
        .select_only()
        .column(C::Id)
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
            // Who took part in this one, rather than in what the user did: a guest's own id is nobody's, and no index of
            // users has it, so SQLite takes that of the conversation. With an offset PostgreSQL asks anew for each.
            .and_where(Func::coalesce([of(P::UserId), of(P::Id)]).eq(user.uuid()))
            .limit(1)
            .offset(0)
            .to_owned();
        any = any.add(Expr::exists(took_part));
    }
    any
}

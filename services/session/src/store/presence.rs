//! Which guests are there, since when the others are not, and which replicas live to say so.

use super::entities::{guest_presence, replica};
use super::{Key, conversations::Conversation, sql::Sql};
use onqueue_model::{ConversationId, OrganisationId, Timestamp};
use onqueue_store::{Scope, Store, StoreError};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _,
    QuerySelect as _,
    sea_query::{Expr, OnConflict},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use uuid::Uuid;

/// How many are written or looked up in one statement: SQLite takes 32,766 values.
const AT_ONCE: usize = 5_000;

/// Where a guest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// Has a stream at this replica.
    Here,
    /// Has none since then, as far as this replica knows.
    Away(Timestamp),
}

/// Writes down what a replica, which lives now, knows of guests. Of one who has gone to another replica since it knows
/// nothing.
pub(crate) async fn write(
    store: &Store,
    (replica, now): (Uuid, Timestamp),
    guests: BTreeMap<Key, Whereabouts>,
) -> Result<(), StoreError> {
    let guests = Arc::new(guests);
    store
        .transaction(move |tx| {
            let guests = Arc::clone(&guests);
            Box::pin(async move {
                lives(tx, replica, now).await?;
                let rows: Vec<_> = guests.iter().map(|(key, at)| row(*key, *at, replica)).collect();
                for some in rows.chunks(AT_ONCE) {
                    upsert(tx, some.to_vec(), replica).await?;
                }
                Ok(())
            })
        })
        .await
}

fn row((organisation, conversation): Key, at: Whereabouts, replica: Uuid) -> guest_presence::ActiveModel {
    let (replica, since) = match at {
        Whereabouts::Here => (Some(replica), None),
        Whereabouts::Away(since) => (None, Some(since.millis())),
    };
    guest_presence::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        conversation_id: Set(conversation.uuid()),
        replica_id: Set(replica),
        away_since: Set(since),
    }
}

/// In order of the key, so that replicas wait for each other in turn.
async fn upsert(
    tx: &DatabaseTransaction,
    rows: Vec<guest_presence::ActiveModel>,
    replica: Uuid,
) -> Result<(), StoreError> {
    use guest_presence::Column as C;
    let kept = Expr::col((guest_presence::Entity, C::ReplicaId));
    let comes = Expr::col(("excluded", "away_since")).is_null();
    let change = OnConflict::columns([C::OrganisationId, C::ConversationId])
        .update_columns([C::ReplicaId, C::AwaySince])
        .action_and_where(comes.or(kept.eq(replica)))
        .to_owned();
    guest_presence::Entity::insert_many(rows)
        .on_conflict(change)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Since when the guests of these conversations have been away; of one who never came nothing is known.
pub(crate) async fn find(
    store: &Store,
    organisation: OrganisationId,
    ids: &[ConversationId],
) -> Result<HashMap<ConversationId, Option<Timestamp>>, StoreError> {
    let mut found = HashMap::new();
    for some in ids.chunks(AT_ONCE) {
        let rows = Scope::of(organisation)
            .find::<guest_presence::Entity>()
            .filter(guest_presence::Column::ConversationId.is_in(some.iter().map(|id| id.uuid())))
            .all(store.reader())
            .await?;
        let since =
            |row: guest_presence::Model| (ConversationId::new(row.conversation_id), row.away_since.map(Timestamp));
        found.extend(rows.into_iter().map(since));
    }
    Ok(found)
}

/// Notes of conversations that go on since when their guests have been away: who never came, from the beginning.
pub(crate) async fn note(store: &Store, conversations: &mut [Conversation]) -> Result<(), StoreError> {
    let open = conversations.iter_mut().filter(|one| one.head.ended().is_none());
    let going_on: Vec<&mut Conversation> = open.collect();
    let Some(organisation) = going_on.first().map(|one| one.head.organisation) else {
        return Ok(());
    };
    let ids: Vec<ConversationId> = going_on.iter().map(|one| one.head.conversation).collect();
    let known = find(store, organisation, &ids).await?;
    for one in going_on {
        let noted = known.get(&one.head.conversation).copied();
        one.guest_away_since = noted.unwrap_or(Some(one.created_at));
    }
    Ok(())
}

/// Those of these guests, who have streams here, who count as away.
pub(crate) async fn mistaken(store: &Store, here: &[Key]) -> Result<Vec<Key>, StoreError> {
    let mut by_organisation: BTreeMap<OrganisationId, Vec<ConversationId>> = BTreeMap::new();
    for (organisation, id) in here {
        by_organisation.entry(*organisation).or_default().push(*id);
    }
    let mut mistaken = Vec::new();
    for (organisation, ids) in by_organisation {
        let found = find(store, organisation, &ids).await?;
        let away = found.into_iter().filter(|(_, since)| since.is_some());
        mistaken.extend(away.map(|(id, _)| (organisation, id)));
    }
    Ok(mistaken)
}

/// The replica lives.
pub(crate) async fn beat(store: &Store, replica: Uuid, now: Timestamp) -> Result<(), StoreError> {
    store.transaction(move |tx| Box::pin(lives(tx, replica, now))).await
}

async fn lives(tx: &DatabaseTransaction, replica: Uuid, now: Timestamp) -> Result<(), StoreError> {
    let row = replica::ActiveModel {
        id: Set(replica),
        seen_at: Set(now.millis()),
    };
    let seen = OnConflict::column(replica::Column::Id)
        .update_column(replica::Column::SeenAt)
        .to_owned();
    replica::Entity::insert(row)
        .on_conflict(seen)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Replicas that were not heard of since then.
pub(crate) async fn silent(store: &Store, since: Timestamp) -> Result<Vec<Uuid>, StoreError> {
    let silent = replica::Entity::find().filter(replica::Column::SeenAt.lt(since.millis()));
    let rows = silent.select_only().column(replica::Column::Id).into_tuple();
    Ok(rows.all(store.reader()).await?)
}

/// These replicas are no more: whoever was there is away from now on.
pub(crate) async fn bury(store: &Store, replicas: Vec<Uuid>, now: Timestamp) -> Result<(), StoreError> {
    store
        .transaction(move |tx| {
            let replicas = replicas.clone();
            Box::pin(async move {
                guest_presence::Entity::update_many()
                    .col_expr(guest_presence::Column::AwaySince, Expr::value(now.millis()))
                    .col_expr(guest_presence::Column::ReplicaId, Expr::value(None::<Uuid>))
                    .filter(guest_presence::Column::ReplicaId.is_in(replicas.clone()))
                    .exec(tx)
                    .await?;
                replica::Entity::delete_many()
                    .filter(replica::Column::Id.is_in(replicas))
                    .exec(tx)
                    .await?;
                Ok(())
            })
        })
        .await
}

/// Forgets the guests of conversations that are over.
pub(crate) async fn tidy(store: &Store) -> Result<(), StoreError> {
    const OVER: &str = "DELETE FROM session_guest_presence WHERE EXISTS (SELECT 1 FROM session_conversations AS over \
        WHERE over.organisation_id = session_guest_presence.organisation_id \
        AND over.id = session_guest_presence.conversation_id AND over.state = 5)";
    store
        .transaction(|tx| {
            Box::pin(async move {
                tx.execute_unprepared(OVER).await?;
                Ok(())
            })
        })
        .await
}

/// Chats that wait for an agent, and whose guest has been away for as long as their queue allows; the longest first. Who never
/// came is away from the beginning.
pub(crate) async fn given_up(store: &Store, now: Timestamp, limit: u64) -> Result<Vec<Key>, StoreError> {
    let mut sql = Sql::new(
        store.reader().get_database_backend(),
        "SELECT waiting.organisation_id, waiting.id FROM session_conversations AS waiting \
         JOIN session_queue_policies AS policy ON policy.organisation_id = waiting.organisation_id \
         AND policy.queue_id = waiting.queue_id \
         LEFT JOIN session_guest_presence AS guest ON guest.organisation_id = waiting.organisation_id \
         AND guest.conversation_id = waiting.id \
         WHERE waiting.state < 4 AND waiting.kind = 1 \
         AND (guest.conversation_id IS NULL OR guest.away_since IS NOT NULL) \
         AND COALESCE(guest.away_since, waiting.created_at) + policy.abandon_after_ms <= ",
    );
    sql.value("bigint", now.millis().into())
        .text(" ORDER BY COALESCE(guest.away_since, waiting.created_at), waiting.id LIMIT ")
        .value("bigint", i64::try_from(limit).unwrap_or(i64::MAX).into());
    let rows = store.reader().query_all_raw(sql.done()).await?;
    rows.iter()
        .map(|row| {
            let (organisation, id): (Uuid, Uuid) = (row.try_get("", "organisation_id")?, row.try_get("", "id")?);
            Ok((OrganisationId::new(organisation), ConversationId::new(id)))
        })
        .collect()
}

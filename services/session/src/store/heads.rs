//! The heads of conversations within the transaction that moves them on. Whatever locks several locks them in order of
//! organisation and id, so that transactions wait for each other in turn and never in a ring.

use super::conversations::{as_heads, assistance_text, attributes_text, opening_number, state_code};
use super::entities::conversation;
use super::plan::{Change, Plan};
use super::{Key, sql::Sql};
use onqueue_chat::{Head, State};
use onqueue_model::{ConversationId, OrganisationId, QueueId, Timestamp};
use onqueue_store::StoreError;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, DatabaseTransaction, DbBackend, EntityTrait as _,
    ExprTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select, Value,
    sea_query::{Expr, LockBehavior, LockType},
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How many values one list of a statement holds.
const AT_ONCE: usize = 10_000;

/// Heads for deciding upon; the transaction holds their rows until it ends.
pub(super) async fn locked(tx: &DatabaseTransaction, keys: &BTreeSet<Key>) -> Result<Vec<Head>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows = in_order(keys).lock(LockType::Update).all(tx).await?;
    as_heads(tx, rows).await
}

/// Those whose inactivity is to be looked at, the longest due first. The transaction holds their rows until it ends; what
/// another one holds is left to it.
pub(super) async fn due(tx: &DatabaseTransaction, now: Timestamp, limit: u64) -> Result<BTreeSet<Key>, StoreError> {
    use conversation::Column as C;
    let rows: Vec<(Uuid, Uuid)> = conversation::Entity::find()
        .filter(C::CheckAt.lte(now.millis()))
        .order_by_asc(C::CheckAt)
        .limit(limit)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .select_only()
        .columns([C::OrganisationId, C::Id])
        .into_tuple()
        .all(tx)
        .await?;
    let key = |(organisation, id)| (OrganisationId::new(organisation), ConversationId::new(id));
    Ok(rows.into_iter().map(key).collect())
}

/// Has the connected conversations of a queue looked at now.
pub(super) async fn look_again(
    tx: &DatabaseTransaction,
    (organisation, queue): (OrganisationId, QueueId),
    now: Timestamp,
) -> Result<(), StoreError> {
    use conversation::Column as C;
    let of_queue = C::OrganisationId
        .eq(organisation.uuid())
        .and(C::QueueId.eq(queue.uuid()))
        .and(C::CheckAt.gt(now.millis()));
    let in_order = conversation::Entity::find().filter(of_queue).order_by_asc(C::Id);
    let in_order = in_order.select_only().column(C::Id).lock(LockType::Update);
    let ids: Vec<Uuid> = in_order.into_tuple().all(tx).await?;
    for some in ids.chunks(AT_ONCE) {
        conversation::Entity::update_many()
            .col_expr(C::CheckAt, Expr::value(now.millis()))
            .filter(C::OrganisationId.eq(organisation.uuid()))
            .filter(C::Id.is_in(some.iter().copied()))
            .exec(tx)
            .await?;
    }
    Ok(())
}

fn in_order(keys: &BTreeSet<Key>) -> Select<conversation::Entity> {
    use conversation::Column as C;
    let mut by_organisation: BTreeMap<OrganisationId, Vec<Uuid>> = BTreeMap::new();
    for (organisation, id) in keys {
        by_organisation.entry(*organisation).or_default().push(id.uuid());
    }
    let wanted = by_organisation.into_iter().map(|(organisation, mut ids)| {
        // One of them more often, so that there are few texts of the statement: see `Sql::rows`.
        let filled = ids.len().next_power_of_two();
        ids.resize(filled, ids[0]);
        C::OrganisationId.eq(organisation.uuid()).and(C::Id.is_in(ids))
    });
    conversation::Entity::find()
        .filter(wanted.fold(Condition::any(), Condition::add))
        .order_by_asc(C::OrganisationId)
        .order_by_asc(C::Id)
}

/// Moves each head from what was decided upon to what comes after it; answers which were still so.
pub(super) async fn advance(tx: &DatabaseTransaction, plan: &Plan) -> Result<BTreeSet<Uuid>, StoreError> {
    let (narrow, wide): (Vec<&Change>, Vec<&Change>) = plan.changes.values().partition(|change| change.is_narrow());
    if !narrow.is_empty() && !wide.is_empty() {
        lock(tx, plan).await?;
    }
    let mut hits = update(tx, &NARROW, narrow.iter().map(|change| narrow_row(change)).collect()).await?;
    hits.extend(update(tx, &WIDE, wide.iter().map(|change| wide_row(change)).collect()).await?);
    Ok(hits)
}

/// For what takes two statements: each alone would lock in order, both together would not.
async fn lock(tx: &DatabaseTransaction, plan: &Plan) -> Result<(), StoreError> {
    if tx.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let keys = plan.changes.keys().copied().collect();
    let rows = in_order(&keys).select_only().column(conversation::Column::Id);
    let _: Vec<Uuid> = rows.lock(LockType::Update).into_tuple().all(tx).await?;
    Ok(())
}

/// An UPDATE: its first columns say which row and as what, the others what it becomes.
struct Update<const N: usize> {
    compared: usize,
    columns: [(&'static str, &'static str); N],
}

const NARROW: Update<10> = Update {
    compared: 3,
    columns: [
        ("organisation_id", "uuid"),
        ("id", "uuid"),
        ("last_sequence", "bigint"),
        ("last_sequence", "bigint"),
        ("last_public_sequence", "bigint"),
        ("last_agent_sequence", "bigint"),
        ("head_hash", "bytea"),
        ("last_activity_at", "bigint"),
        ("guest_active_at", "bigint"),
        ("agent_active_at", "bigint"),
    ],
};

const WIDE: Update<23> = Update {
    compared: 5,
    columns: [
        ("organisation_id", "uuid"),
        ("id", "uuid"),
        ("last_sequence", "bigint"),
        ("report_epoch", "bigint"),
        ("report_position", "bigint"),
        ("last_sequence", "bigint"),
        ("last_public_sequence", "bigint"),
        ("last_agent_sequence", "bigint"),
        ("head_hash", "bytea"),
        ("last_activity_at", "bigint"),
        ("guest_active_at", "bigint"),
        ("agent_active_at", "bigint"),
        ("opening", "integer"),
        ("assistance", "text"),
        ("attributes", "text"),
        ("state", "smallint"),
        ("queue_id", "uuid"),
        ("report_epoch", "bigint"),
        ("report_position", "bigint"),
        ("warned_at", "bigint"),
        ("check_at", "bigint"),
        ("ended_at", "bigint"),
        ("end_reason", "smallint"),
    ],
};

fn narrow_row(change: &Change) -> [Value; 10] {
    let (before, after) = (&change.before, &change.after);
    [
        after.organisation.uuid().into(),
        after.conversation.uuid().into(),
        before.numbers.sequence.into(),
        after.numbers.sequence.into(),
        after.numbers.public.into(),
        after.numbers.agents.into(),
        after.hash.to_vec().into(),
        after.last_activity_at.millis().into(),
        after.guest_active_at.millis().into(),
        after.agent_active_at.millis().into(),
    ]
}

fn wide_row(change: &Change) -> [Value; 23] {
    let (before, after) = (&change.before, &change.after);
    let millis = |at: Option<Timestamp>| at.map(Timestamp::millis);
    let (ended_at, end_reason) = match after.state {
        State::Ended { at, reason } => (Some(at), Some(reason.code())),
        _ => (None, None),
    };
    [
        after.organisation.uuid().into(),
        after.conversation.uuid().into(),
        before.numbers.sequence.into(),
        before.reported.epoch.into(),
        before.reported.position.into(),
        after.numbers.sequence.into(),
        after.numbers.public.into(),
        after.numbers.agents.into(),
        after.hash.to_vec().into(),
        after.last_activity_at.millis().into(),
        after.guest_active_at.millis().into(),
        after.agent_active_at.millis().into(),
        opening_number(after).into(),
        assistance_text(after).into(),
        attributes_text(after).into(),
        state_code(after.state).into(),
        after.queue.uuid().into(),
        after.reported.epoch.into(),
        after.reported.position.into(),
        millis(after.warned_at).into(),
        millis(after.check_at).into(),
        millis(ended_at).into(),
        end_reason.into(),
    ]
}

async fn update<const N: usize>(
    tx: &DatabaseTransaction,
    update: &Update<N>,
    mut rows: Vec<[Value; N]>,
) -> Result<BTreeSet<Uuid>, StoreError> {
    let statement = match rows.len() {
        0 => return Ok(BTreeSet::new()),
        1 => plain(tx, update, rows.remove(0)),
        _ => joined(tx, update, rows),
    };
    let hits = tx.query_all_raw(statement.done()).await?;
    hits.iter().map(|row| Ok(row.try_get("", "id")?)).collect()
}

/// For one row: the plain statement costs less than half of a joined one.
fn plain<const N: usize>(tx: &DatabaseTransaction, update: &Update<N>, row: [Value; N]) -> Sql {
    let mut sql = Sql::new(tx.get_database_backend(), "UPDATE session_conversations SET ");
    let mut row = row.into_iter();
    let compared: Vec<Value> = row.by_ref().take(update.compared).collect();
    for (at, ((column, kind), value)) in update.columns[update.compared..].iter().zip(row).enumerate() {
        sql.text(if at == 0 { "" } else { ", " })
            .text(column)
            .text(" = ")
            .value(kind, value);
    }
    for (at, ((column, kind), value)) in update.columns.iter().zip(compared).enumerate() {
        sql.text(if at == 0 { " WHERE " } else { " AND " })
            .text(column)
            .text(" = ")
            .value(kind, value);
    }
    sql.text(" RETURNING id");
    sql
}

/// For many rows in one statement.
fn joined<const N: usize>(tx: &DatabaseTransaction, update: &Update<N>, rows: Vec<[Value; N]>) -> Sql {
    let kinds = update.columns.map(|(_, kind)| kind);
    let backend = tx.get_database_backend();
    if backend != DbBackend::Postgres {
        let mut sql = Sql::new(backend, &becomes(update));
        sql.text(" FROM (VALUES ").rows(kinds, rows).text(") AS new");
        sql.text(&compares(update));
        return sql;
    }
    // An UPDATE locks rows in whatever order its join finds them, and two in each other's order would wait for each other
    // until the database ends one. Here it gets them from a list that locks each as it goes on, in order of id.
    let mut sql = Sql::new(backend, "WITH new AS MATERIALIZED (SELECT wanted.* FROM (VALUES ");
    sql.rows(kinds, rows)
        .text(") AS wanted JOIN session_conversations AS old ON old.organisation_id = wanted.column1 ")
        .text("AND old.id = wanted.column2 ORDER BY old.organisation_id, old.id FOR UPDATE OF old) ")
        .text(&becomes(update))
        .text(" FROM new")
        .text(&compares(update));
    sql
}

fn becomes<const N: usize>(update: &Update<N>) -> String {
    let columns = update.columns.iter().enumerate().skip(update.compared);
    let columns: Vec<String> = columns
        .map(|(at, (column, _))| format!("{column} = new.column{}", at + 1))
        .collect();
    format!("UPDATE session_conversations SET {}", columns.join(", "))
}

fn compares<const N: usize>(update: &Update<N>) -> String {
    let columns = update.columns.iter().enumerate().take(update.compared);
    let columns: Vec<String> = columns
        .map(|(at, (column, _))| format!("session_conversations.{column} = new.column{}", at + 1))
        .collect();
    format!(" WHERE {} RETURNING id", columns.join(" AND "))
}

//! Looking up what is in the index, within what the caller may see.

use super::{Spot, dialect};
use crate::store::{broken, sql::Sql};
use crate::words::{Entry, Query};
use onqueue_model::{ContactId, ConversationId, Divisions, OrganisationId, QueueId, Timestamp, UserId, WrapUpCodeId};
use onqueue_store::{Store, StoreError};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use std::sync::Arc;
use uuid::Uuid;

/// Numbers are given in the order in which conversations are opened, give or take what clocks and transactions differ.
const SLACK: i64 = 3_600_000;

/// How many entries of a conversation are read at once where they are compared here.
const READ: i64 = 500;

/// What somebody may see: conversations of queues in these divisions, and those in which they take part.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub organisation: OrganisationId,
    pub user: UserId,
    pub divisions: Divisions,
}

/// Which conversations are wanted; what is set has to hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub contact: Option<ContactId>,
    pub agent: Option<UserId>,
    pub queue: Option<QueueId>,
    pub from: Option<Timestamp>,
    pub before: Option<Timestamp>,
    pub wrap_up: Option<WrapUpCodeId>,
}

/// A conversation that the caller may see and that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub number: i64,
    pub conversation: ConversationId,
    /// Whether the caller takes part, and sees what agents see.
    pub takes_part: bool,
}

/// Where to look: from the first to the last spot, both included, for what is not more hidden than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub first: Spot,
    pub last: Spot,
    pub visibility: i16,
}

/// Conversations below that number, the newest first; of `only` these, if some are named.
pub(crate) async fn candidates(
    store: &Store,
    reach: &Reach,
    filter: &Filter,
    (below, limit): (i64, u64),
    only: Option<&[i64]>,
) -> Result<Vec<Candidate>, StoreError> {
    if only.is_some_and(<[i64]>::is_empty) {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(
        store.reader().get_database_backend(),
        "SELECT s.number, s.conversation_id, ",
    );
    takes_part(&mut sql, reach);
    sql.text(
        " AS takes_part FROM session_search AS s \
         JOIN session_conversations AS c ON c.organisation_id = s.organisation_id AND c.id = s.conversation_id \
         WHERE s.organisation_id = ",
    )
    .value("uuid", reach.organisation.uuid().into())
    .text(" AND s.number < ")
    .value("bigint", below.into());
    if let Some(numbers) = only {
        sql.text(" AND s.number IN (VALUES ")
            .rows(["bigint"], numbers.iter().map(|number| [(*number).into()]))
            .text(")");
    }
    may_see(&mut sql, reach);
    wanted(&mut sql, reach.organisation, filter);
    sql.text(" ORDER BY s.number DESC LIMIT ")
        .value("bigint", i64::try_from(limit).unwrap_or(i64::MAX).into());
    let rows = store.reader().query_all_raw(sql.done()).await?;
    let one = |row: &QueryResult| {
        Ok(Candidate {
            number: row.try_get("", "number")?,
            conversation: ConversationId::new(row.try_get::<Uuid>("", "conversation_id")?),
            takes_part: row.try_get("", "takes_part")?,
        })
    };
    rows.iter().map(one).collect()
}

/// Whether the caller takes part now, or did when it ended.
fn takes_part(sql: &mut Sql, reach: &Reach) {
    sql.text(
        "EXISTS (SELECT 1 FROM session_participants AS p WHERE p.organisation_id = c.organisation_id \
         AND p.conversation_id = c.id AND p.user_id = ",
    )
    .value("uuid", reach.user.uuid().into())
    .text(" AND (p.left_at IS NULL OR p.left_at = c.ended_at))");
}

fn may_see(sql: &mut Sql, reach: &Reach) {
    if reach.divisions.is_empty() {
        // Of few that they ever were in; the rest of the condition says in which they are.
        sql.text(" AND s.conversation_id IN (SELECT p.conversation_id FROM session_participants AS p WHERE p.organisation_id = ")
            .value("uuid", reach.organisation.uuid().into())
            .text(" AND p.user_id = ")
            .value("uuid", reach.user.uuid().into())
            .text(") AND ");
        takes_part(sql, reach);
        return;
    }
    sql.text(" AND (");
    takes_part(sql, reach);
    sql.text(
        " OR EXISTS (SELECT 1 FROM session_queue_policies AS q WHERE q.organisation_id = c.organisation_id \
         AND q.queue_id = c.queue_id",
    );
    if let Divisions::Only(divisions) = &reach.divisions {
        sql.text(" AND q.division_id IN (VALUES ")
            .rows(["uuid"], divisions.iter().map(|division| [division.uuid().into()]))
            .text(")");
    }
    sql.text("))");
}

fn wanted(sql: &mut Sql, organisation: OrganisationId, filter: &Filter) {
    if let Some(contact) = filter.contact {
        sql.text(" AND c.contact_id = ").value("uuid", contact.uuid().into());
    }
    if let Some(queue) = filter.queue {
        sql.text(" AND c.queue_id = ").value("uuid", queue.uuid().into());
    }
    if let Some(agent) = filter.agent {
        sql.text(" AND s.conversation_id IN (SELECT a.conversation_id FROM session_participants AS a WHERE a.organisation_id = ")
            .value("uuid", organisation.uuid().into())
            .text(" AND a.user_id = ")
            .value("uuid", agent.uuid().into())
            .text(")");
    }
    if let Some(code) = filter.wrap_up {
        sql.text(" AND s.number IN (SELECT w.number FROM session_search_wrap_ups AS w WHERE w.organisation_id = ")
            .value("uuid", organisation.uuid().into())
            .text(" AND w.wrap_up_code_id = ")
            .value("uuid", code.uuid().into())
            .text(")");
    }
    if let Some(from) = filter.from {
        sql.text(" AND c.created_at >= ").value("bigint", from.millis().into());
    }
    if let Some(before) = filter.before {
        sql.text(" AND c.created_at < ").value("bigint", before.millis().into());
    }
}

/// Between which spots the conversations lie that were begun in the time wanted: above the first, below the last.
pub(crate) async fn bounds(
    store: &Store,
    organisation: OrganisationId,
    filter: &Filter,
) -> Result<(Spot, Spot), StoreError> {
    let lowest = match filter.from {
        Some(from) => beside(store, organisation, ("<", "DESC"), from.millis().saturating_sub(SLACK)).await?,
        None => None,
    };
    let highest = match filter.before {
        Some(before) => {
            beside(
                store,
                organisation,
                (">=", "ASC"),
                before.millis().saturating_add(SLACK),
            )
            .await?
        }
        None => None,
    };
    Ok((
        lowest.map_or(Spot(0), Spot::last),
        highest.map_or(Spot::TOP, Spot::first),
    ))
}

async fn beside(
    store: &Store,
    organisation: OrganisationId,
    (side, order): (&str, &str),
    at: i64,
) -> Result<Option<i64>, StoreError> {
    let mut sql = Sql::new(
        store.reader().get_database_backend(),
        "SELECT number FROM session_search WHERE organisation_id = ",
    );
    sql.value("uuid", organisation.uuid().into())
        .text(&format!(" AND created_at {side} "))
        .value("bigint", at.into())
        .text(&format!(" ORDER BY created_at {order} LIMIT 1"));
    let row = store.reader().query_one_raw(sql.done()).await?;
    row.map(|row| Ok(row.try_get("", "number")?)).transpose()
}

/// The number of a conversation.
pub(crate) async fn number_of(
    store: &Store,
    organisation: OrganisationId,
    conversation: ConversationId,
) -> Result<Option<i64>, StoreError> {
    let mut sql = Sql::new(
        store.reader().get_database_backend(),
        "SELECT number FROM session_search WHERE organisation_id = ",
    );
    sql.value("uuid", organisation.uuid().into())
        .text(" AND conversation_id = ")
        .value("uuid", conversation.uuid().into());
    let row = store.reader().query_one_raw(sql.done()).await?;
    row.map(|row| Ok(row.try_get("", "number")?)).transpose()
}

/// The conversation of a number.
pub(crate) async fn conversation_of(
    store: &Store,
    organisation: OrganisationId,
    number: i64,
) -> Result<ConversationId, StoreError> {
    let mut sql = Sql::new(
        store.reader().get_database_backend(),
        "SELECT conversation_id FROM session_search WHERE organisation_id = ",
    );
    sql.value("uuid", organisation.uuid().into())
        .text(" AND number = ")
        .value("bigint", number.into());
    let row = store.reader().query_one_raw(sql.done()).await?;
    let row = row.ok_or_else(|| broken("a number without a conversation"))?;
    Ok(ConversationId::new(row.try_get("", "conversation_id")?))
}

/// What of the organisation has all that is looked for, between two spots that do not count, the highest first.
pub(crate) async fn hits(
    store: &Store,
    organisation: OrganisationId,
    query: &Query,
    (above, below): (Spot, Spot),
    limit: u64,
) -> Result<Vec<Spot>, StoreError> {
    let backend = store.reader().get_database_backend();
    let column = if backend == DbBackend::Postgres {
        "place"
    } else {
        "rowid"
    };
    let mut sql = Sql::new(
        backend,
        &format!("SELECT {column} AS place FROM session_search_words WHERE "),
    );
    if backend == DbBackend::Postgres {
        sql.text("organisation_id = ")
            .value("uuid", organisation.uuid().into())
            .text(" AND words @@ ")
            .value("text", dialect::tsquery(query).into())
            .text("::tsquery");
    } else {
        sql.text("session_search_words MATCH ")
            .value("text", dialect::fts5(organisation, query).into());
    }
    sql.text(&format!(" AND {column} > "))
        .value("bigint", above.0.into())
        .text(&format!(" AND {column} < "))
        .value("bigint", below.0.into())
        .text(&format!(" ORDER BY {column} DESC LIMIT "))
        .value("bigint", i64::try_from(limit).unwrap_or(i64::MAX).into());
    let rows = planned(store, sql).await?;
    rows.iter().map(|row| Ok(Spot(row.try_get("", "place")?))).collect()
}

/// In each span the last that have all that is looked for, `each` at most, the highest first.
pub(crate) async fn newest(
    store: &Store,
    organisation: OrganisationId,
    query: &Query,
    spans: &[Span],
    each: usize,
) -> Result<Vec<Spot>, StoreError> {
    if spans.is_empty() {
        return Ok(Vec::new());
    }
    if store.reader().get_database_backend() == DbBackend::Postgres {
        return newest_by_index(store, organisation, query, spans, each).await;
    }
    let mut found = Vec::new();
    for span in spans {
        found.extend(newest_by_reading(store, query, *span, each).await?);
    }
    Ok(found)
}

async fn newest_by_index(
    store: &Store,
    organisation: OrganisationId,
    query: &Query,
    spans: &[Span],
    each: usize,
) -> Result<Vec<Spot>, StoreError> {
    let mut sql = Sql::new(
        DbBackend::Postgres,
        "SELECT found.place FROM (SELECT column1 AS lowest, column2 AS highest, column3 AS visibility FROM (VALUES ",
    );
    let rows = spans.iter().map(|span| {
        [
            span.first.0.into(),
            span.last.0.into(),
            i64::from(span.visibility).into(),
        ]
    });
    sql.rows(["bigint", "bigint", "bigint"], rows)
        .text(
            ") AS wanted WHERE column1 IS NOT NULL) AS span CROSS JOIN LATERAL (\
             SELECT near.place FROM (SELECT place, words FROM session_search_words WHERE organisation_id = ",
        )
        .value("uuid", organisation.uuid().into())
        // Without the OFFSET rare words would be looked up in the whole index for each span.
        .text(
            " AND place BETWEEN span.lowest AND span.highest AND (place & 3) <= span.visibility \
             ORDER BY place DESC OFFSET 0) AS near WHERE near.words @@ ",
        )
        .value("text", dialect::tsquery(query).into())
        .text("::tsquery LIMIT ")
        .value("bigint", i64::try_from(each).unwrap_or(i64::MAX).into())
        .text(") AS found ORDER BY found.place DESC");
    let rows = planned(store, sql).await?;
    rows.iter().map(|row| Ok(Spot(row.try_get("", "place")?))).collect()
}

/// FTS5 reads its list of a frequent word from one end for each span: the few words of a conversation are read faster.
async fn newest_by_reading(store: &Store, query: &Query, mut span: Span, each: usize) -> Result<Vec<Spot>, StoreError> {
    let mut found = Vec::new();
    loop {
        let mut sql = Sql::new(
            DbBackend::Sqlite,
            "SELECT rowid AS place, plain, umlauts FROM session_search_words WHERE rowid BETWEEN ",
        );
        sql.value("bigint", span.first.0.into())
            .text(" AND ")
            .value("bigint", span.last.0.into())
            .text(" ORDER BY rowid DESC LIMIT ")
            .value("bigint", READ.into());
        let rows = store.reader().query_all_raw(sql.done()).await?;
        for row in &rows {
            let spot = Spot(row.try_get("", "place")?);
            let (plain, umlauts): (String, String) = (row.try_get("", "plain")?, row.try_get("", "umlauts")?);
            if spot.visibility() <= span.visibility && query.is_in(&Entry::parse(&plain, &umlauts)) {
                found.push(spot);
            }
            span.last = Spot(spot.0 - 1);
        }
        found.truncate(each);
        if found.len() == each || i64::try_from(rows.len()).is_ok_and(|rows| rows < READ) {
            return Ok(found);
        }
    }
}

/// On PostgreSQL planned each time for the very words: frequent ones are met by going down the places, rare ones by the index.
/// A plan for any words would take the index for all.
async fn planned(store: &Store, sql: Sql) -> Result<Vec<QueryResult>, StoreError> {
    let statement = Arc::new(sql.done());
    if store.reader().get_database_backend() != DbBackend::Postgres {
        return Ok(store.reader().query_all_raw(Arc::unwrap_or_clone(statement)).await?);
    }
    store
        .transaction(move |tx| {
            let statement = Arc::clone(&statement);
            Box::pin(async move {
                tx.execute_unprepared("SET LOCAL plan_cache_mode = force_custom_plan")
                    .await?;
                Ok(tx.query_all_raw(Arc::unwrap_or_clone(statement)).await?)
            })
        })
        .await
}

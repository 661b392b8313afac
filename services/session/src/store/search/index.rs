//! Following the logs: whatever was said and is not in the index yet, a step at a time. Who takes a step holds its
//! conversations, so that many replicas may; nobody else waits for them but who erases.

use super::{Spot, dialect};
use crate::store::{Key, sql::Sql};
use crate::words::{Entry, said};
use onqueue_chat::{Body, Kind};
use onqueue_model::{ConversationId, OrganisationId, UserId, WrapUpCodeId};
use onqueue_store::{Store, StoreError};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, QueryResult, Statement, Value};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use uuid::Uuid;

/// How many conversations are looked at in one step.
pub(crate) const AT_ONCE: usize = 200;

/// What is said of each that is behind.
const BEHIND: &str = "s.is_open AND (c.last_sequence > s.sequence OR c.state = 5)";

/// Of several replicas each takes what no other has in hand.
const UNLESS_HELD: &str = " FOR UPDATE OF s SKIP LOCKED";

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// How many events it indexed.
    pub events: usize,
    /// After which conversation to go on; `None` at the end.
    pub next: Option<i64>,
}

/// What came of looking at some conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Looked {
    /// How many events were indexed.
    pub events: usize,
    /// Which are to be looked at again: the step was long enough, or others had them in hand.
    pub left: Vec<Key>,
    /// Whether others had all of them.
    pub is_held: bool,
}

/// A conversation that is behind.
struct Behind {
    key: Key,
    number: i64,
}

/// How far a conversation is indexed, and whether more may come.
struct Reached {
    number: i64,
    sequence: i64,
    is_open: bool,
    /// Whether nothing is left of what was there.
    is_whole: bool,
}

/// How far to go in a conversation with one step.
#[derive(Clone, Copy)]
struct End {
    sequence: i64,
    has_ended: bool,
    is_whole: bool,
}

/// Indexes at most so many events of conversations after that number, of all that are open.
pub(crate) async fn index(store: &Store, after: i64, most: usize) -> Result<Step, StoreError> {
    let nothing = Step { events: 0, next: None };
    // Without a transaction, which would keep a quiet database's only writer busy for nothing.
    if all_behind(store.reader(), after, 1, "").await?.is_empty() {
        return Ok(nothing);
    }
    store
        .transaction(move |tx| {
            Box::pin(async move {
                let behind = all_behind(tx, after, AT_ONCE, unless_held(tx)).await?;
                let Some(last) = behind.last().map(|last| last.number) else {
                    return Ok(nothing);
                };
                let (events, reached) = step(tx, &behind, most).await?;
                write_reached(tx, &reached).await?;
                // What was cut short is the first of the next step.
                let cut = reached.iter().find(|reached| !reached.is_whole);
                let next = cut.map(|cut| cut.number - 1);
                let next = next.or_else(|| (behind.len() == AT_ONCE).then_some(last));
                Ok(Step { events, next })
            })
        })
        .await
}

/// Which of these, at most [`AT_ONCE`], are behind.
pub(crate) async fn behind(store: &Store, keys: &[Key]) -> Result<Vec<Key>, StoreError> {
    let behind = these_behind(store.reader(), keys, "").await?;
    Ok(behind.into_iter().map(|behind| behind.key).collect())
}

/// Indexes at most so many events of these, of which there are [`AT_ONCE`] at most.
pub(crate) async fn index_these(store: &Store, keys: &[Key], most: usize) -> Result<Looked, StoreError> {
    let keys: Arc<[Key]> = keys.into();
    store
        .transaction(move |tx| {
            let keys = Arc::clone(&keys);
            Box::pin(async move {
                let behind = these_behind(tx, &keys, unless_held(tx)).await?;
                if behind.is_empty() {
                    return Ok(Looked {
                        events: 0,
                        left: keys.to_vec(),
                        is_held: true,
                    });
                }
                let (events, reached) = step(tx, &behind, most).await?;
                write_reached(tx, &reached).await?;
                let whole = reached.iter().filter(|reached| reached.is_whole);
                let whole: BTreeSet<i64> = whole.map(|reached| reached.number).collect();
                let done = behind.iter().filter(|behind| whole.contains(&behind.number));
                let done: BTreeSet<Key> = done.map(|behind| behind.key).collect();
                let left = keys.iter().filter(|key| !done.contains(key)).copied();
                Ok(Looked {
                    events,
                    left: left.collect(),
                    is_held: false,
                })
            })
        })
        .await
}

fn unless_held(tx: &DatabaseTransaction) -> &'static str {
    match tx.get_database_backend() {
        DbBackend::Postgres => UNLESS_HELD,
        _ => "",
    }
}

async fn all_behind(
    connection: &impl ConnectionTrait,
    after: i64,
    limit: usize,
    lock: &str,
) -> Result<Vec<Behind>, StoreError> {
    let mut sql = Sql::new(
        connection.get_database_backend(),
        "SELECT s.number, s.organisation_id, s.conversation_id FROM session_search AS s \
         JOIN session_conversations AS c ON c.organisation_id = s.organisation_id AND c.id = s.conversation_id WHERE ",
    );
    sql.text(BEHIND)
        .text(" AND s.number > ")
        .value("bigint", after.into())
        .text(" ORDER BY s.number LIMIT ")
        .value("bigint", i64::try_from(limit).unwrap_or(i64::MAX).into())
        .text(lock);
    read(&connection.query_all_raw(sql.done()).await?)
}

async fn these_behind(connection: &impl ConnectionTrait, keys: &[Key], lock: &str) -> Result<Vec<Behind>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let statement = among(connection.get_database_backend(), keys, lock);
    read(&connection.query_all_raw(statement).await?)
}

/// From the conversations to their rows, however many there are: SQLite, which has no figures, goes in the order of a CROSS
/// JOIN.
pub(in crate::store) fn among(backend: DbBackend, keys: &[Key], lock: &str) -> Statement {
    let mut sql = Sql::new(
        backend,
        "SELECT s.number, s.organisation_id, s.conversation_id FROM (VALUES ",
    );
    let rows = keys.iter().map(|key| [key.0.uuid().into(), key.1.uuid().into()]);
    sql.rows(["uuid", "uuid"], rows)
        .text(") AS wanted CROSS JOIN session_search AS s CROSS JOIN session_conversations AS c ")
        .text("WHERE s.organisation_id = wanted.column1 AND s.conversation_id = wanted.column2 ")
        .text("AND c.organisation_id = s.organisation_id AND c.id = s.conversation_id AND ")
        .text(BEHIND)
        .text(" ORDER BY s.number")
        .text(lock);
    sql.done()
}

fn read(rows: &[QueryResult]) -> Result<Vec<Behind>, StoreError> {
    let one = |row: &QueryResult| {
        let organisation = OrganisationId::new(row.try_get::<Uuid>("", "organisation_id")?);
        let conversation = ConversationId::new(row.try_get::<Uuid>("", "conversation_id")?);
        Ok(Behind {
            key: (organisation, conversation),
            number: row.try_get("", "number")?,
        })
    };
    rows.iter().map(one).collect()
}

/// Indexes what there is of these, which nobody else holds now: whatever says that more will come, comes later than this.
async fn step(tx: &DatabaseTransaction, behind: &[Behind], most: usize) -> Result<(usize, Vec<Reached>), StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let ends = ends(tx, behind, most).await?;
    let mut rows = events(tx, behind, most).await?;
    let over = rows
        .get(usize::try_from(most).unwrap_or(usize::MAX)..)
        .map(<[Row]>::len);
    let is_cut = over.is_some_and(|over| over > 0);
    rows.truncate(rows.len() - over.unwrap_or_default());
    // Where it was cut more of a conversation may be left, and nothing was read of those after it.
    let cut = rows.last().filter(|_| is_cut).map(|last| (last.number, last.sequence));
    let organisations: HashMap<i64, OrganisationId> = behind.iter().map(|one| (one.number, one.key.0)).collect();
    let is_known = |row: &Row| ends.get(&row.number).is_some_and(|end| row.sequence <= end.sequence);
    let rows: Vec<Row> = rows.into_iter().filter(is_known).collect();
    write_words(tx, &rows, &organisations).await?;
    for row in &rows {
        if let Some(Body::WrapUpSet { user, code, .. }) = &row.body
            && let Some(organisation) = organisations.get(&row.number)
        {
            write_wrap_up(tx, (*organisation, row.number), (*user, *code)).await?;
        }
    }
    let reached = ends
        .into_iter()
        .take_while(|(number, _)| cut.is_none_or(|(last, _)| *number <= last));
    let reached = reached.map(|(number, end)| match cut {
        Some((of, sequence)) if of == number => Reached {
            number,
            sequence: sequence.min(end.sequence),
            is_open: true,
            is_whole: false,
        },
        _ => Reached {
            number,
            sequence: end.sequence,
            is_open: !(end.has_ended && end.is_whole),
            is_whole: end.is_whole,
        },
    });
    Ok((rows.len(), reached.collect()))
}

/// How far to go in each: to the end of its log, or as many events as may be indexed at all. Read after the conversations are
/// held.
async fn ends(tx: &DatabaseTransaction, behind: &[Behind], most: i64) -> Result<BTreeMap<i64, End>, StoreError> {
    let mut sql = Sql::new(
        tx.get_database_backend(),
        "SELECT s.number, s.sequence, c.last_sequence, c.state FROM session_search AS s \
         JOIN session_conversations AS c ON c.organisation_id = s.organisation_id AND c.id = s.conversation_id \
         WHERE s.number IN (VALUES ",
    );
    numbers(&mut sql, behind).text(")");
    let rows = tx.query_all_raw(sql.done()).await?;
    let end = |row: &QueryResult| {
        let (done, last): (i64, i64) = (row.try_get("", "sequence")?, row.try_get("", "last_sequence")?);
        let sequence = last.min(done.saturating_add(most));
        let end = End {
            sequence,
            has_ended: row.try_get::<i16>("", "state")? == 5,
            is_whole: sequence == last,
        };
        Ok((row.try_get("", "number")?, end))
    };
    rows.iter().map(end).collect()
}

fn numbers<'s>(sql: &'s mut Sql, behind: &[Behind]) -> &'s mut Sql {
    sql.rows(["bigint"], behind.iter().map(|one| [one.number.into()]))
}

/// An event that is to be indexed.
struct Row {
    number: i64,
    sequence: i64,
    visibility: i16,
    /// `None` if it was erased.
    body: Option<Body>,
}

/// What has words, or says how it went; one more than is wanted, by which is seen whether there is more. Of no conversation
/// more is read than is wanted of all, or a database without figures would sort all that is behind for each step.
async fn events(tx: &DatabaseTransaction, behind: &[Behind], most: i64) -> Result<Vec<Row>, StoreError> {
    const KINDS: [Kind; 8] = [
        Kind::Opened,
        Kind::Message,
        Kind::Transferred,
        Kind::WrapUpSet,
        Kind::AttachmentAdded,
        Kind::AssistanceRequested,
        Kind::CoachMessage,
        Kind::SideMessage,
    ];
    let kinds: Vec<String> = KINDS.iter().map(|kind| kind.code().to_string()).collect();
    let mut sql = Sql::new(
        tx.get_database_backend(),
        "SELECT s.number, e.sequence, e.visibility, e.part FROM session_search AS s \
         JOIN session_events AS e ON e.organisation_id = s.organisation_id AND e.conversation_id = s.conversation_id \
         AND e.sequence > s.sequence AND e.sequence <= s.sequence + ",
    );
    sql.value("bigint", most.into()).text(" WHERE s.number IN (VALUES ");
    numbers(&mut sql, behind)
        .text(&format!(
            ") AND e.kind IN ({}) ORDER BY s.number, e.sequence LIMIT ",
            kinds.join(", ")
        ))
        .value("bigint", most.saturating_add(1).into());
    let rows = tx.query_all_raw(sql.done()).await?;
    let one = |row: &QueryResult| {
        let part: Option<String> = row.try_get("", "part")?;
        Ok(Row {
            number: row.try_get("", "number")?,
            sequence: row.try_get("", "sequence")?,
            visibility: row.try_get("", "visibility")?,
            body: part.as_deref().and_then(Body::from_part),
        })
    };
    rows.iter().map(one).collect()
}

async fn write_words(
    tx: &DatabaseTransaction,
    rows: &[Row],
    organisations: &HashMap<i64, OrganisationId>,
) -> Result<(), StoreError> {
    let entries = rows.iter().filter_map(|row| {
        let entry = Entry::of(&said(row.body.as_ref()?)?)?;
        let spot = Spot::of(row.number, row.sequence, row.visibility)?;
        Some((*organisations.get(&row.number)?, spot, entry))
    });
    let entries: Vec<(OrganisationId, Spot, Entry)> = entries.collect();
    if entries.is_empty() {
        return Ok(());
    }
    let backend = tx.get_database_backend();
    let mut sql = match backend {
        DbBackend::Postgres => Sql::new(
            backend,
            "INSERT INTO session_search_words (organisation_id, place, words) \
             SELECT column1, column2, column3::tsvector FROM (VALUES ",
        ),
        _ => Sql::new(
            backend,
            "INSERT OR REPLACE INTO session_search_words (rowid, organisation, plain, umlauts) VALUES ",
        ),
    };
    match backend {
        DbBackend::Postgres => {
            let row = |(organisation, spot, entry): &(OrganisationId, Spot, Entry)| -> [Value; 3] {
                let words = dialect::tsvector(entry);
                [organisation.uuid().into(), spot.0.into(), words.into()]
            };
            sql.rows(["uuid", "bigint", "text"], entries.iter().map(row))
                .text(") AS new WHERE column1 IS NOT NULL ON CONFLICT (organisation_id, place) DO NOTHING");
        }
        _ => {
            let row = |(organisation, spot, entry): &(OrganisationId, Spot, Entry)| -> [Value; 4] {
                let organisation = dialect::organisation(*organisation);
                let (plain, umlauts) = (entry.plain.join(" "), entry.umlauts.join(" "));
                [spot.0.into(), organisation.into(), plain.into(), umlauts.into()]
            };
            sql.rows(["bigint", "text", "text", "text"], entries.iter().map(row));
        }
    }
    tx.execute_raw(sql.done()).await?;
    Ok(())
}

/// The last that an agent said of how it went.
async fn write_wrap_up(
    tx: &DatabaseTransaction,
    (organisation, number): (OrganisationId, i64),
    (user, code): (UserId, Option<WrapUpCodeId>),
) -> Result<(), StoreError> {
    let backend = tx.get_database_backend();
    let mut sql = match code {
        Some(code) => {
            let mut sql = Sql::new(
                backend,
                "INSERT INTO session_search_wrap_ups (wrap_up_code_id, organisation_id, number, user_id) VALUES (",
            );
            sql.value("uuid", code.uuid().into()).text(", ");
            sql
        }
        None => Sql::new(
            backend,
            "DELETE FROM session_search_wrap_ups WHERE (organisation_id, number, user_id) = (",
        ),
    };
    sql.value("uuid", organisation.uuid().into())
        .text(", ")
        .value("bigint", number.into())
        .text(", ")
        .value("uuid", user.uuid().into())
        .text(")");
    if code.is_some() {
        sql.text(
            " ON CONFLICT (organisation_id, number, user_id) DO UPDATE SET wrap_up_code_id = excluded.wrap_up_code_id",
        );
    }
    tx.execute_raw(sql.done()).await?;
    Ok(())
}

async fn write_reached(tx: &DatabaseTransaction, reached: &[Reached]) -> Result<(), StoreError> {
    if reached.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new(
        tx.get_database_backend(),
        "UPDATE session_search AS s SET sequence = new.column2, is_open = (new.column3 = 1) FROM (VALUES ",
    );
    let rows = reached
        .iter()
        .map(|one| [one.number.into(), one.sequence.into(), i64::from(one.is_open).into()]);
    sql.rows(["bigint", "bigint", "bigint"], rows)
        .text(") AS new WHERE s.number = new.column1");
    tx.execute_raw(sql.done()).await?;
    Ok(())
}

//! Records of the audit trail that go with no other change, and what the trail says of a conversation's log.

use super::{Key, sql::Sql, trail};
use onqueue_model::Timestamp;
use onqueue_store::{Store, StoreError, audit};
use sea_orm::{ConnectionTrait as _, DbBackend, QueryResult};
use std::sync::Arc;

/// What the trail says of how far a log went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// How many events it had.
    pub events: i64,
    /// The hash of the last of them.
    pub hash: Vec<u8>,
    pub at: Timestamp,
    pub actor: String,
    /// What was done.
    pub action: String,
}

/// What the trail calls it when a queue's retention had passed.
pub(crate) const EXPIRED: &str = "transcript.expire";

/// Adds a record.
pub(crate) async fn add(store: &Store, record: audit::Entry) -> Result<(), StoreError> {
    let record = Arc::new(record);
    store
        .transaction(move |tx| {
            let record = Arc::clone(&record);
            Box::pin(async move { trail::append(tx, std::slice::from_ref(&*record)).await })
        })
        .await
}

/// How the trail names a conversation whose log has so many events.
pub(super) fn object((_, conversation): Key, events: i64) -> String {
    format!("conversation:{conversation} events:{events}")
}

/// Everything that the trail says of how far a conversation's log went, in order.
pub(crate) async fn marks(store: &Store, key: Key) -> Result<Vec<Mark>, StoreError> {
    let beginning = format!("conversation:{} events:", key.1);
    let backend = store.reader().get_database_backend();
    // By bytes, as its index has it.
    let object = match backend {
        DbBackend::Postgres => "object COLLATE \"C\"",
        _ => "object",
    };
    let mut sql = Sql::new(
        backend,
        "SELECT object, after_hash, at, actor, action FROM session_audit WHERE organisation_id = ",
    );
    sql.value("uuid", key.0.uuid().into())
        .text(&format!(" AND {object} >= "))
        .value("text", beginning.clone().into())
        .text(&format!(" AND {object} < "))
        // The character after the colon.
        .value("text", format!("{};", beginning.trim_end_matches(':')).into())
        .text(" ORDER BY number");
    let rows = store.reader().query_all_raw(sql.done()).await?;
    let marks = rows.iter().filter_map(|row| mark(row, &beginning).transpose());
    marks.collect()
}

fn mark(row: &QueryResult, beginning: &str) -> Result<Option<Mark>, StoreError> {
    let object: String = row.try_get("", "object")?;
    let events = object.strip_prefix(beginning).and_then(|events| events.parse().ok());
    let hash: Option<Vec<u8>> = row.try_get("", "after_hash")?;
    let (Some(events), Some(hash)) = (events, hash) else {
        return Ok(None);
    };
    Ok(Some(Mark {
        events,
        hash,
        at: Timestamp(row.try_get("", "at")?),
        actor: row.try_get("", "actor")?,
        action: row.try_get("", "action")?,
    }))
}

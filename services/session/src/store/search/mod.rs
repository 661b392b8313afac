//! What can be found in transcripts, in the database's own full-text index: FTS5, or tsvector with GIN.

mod dialect;
mod find;
mod index;

pub(crate) use find::{Candidate, Filter, Reach, Span, bounds, candidates, conversation_of, hits, newest, number_of};
#[cfg(test)]
pub(super) use index::among;
pub(crate) use index::{AT_ONCE, behind, index, index_these};

use super::plan::Plan;
use super::{Key, sql::Sql};
use onqueue_chat::State;
use onqueue_store::StoreError;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend};
use std::collections::BTreeSet;

/// How many bits of a place are the event's number and its visibility.
const CONVERSATION: u32 = 28;

/// How many of them are the visibility.
const VISIBILITY: u32 = 2;

/// Where an event is found: its conversation's number, its own, who sees it. Higher places are of newer conversations, and
/// within one of later events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Spot(pub i64);

impl Spot {
    /// `None` for an event that is further on than anybody can write.
    pub fn of(number: i64, sequence: i64, visibility: i16) -> Option<Self> {
        let fits = sequence < 1 << (CONVERSATION - VISIBILITY) && (0..1 << VISIBILITY).contains(&visibility);
        fits.then_some(Self(
            (number << CONVERSATION) | (sequence << VISIBILITY) | i64::from(visibility),
        ))
    }

    /// Below everything of that conversation.
    pub const fn first(number: i64) -> Self {
        Self(number << CONVERSATION)
    }

    /// Above everything of that conversation.
    pub const fn last(number: i64) -> Self {
        Self(((number + 1) << CONVERSATION) - 1)
    }

    /// Above everything.
    pub const TOP: Self = Self(i64::MAX);

    /// Of the conversation.
    pub const fn number(self) -> i64 {
        self.0 >> CONVERSATION
    }

    /// Of the event.
    pub const fn sequence(self) -> i64 {
        (self.0 & ((1 << CONVERSATION) - 1)) >> VISIBILITY
    }

    /// As the database numbers it.
    pub const fn visibility(self) -> i16 {
        (self.0 & ((1 << VISIBILITY) - 1)) as i16
    }

    /// What of it is not the conversation's number, which is nobody's business.
    pub const fn within(self) -> i64 {
        self.0 & ((1 << CONVERSATION) - 1)
    }
}

/// Numbers the conversations that begin, has those followed again that are added to after their end, and takes out what is
/// erased. In the transaction that writes the plan: nothing is left out, and nothing erased is found.
pub(super) async fn write(tx: &DatabaseTransaction, plan: &Plan, missed: &BTreeSet<Key>) -> Result<(), StoreError> {
    begin(tx, plan).await?;
    for (key, change) in plan.changes.iter().filter(|(key, _)| !missed.contains(key)) {
        let is_late = matches!(change.before.state, State::Ended { .. }) && !change.log.is_empty();
        if is_late || !change.erased.is_empty() {
            // Whoever is about to index it has done so then, or waits.
            let number = follow(tx, *key).await?;
            let sequences: Vec<i64> = change.erased.iter().map(|erasure| erasure.sequence).collect();
            forget(tx, (key, number), &sequences).await?;
        }
    }
    Ok(())
}

async fn begin(tx: &DatabaseTransaction, plan: &Plan) -> Result<(), StoreError> {
    if plan.openings.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new(
        tx.get_database_backend(),
        "INSERT INTO session_search (organisation_id, conversation_id, created_at, sequence, is_open) \
         SELECT column1, column2, column3, 0, TRUE FROM (VALUES ",
    );
    let rows = plan.openings.iter().map(|opening| {
        let head = &opening.head;
        [
            head.organisation.uuid().into(),
            head.conversation.uuid().into(),
            opening.at.millis().into(),
        ]
    });
    sql.rows(["uuid", "uuid", "bigint"], rows)
        .text(") AS new WHERE column1 IS NOT NULL");
    tx.execute_raw(sql.done()).await?;
    Ok(())
}

/// Has the conversation followed, and keeps everybody else from indexing it until the transaction ends. Answers its number.
async fn follow(tx: &DatabaseTransaction, (organisation, conversation): Key) -> Result<Option<i64>, StoreError> {
    let mut sql = Sql::new(
        tx.get_database_backend(),
        "UPDATE session_search SET is_open = TRUE WHERE organisation_id = ",
    );
    sql.value("uuid", organisation.uuid().into())
        .text(" AND conversation_id = ")
        .value("uuid", conversation.uuid().into())
        .text(" RETURNING number");
    let row = tx.query_one_raw(sql.done()).await?;
    row.map(|row| Ok(row.try_get("", "number")?)).transpose()
}

async fn forget(
    tx: &DatabaseTransaction,
    (key, number): (&Key, Option<i64>),
    sequences: &[i64],
) -> Result<(), StoreError> {
    let Some(number) = number else { return Ok(()) };
    let backend = tx.get_database_backend();
    for sequence in sequences {
        let (Some(from), Some(to)) = (Spot::of(number, *sequence, 0), Spot::of(number, *sequence, 3)) else {
            continue;
        };
        let mut sql = Sql::new(backend, "DELETE FROM session_search_words WHERE ");
        if backend == DbBackend::Postgres {
            sql.text("organisation_id = ").value("uuid", key.0.uuid().into());
            sql.text(" AND place BETWEEN ");
        } else {
            sql.text("rowid BETWEEN ");
        }
        sql.value("bigint", from.0.into())
            .text(" AND ")
            .value("bigint", to.0.into());
        tx.execute_raw(sql.done()).await?;
    }
    Ok(())
}

/// Takes out everything of a conversation; answers how much that was.
pub(super) async fn erase(tx: &DatabaseTransaction, key: Key) -> Result<u64, StoreError> {
    let Some(number) = follow(tx, key).await? else {
        return Ok(0);
    };
    let backend = tx.get_database_backend();
    let entries = |what: &str| {
        let mut sql = Sql::new(backend, what);
        if backend == DbBackend::Postgres {
            sql.text(" FROM session_search_words WHERE organisation_id = ")
                .value("uuid", key.0.uuid().into())
                .text(" AND place BETWEEN ");
        } else {
            sql.text(" FROM session_search_words WHERE rowid BETWEEN ");
        }
        sql.value("bigint", Spot::first(number).0.into())
            .text(" AND ")
            .value("bigint", Spot::last(number).0.into());
        sql.done()
    };
    let row = tx.query_one_raw(entries("SELECT COUNT(*) AS count")).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get("", "count"))?;
    tx.execute_raw(entries("DELETE")).await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spots_come_apart_and_are_in_order() {
        let spot = Spot::of(7, 12, 2).expect("fits");
        assert_eq!((spot.number(), spot.sequence(), spot.visibility()), (7, 12, 2));
        assert!(Spot::first(7) < spot && spot < Spot::last(7) && Spot::last(7) < Spot::first(8));
        assert!(spot > Spot::of(7, 11, 3).expect("fits"));
        assert_eq!(Spot::first(7).0 + spot.within(), spot.0);
        assert_eq!(Spot::of(1, 1 << 26, 1), None);
    }
}

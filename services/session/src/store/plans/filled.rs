//! An organisation with many contacts.

use super::cost::Measured;
use crate::Migrations;
use onqueue_model::OrganisationId;
use onqueue_testkit::temp_store;
use sea_orm::{ConnectionTrait as _, DbBackend};
use uuid::Uuid;

/// How many contacts and conversations there are, and changes of one contact.
pub const ROWS: u32 = 100_000;

/// Whether PostgreSQL knows what is in the tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Figures {
    Gathered,
    /// As just after a large import, or when a backup was restored.
    Missing,
}

const NOT_GATHERED: [&str; 2] = [
    "ALTER TABLE session_contacts SET (autovacuum_enabled = false)",
    "ALTER TABLE session_contact_ids SET (autovacuum_enabled = false)",
];

pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub fn organisation() -> OrganisationId {
    id(1).into()
}

/// How a database writes what the others write differently.
struct Words {
    /// The id of row `i`.
    row: &'static str,
    /// An id.
    id: fn(u128) -> String,
}

impl Words {
    fn of(backend: DbBackend) -> Self {
        match backend {
            DbBackend::Postgres => Self {
                row: "('00000000-0000-0000-0000-' || lpad(to_hex(i), 12, '0'))::uuid",
                id: |number| format!("'{}'::uuid", id(number)),
            },
            _ => Self {
                row: "unhex(printf('%032x', i))",
                id: |number| format!("x'{}'", id(number).simple()),
            },
        }
    }
}

/// Every other contact is called `mueller`, the others `n{1000000 + i}`; a thousandth, all of them called `mueller`, is in
/// division 3, the others in 2. Each has an address of its own, and the first hundred share another. Ten are aliases of contact
/// 7. Contact 8 has all the changes and half of the conversations; the others have one each. User 9 took part in all, all are in
/// queue 4 and go on, and everything is in the index that was said in them.
pub async fn filled(figures: Figures) -> Measured {
    let temp = temp_store().await;
    temp.store.migrate::<Migrations>().await.expect("migrations apply");
    let backend = temp.store.reader().get_database_backend();
    let words = Words::of(backend);
    let mut statements = statements(&words);
    // SQLite plans without figures, as it does in service; PostgreSQL gathers them by itself, a while later.
    if backend == DbBackend::Postgres {
        match figures {
            Figures::Gathered => statements.push("ANALYZE".to_owned()),
            Figures::Missing => drop(statements.splice(0..0, NOT_GATHERED.map(str::to_owned))),
        }
    }
    for sql in statements {
        let work = temp.store.transaction(move |tx| {
            let sql = sql.clone();
            Box::pin(async move {
                tx.execute_unprepared(&sql).await?;
                Ok(())
            })
        });
        work.await.expect("a good statement");
    }
    Measured::of(temp).await
}

fn rows(count: u32, table: &str, columns: &str, values: &str) -> String {
    format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
        INSERT INTO {table} (organisation_id, {columns}) SELECT {values} FROM n"
    )
}

fn statements(words: &Words) -> Vec<String> {
    let (organisation, row) = ((words.id)(1), words.row);
    vec![
        contacts(words),
        rows(
            ROWS,
            "session_contact_ids",
            "contact_id, kind, system, value, written, proved, root_id, added_at",
            &format!("{organisation}, {row}, 1, '', 'c' || CAST(i AS TEXT) || '@example.com', '', FALSE, {row}, i"),
        ),
        rows(
            100,
            "session_contact_ids",
            "contact_id, kind, system, value, written, proved, root_id, added_at",
            &format!("{organisation}, {row}, 1, '', 'family@example.com', '', FALSE, {row}, i"),
        ),
        rows(
            ROWS,
            "session_contact_changes",
            "contact_id, number, at, actor, origin, field, old_value, new_value",
            &format!("{organisation}, {}, i, i, '', 1, 'name', '', ''", (words.id)(8)),
        ),
        conversations(words),
        rows(
            ROWS,
            "session_search",
            "conversation_id, created_at, sequence, is_open",
            &format!("{organisation}, {row}, 0, 1, TRUE"),
        ),
        rows(
            ROWS,
            "session_participants",
            "conversation_id, id, kind, user_id, name, joined_at",
            &format!("{organisation}, {row}, {row}, 2, {}, '', 0", (words.id)(9)),
        ),
    ]
}

fn contacts(words: &Words) -> String {
    let (organisation, row) = ((words.id)(1), words.row);
    let [main, branch, root] = [2, 3, 7].map(words.id);
    let name = "CASE WHEN i % 2 = 0 THEN 'mueller' ELSE 'n' || CAST(1000000 + i AS TEXT) END";
    let division = format!("CASE WHEN i % 1000 = 0 THEN {branch} ELSE {main} END");
    let merged = format!("CASE WHEN i % 10000 = 5 THEN {root} ELSE NULL END");
    let counts_for = format!("CASE WHEN i % 10000 = 5 THEN {root} ELSE {row} END");
    rows(
        ROWS,
        "session_contacts",
        "id, division_id, revision, name, name_folded, fields, notes, consents, salt, merged_into, root_id, taken, \
        last_change, created_at, updated_at",
        &format!(
            "{organisation}, {row}, {division}, 1, {name}, {name}, '{{}}', '', '[]', '', {merged}, {counts_for}, '[]', 0, 0, 0"
        ),
    )
}

fn conversations(words: &Words) -> String {
    let (organisation, row) = ((words.id)(1), words.row);
    let (queue, often) = ((words.id)(4), (words.id)(8));
    rows(
        ROWS,
        "session_conversations",
        "id, opening, deployment_id, queue_id, guest_id, guest_name, topic, request_id, request_hash, state, last_sequence, \
        last_public_sequence, last_agent_sequence, head_hash, report_epoch, report_position, created_at, last_activity_at, \
        contact_id",
        &format!(
            "{organisation}, {row}, 1, {row}, {queue}, {row}, '', '', {row}, '', 4, 1, 1, 1, '', 0, 0, 0, 0, \
            CASE WHEN i % 2 = 0 THEN {often} ELSE {row} END"
        ),
    )
}

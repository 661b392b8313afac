//! An organisation with long lists.

use super::cost::Measured;
use crate::Migrations;
use onqueue_model::OrganisationId;
use onqueue_testkit::temp_store;
use sea_orm::{ConnectionTrait as _, DbBackend};
use uuid::Uuid;

/// How many responses, libraries and scripts there are, and versions of one script.
pub const ROWS: u32 = 100_000;

/// Whether PostgreSQL knows what is in the tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Figures {
    Gathered,
    /// As just after a large import, or when a backup was restored.
    Missing,
}

const NOT_GATHERED: &str = "ALTER TABLE content_responses SET (autovacuum_enabled = false)";

pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub fn organisation() -> OrganisationId {
    id(1).into()
}

/// How a database writes what the others write differently.
pub struct Words {
    /// The id of row `i`.
    row: &'static str,
    /// An id.
    pub id: fn(u128) -> String,
}

impl Words {
    pub fn of(backend: DbBackend) -> Self {
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

/// A thousandth of the libraries and of the scripts is in division 3, the others in 2; script 6 has all the versions. Of the
/// responses a thousandth is in library 5, which is in division 3, the others in 4; all have the tag `often`, and a thousandth
/// at the end of the names the tag `seldom`.
pub async fn filled(figures: Figures) -> Measured {
    let temp = temp_store().await;
    temp.store.migrate::<Migrations>().await.expect("migrations apply");
    let backend = temp.store.reader().get_database_backend();
    let words = Words::of(backend);
    let mut statements = statements(&words).to_vec();
    // SQLite plans without figures, as it does in service; PostgreSQL gathers them by itself, a while later.
    if backend == DbBackend::Postgres {
        match figures {
            Figures::Gathered => statements.push("ANALYZE".to_owned()),
            Figures::Missing => statements.insert(0, NOT_GATHERED.to_owned()),
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

fn rows(table: &str, columns: &str, values: &str) -> String {
    format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) \
        INSERT INTO {table} ({columns}) SELECT {values} FROM n"
    )
}

fn statements(words: &Words) -> [String; 7] {
    let (organisation, row) = ((words.id)(1), words.row);
    let [main, branch, all, few, script] = [2, 3, 4, 5, 6].map(words.id);
    let name = "'n' || CAST(1000000 + i AS TEXT)";
    let division = format!("CASE WHEN i % 1000 = 0 THEN {branch} ELSE {main} END");
    let library = format!("CASE WHEN i % 1000 = 0 THEN {few} ELSE {all} END");
    let tagged = format!("{organisation}, {library}, {row}, {division}, {name}");
    let of_tagged = "organisation_id, library_id, response_id, division_id, name_folded";
    [
        rows(
            "content_libraries",
            "organisation_id, library_id, revision, name, name_folded, description, division_id, created_at",
            &format!("{organisation}, {row}, i, {name}, {name}, '', {division}, 0"),
        ),
        rows(
            "content_responses",
            "organisation_id, response_id, revision, name, name_folded, shortcut, libraries, variants, substitutions, tags, \
            uses, created_at",
            &format!("{organisation}, {row}, i, {name}, {name}, '', '[]', '[]', '[]', '[]', 0, 0"),
        ),
        rows(
            "content_scripts",
            "organisation_id, script_id, revision, name, name_folded, description, division_id, draft, draft_digest, \
            published_version, published_digest, created_at, updated_at",
            &format!("{organisation}, {row}, i, {name}, {name}, '', {division}, '{{}}', '', 0, '', 0, 0"),
        ),
        rows(
            "content_script_versions",
            "organisation_id, script_id, version, document, digest, published_at, published_by",
            &format!("{organisation}, {script}, i, '{{}}', '', 0, ''"),
        ),
        rows("content_places", of_tagged, &tagged),
        rows(
            "content_tagged",
            &format!("tag_folded, {of_tagged}"),
            &format!("'often', {tagged}"),
        ),
        format!(
            "INSERT INTO content_tagged (tag_folded, {of_tagged}) SELECT 'seldom', {of_tagged} FROM content_tagged \
            WHERE name_folded > 'n1099900'"
        ),
    ]
}

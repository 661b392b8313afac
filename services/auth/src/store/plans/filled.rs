//! An organisation with long lists.

use super::cost::Measured;
use crate::Migrations;
use onqueue_model::OrganisationId;
use onqueue_testkit::temp_store;
use sea_orm::{ConnectionTrait as _, DbBackend};
use uuid::Uuid;

/// How many of each there are.
pub const ROWS: u32 = 100_000;

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
    /// No bytes.
    pub nothing: &'static str,
    /// An id.
    pub id: fn(u128) -> String,
}

impl Words {
    pub fn of(backend: DbBackend) -> Self {
        match backend {
            DbBackend::Postgres => Self {
                row: "('00000000-0000-0000-0000-' || lpad(to_hex(i), 12, '0'))::uuid",
                nothing: "''::bytea",
                id: |number| format!("'{}'::uuid", id(number)),
            },
            _ => Self {
                row: "unhex(printf('%032x', i))",
                nothing: "x''",
                id: |number| format!("x'{}'", id(number).simple()),
            },
        }
    }
}

/// Of each a hundred thousand. A thousandth is in division 3, the others in 2; a five-hundredth of the users is disabled. A
/// quarter of the addresses begins as no name does, and another as names do for two letters only.
pub async fn filled() -> Measured {
    let temp = temp_store().await;
    temp.store.migrate::<Migrations>().await.expect("migrations apply");
    let words = Words::of(temp.store.reader().get_database_backend());
    let mut statements = vec![users(&words), grants(&words)];
    statements.extend(named(&words));
    // SQLite plans without figures, as it does in service; PostgreSQL gathers them by itself.
    if temp.store.reader().get_database_backend() == DbBackend::Postgres {
        statements.push("ANALYZE".to_owned());
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

const NUMBER: &str = "CAST(1000000 + i AS TEXT)";

fn rows(table: &str, columns: &str, values: &str) -> String {
    format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) \
        INSERT INTO {table} ({columns}) SELECT {values} FROM n"
    )
}

fn division(words: &Words) -> String {
    format!(
        "CASE WHEN i % 1000 = 0 THEN {} ELSE {} END",
        (words.id)(3),
        (words.id)(2)
    )
}

fn users(words: &Words) -> String {
    let (organisation, division, row) = ((words.id)(1), division(words), words.row);
    rows(
        "auth_users",
        "organisation_id, user_id, division_id, name, name_folded, email, email_folded, address_key, language, state",
        &format!(
            "{organisation}, {row}, {division}, 'N' || {NUMBER}, 'n' || {NUMBER}, '', \
            CASE i % 4 WHEN 0 THEN 'z' WHEN 1 THEN 'n1z' ELSE 'n' END || {NUMBER} || '@example.org', \
            CASE i % 4 WHEN 0 THEN '0000 z' WHEN 1 THEN '0002 n1z' ELSE '0008 n' END || {NUMBER} || '@example.org', '', CASE WHEN i % 500 = 250 THEN 2 ELSE 1 END"
        ),
    )
}

/// A thousandth of the grants is of role 5, another one in division 3.
fn grants(words: &Words) -> String {
    let (organisation, row) = ((words.id)(1), words.row);
    let [main, branch, role, other] = [2, 3, 4, 5].map(words.id);
    rows(
        "auth_grants",
        "organisation_id, user_id, role_id, division_id",
        &format!(
            "{organisation}, {row}, CASE WHEN i % 1000 = 0 THEN {other} ELSE {role} END, \
            CASE WHEN i % 1000 = 7 THEN {branch} ELSE {main} END"
        ),
    )
}

/// Roles, divisions, deployments and API clients.
fn named(words: &Words) -> [String; 4] {
    let (row, division, nothing) = (words.row, division(words), words.nothing);
    let start = format!("{}, {row}, 'N' || {NUMBER}, 'n' || {NUMBER}", (words.id)(1));
    let columns = |id: &str, more: &str| format!("organisation_id, {id}, name, name_folded{more}");
    [
        rows(
            "auth_roles",
            &columns("role_id", ", permissions"),
            &format!("{start}, '[]'"),
        ),
        rows("auth_divisions", &columns("division_id", ""), &start),
        rows(
            "auth_deployments",
            &columns("deployment_id", ", division_id, enabled, origins, queues"),
            &format!("{start}, {division}, TRUE, '[]', '[]'"),
        ),
        rows(
            "auth_api_clients",
            &columns(
                "client_id",
                ", division_id, description, enabled, secret_hash, token_id, revision, created_at, request_id, request_hash",
            ),
            &format!("{start}, {division}, '', TRUE, {nothing}, {row}, 1, 0, {row}, {nothing}"),
        ),
    ]
}

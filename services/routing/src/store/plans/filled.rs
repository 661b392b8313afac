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
    /// The character of that code.
    character: &'static str,
    /// An id.
    pub id: fn(u128) -> String,
}

impl Words {
    pub fn of(backend: DbBackend) -> Self {
        match backend {
            DbBackend::Postgres => Self {
                row: "('00000000-0000-0000-0000-' || lpad(to_hex(i), 12, '0'))::uuid",
                character: "chr",
                id: |number| format!("'{}'::uuid", id(number)),
            },
            _ => Self {
                row: "unhex(printf('%032x', i))",
                character: "char",
                id: |number| format!("x'{}'", id(number).simple()),
            },
        }
    }
}

/// Of each a hundred thousand. Queue `i` is called `team n{1000000 + i} teams`; a thousandth is in division 3, the others in
/// 2, and so are the decisions about conversation 4. Everybody is a member of queue 5.
pub async fn filled() -> Measured {
    let temp = temp_store().await;
    temp.store.migrate::<Migrations>().await.expect("migrations apply");
    let backend = temp.store.reader().get_database_backend();
    let words = Words::of(backend);
    let mut statements = vec![
        queues(&words),
        skills(&words),
        decisions(&words),
        schedules(&words),
        schedule_groups(&words),
    ];
    statements.extend(turned(&words));
    statements.extend(members(&words));
    // SQLite plans without figures, as it does in service; PostgreSQL gathers them by itself.
    if backend == DbBackend::Postgres {
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

const NUMBER: &str = "'n' || CAST(1000000 + i AS TEXT)";

fn rows(table: &str, columns: &str, values: &str) -> String {
    format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) \
        INSERT INTO {table} (organisation_id, {columns}) SELECT {values} FROM n"
    )
}

fn division(words: &Words) -> String {
    let [main, branch] = [2, 3].map(words.id);
    format!("CASE WHEN i % 1000 = 0 THEN {branch} ELSE {main} END")
}

fn queues(words: &Words) -> String {
    let (organisation, row, division) = ((words.id)(1), words.row, division(words));
    let name = format!("'team ' || {NUMBER} || ' teams'");
    rows(
        "routing_queues",
        "queue_id, etag, revision, applied_revision, name, name_folded, description, division_id, evaluation, \
        routing_method, \"limit\", alerting_timeout_ms, inactivity_timeout_ms, inactivity_warning_ms, created_at",
        &format!("{organisation}, {row}, '1', 1, 1, {name}, {name}, '', {division}, 1, 1, 0, 0, 0, 0, 0"),
    )
}

/// As the names of the queues are turned.
fn turned(words: &Words) -> [String; 3] {
    let (organisation, row, division) = ((words.id)(1), words.row, division(words));
    let turn = format!("{}(1)", words.character);
    [
        (0, format!("'team ' || {NUMBER} || ' teams' || {turn}")),
        (0, format!("{NUMBER} || ' teams' || {turn} || 'team '")),
        (4, format!("'teams' || {turn} || 'team ' || {NUMBER} || ' '")),
    ]
    .map(|(shared, text)| {
        rows(
            "routing_queue_words",
            "queue_id, words, shared, division_id",
            &format!("{organisation}, {row}, {text}, {shared}, {division}"),
        )
    })
}

fn skills(words: &Words) -> String {
    let (organisation, row) = ((words.id)(1), words.row);
    rows(
        "routing_skills",
        "skill_id, name, name_folded",
        &format!("{organisation}, {row}, {NUMBER}, {NUMBER}"),
    )
}

fn schedules(words: &Words) -> String {
    let (organisation, row) = ((words.id)(1), words.row);
    rows(
        "routing_schedules",
        "schedule_id, name, name_folded, description, starts, ends, rule, time_zone, revision, created_at",
        &format!("{organisation}, {row}, {NUMBER}, {NUMBER}, '', '', '', '', '', 1, 0"),
    )
}

fn schedule_groups(words: &Words) -> String {
    let (organisation, row, division) = ((words.id)(1), words.row, division(words));
    rows(
        "routing_schedule_groups",
        "schedule_group_id, name, name_folded, description, division_id, time_zone, revision, created_at",
        &format!("{organisation}, {row}, {NUMBER}, {NUMBER}, '', {division}, 'UTC', 1, 0"),
    )
}

fn members(words: &Words) -> [String; 2] {
    let (organisation, row, queue) = ((words.id)(1), words.row, (words.id)(5));
    [
        rows(
            "routing_members",
            "queue_id, user_id, joined",
            &format!("{organisation}, {queue}, {row}, TRUE"),
        ),
        rows(
            "routing_agents",
            "user_id, name, maximum_chats, revision, applied_revision",
            &format!("{organisation}, {row}, 'Anna', 1, 1, 1"),
        ),
    ]
}

/// A thousandth is of queue 1000, the others of queue 1. Every other one is an offer to agent 7, some to agent 8; the others
/// are about those that wait.
fn decisions(words: &Words) -> String {
    let (organisation, row, conversation) = ((words.id)(1), words.row, (words.id)(4));
    let [queue, other, busy, idle] = [1, 1_000, 7, 8].map(words.id);
    let agent = format!("CASE WHEN i % 2 = 0 THEN {busy} WHEN i % 999 = 0 THEN {idle} END");
    rows(
        "routing_decisions",
        "decision_id, conversation_id, queue_id, position, log_position, revision, at, record, agent_id",
        &format!(
            "{organisation}, {row}, {conversation}, CASE WHEN i % 1000 = 0 THEN {other} ELSE {queue} END, \
            i, i, 1, i, '', {agent}"
        ),
    )
}

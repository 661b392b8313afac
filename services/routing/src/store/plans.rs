//! A page of a long list is read from an index, from where it begins to where it ends, on both databases.

use super::entities::queue;
use super::{queues, skills};
use crate::Migrations;
use onqueue_model::OrganisationId;
use onqueue_testkit::{TempStore, temp_store};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DbBackend, EntityTrait, QueryFilter as _, QueryTrait as _, Select,
    Statement,
};
use uuid::Uuid;

const ROWS: u32 = 100_000;
const SIZE: u64 = 51;

/// A store with that many queues and skills; a thousandth of the queues is in a division of its own.
async fn filled() -> TempStore {
    let temp = temp_store().await;
    temp.store.migrate::<Migrations>().await.expect("migrations apply");
    let backend = temp.store.reader().get_database_backend();
    let (random, id) = match backend {
        DbBackend::Postgres => (
            "gen_random_uuid()",
            (|number| format!("'{}'::uuid", uuid(number))) as fn(u128) -> String,
        ),
        _ => (
            "randomblob(16)",
            (|number| format!("x'{}'", uuid(number).simple())) as fn(u128) -> String,
        ),
    };
    let numbers = format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})");
    let called = "'n' || CAST(1000000 + i AS TEXT)";
    let organisation = id(1);
    let division = format!("CASE WHEN i % 1000 = 0 THEN {} ELSE {} END", id(3), id(2));
    let statements = [
        format!(
            "{numbers} INSERT INTO routing_queues (organisation_id, queue_id, etag, revision, applied_revision, name, \
            name_folded, description, division_id, evaluation, routing_method, \"limit\", alerting_timeout_ms, \
            inactivity_timeout_ms, inactivity_warning_ms, created_at) SELECT {organisation}, {random}, '1', 1, 1, \
            {called}, {called}, '', {division}, 1, 1, 0, 0, 0, 0, 0 FROM n"
        ),
        format!(
            "{numbers} INSERT INTO routing_skills (organisation_id, skill_id, name, name_folded) \
            SELECT {organisation}, {random}, {called}, {called} FROM n"
        ),
        "ANALYZE".to_owned(),
    ];
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
    temp
}

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn organisation() -> OrganisationId {
    uuid(1).into()
}

async fn plan<E: EntityTrait>(temp: &TempStore, page: &Select<E>) -> String {
    let connection = temp.store.reader();
    let backend = connection.get_database_backend();
    let (explain, column) = match backend {
        DbBackend::Postgres => ("EXPLAIN (ANALYZE, TIMING OFF)", 0),
        _ => ("EXPLAIN QUERY PLAN", 3),
    };
    let mut statement: Statement = page.build(backend);
    statement.sql = format!("{explain} {}", statement.sql);
    let rows = connection.query_all_raw(statement).await.expect("a plan");
    let lines = rows
        .iter()
        .map(|row| row.try_get_by_index::<String>(column).expect("a line"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Nothing is sorted, and hardly a row is read that is not on the page.
fn check(what: &str, plan: &str) {
    let is_indexed = plan.contains("USING INDEX") || plan.contains("Index Scan using");
    assert!(is_indexed, "{what}: {plan}");
    for bad in ["Seq Scan", "Sort", "Bitmap", "SCAN", "TEMP B-TREE"] {
        assert!(!plan.contains(bad), "{what}: {plan}");
    }
    let removed = plan
        .lines()
        .filter_map(|line| line.split("Rows Removed by Filter: ").nth(1));
    let removed: u64 = removed.filter_map(|number| number.trim().parse::<u64>().ok()).sum();
    assert!(removed < SIZE, "{what}: {plan}");
    let is_ranged = ["name_folded>", "name_folded >", "name_folded)::text >"]
        .iter()
        .any(|range| plan.contains(range));
    let is_ranged = what == "first" || is_ranged;
    assert!(is_ranged, "{what} does not begin where it should: {plan}");
}

#[tokio::test]
async fn pages_of_long_lists_are_read_from_an_index() {
    let temp = filled().await;
    let middle = || (format!("n{}", 1_000_000 + ROWS / 2), uuid(0));
    let place = || Some((middle().0, middle().1.into()));
    for (what, from) in [("first", None), ("later", place())] {
        let all = queues::page(organisation(), "", from.clone(), SIZE);
        check(what, &plan(&temp, &all).await);
        let of_one = all.filter(queue::Column::DivisionId.eq(uuid(3)));
        check(what, &plan(&temp, &of_one).await);
    }
    let place = || Some((middle().0, middle().1.into()));
    for (what, text, from) in [
        ("first", "", None),
        ("later", "", place()),
        ("beginning", "n10999", None),
    ] {
        let page = skills::page(organisation(), text, from, SIZE);
        check(what, &plan(&temp, &page).await);
    }
}

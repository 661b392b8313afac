//! Queues that were there before they were found by every word of their names.

use super::filled::{Words, id, organisation};
use crate::{Migrations, store::Tables};
use onqueue_model::Divisions;
use onqueue_testkit::temp_store;
use sea_orm::ConnectionTrait as _;
use sea_orm_migration::MigratorTrait as _;

#[tokio::test]
async fn queues_that_were_there_are_found() {
    let temp = temp_store().await;
    let words = Words::of(temp.store.reader().get_database_backend());
    let [own, division, one, removed] = [1, 2, 10, 11].map(words.id);
    let queue = |row: &str, name: &str, deleted_at: &str| {
        format!(
            "INSERT INTO routing_queues (organisation_id, queue_id, etag, revision, applied_revision, name, name_folded, \
            description, division_id, evaluation, routing_method, \"limit\", alerting_timeout_ms, inactivity_timeout_ms, \
            inactivity_warning_ms, created_at, deleted_at) \
            VALUES ({own}, {row}, '1', 1, 1, '{name}', '{name}', '', {division}, 1, 1, 0, 0, 0, 0, 0, {deleted_at});"
        )
    };
    let there = queue(&one, "IT Ärger", "NULL") + &queue(&removed, "Ärger", "1");
    let before = temp.store.transaction(move |tx| {
        let there = there.clone();
        Box::pin(async move {
            Migrations::up(tx, Some(3)).await?;
            tx.execute_unprepared(&there).await?;
            Ok(())
        })
    });
    before.await.expect("as it was");
    temp.store.migrate::<Migrations>().await.expect("migrations apply");
    let tables = Tables(temp.store.clone());
    for (divisions, expected) in [
        (Divisions::All, 1),
        (Divisions::Only([id(2).into()].into()), 1),
        (Divisions::Only([id(3).into()].into()), 0),
    ] {
        let found = tables.search_queues(organisation(), &divisions, "Ä", None, 10);
        let names: Vec<_> = found.await.expect("a page").items;
        let names: Vec<_> = names.iter().map(|queue| queue.content.name.as_str()).collect();
        assert_eq!(names, ["IT Ärger"][..expected]);
    }
}

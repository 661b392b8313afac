//! What a search for queues needs: the name of each, turned to begin with each of its words.

use crate::store::turned;
use ::uuid::Uuid;
use onqueue_store::schema::{index_of_organisation, name, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{small_integer, string, uuid};
use sea_orm_migration::sea_orm::DbBackend;

/// Makes `routing_queue_words` of the queues that are there.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0004_find_queues_by_word"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_words(manager).await?;
        turn_names(manager).await
    }
}

async fn create_words(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("queue_id")),
        words(manager),
        small_integer(name("shared")),
        uuid(name("division_id")),
    ];
    let (table, key) = ("routing_queue_words", ["queue_id", "words"]);
    manager
        .create_table(table_of_organisation(table, &key, columns))
        .await?;
    for (index, columns) in [
        ("routing_queue_words_found", &["shared", "words"][..]),
        ("routing_queue_words_division", &["division_id", "shared", "words"]),
    ] {
        manager
            .create_index(index_of_organisation(index, table, columns))
            .await?;
    }
    Ok(())
}

/// Compared by their bytes on both databases.
fn words(manager: &SchemaManager<'_>) -> ColumnDef {
    let mut column = string(name("words"));
    if manager.get_database_backend() == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}

async fn turn_names(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = ["organisation_id", "queue_id", "division_id", "name"].map(name);
    let rows = Query::select()
        .columns(columns)
        .from(name("routing_queues"))
        .and_where(Expr::col(name("deleted_at")).is_null())
        .to_owned();
    for row in manager.get_connection().query_all(&rows).await? {
        let [organisation, queue, division] =
            ["organisation_id", "queue_id", "division_id"].map(|column| row.try_get::<Uuid>("", column));
        let (organisation, queue, division) = (organisation?, queue?, division?);
        let mut insert = Query::insert();
        insert
            .into_table(name("routing_queue_words"))
            .columns(["organisation_id", "queue_id", "words", "shared", "division_id"].map(name));
        for turned in turned(&row.try_get::<String>("", "name")?) {
            insert.values_panic([
                organisation.into(),
                queue.into(),
                turned.words.into(),
                turned.shared.into(),
                division.into(),
            ]);
        }
        manager.get_connection().execute(&insert).await?;
    }
    Ok(())
}

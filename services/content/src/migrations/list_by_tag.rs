//! What lists by tag and of libraries need: responses by tag in the order of their names, and how many each library has.

use onqueue_store::schema::{add_columns, index_of_organisation, name, name_folded, table_of_organisation};
use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string, uuid};

/// Makes `content_tagged` of `content_tags` and `content_places`, and counts.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_list_by_tag"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_tagged(manager).await?;
        fill_tagged(manager).await?;
        let tags = Table::drop().table(name("content_tags")).to_owned();
        manager.drop_table(tags).await?;
        count_responses(manager).await
    }
}

async fn create_tagged(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut tag = string(name("tag_folded"));
    if manager.get_database_backend() == DbBackend::Postgres {
        tag.extra("COLLATE \"C\"");
    }
    let columns = vec![
        tag,
        uuid(name("library_id")),
        uuid(name("response_id")),
        uuid(name("division_id")),
        name_folded(manager),
    ];
    let (table, key) = ("content_tagged", ["tag_folded", "library_id", "response_id"]);
    manager
        .create_table(table_of_organisation(table, &key, columns))
        .await?;
    for (index, columns) in [
        ("content_tagged_name", &["tag_folded", "name_folded", "response_id"][..]),
        (
            "content_tagged_library",
            &["tag_folded", "library_id", "name_folded", "response_id"],
        ),
        (
            "content_tagged_division",
            &["tag_folded", "division_id", "name_folded", "response_id"],
        ),
        ("content_tagged_response", &["response_id"]),
        ("content_tagged_inside", &["library_id"]),
    ] {
        manager
            .create_index(index_of_organisation(index, table, columns))
            .await?;
    }
    Ok(())
}

async fn fill_tagged(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let sql = "INSERT INTO content_tagged \
        (organisation_id, tag_folded, library_id, response_id, division_id, name_folded) \
        SELECT t.organisation_id, t.tag_folded, p.library_id, p.response_id, p.division_id, p.name_folded \
        FROM content_tags t \
        JOIN content_places p ON p.organisation_id = t.organisation_id AND p.response_id = t.response_id";
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}

async fn count_responses(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let responses = big_integer(name("responses")).default(0_i64).take();
    add_columns(manager, "content_libraries", vec![responses]).await?;
    let sql = "UPDATE content_libraries SET responses = (SELECT COUNT(*) FROM content_places p \
        WHERE p.organisation_id = content_libraries.organisation_id AND p.library_id = content_libraries.library_id)";
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}

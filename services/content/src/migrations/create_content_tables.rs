//! Libraries and responses. A response's row says everything about it; what it is found by is said again in
//! `content_places`, a row for each library that it is in, and in `content_tags`, a row for each tag: lists walk their
//! indexes, and they are gone when the response is deleted.

use onqueue_store::schema::{index_of_organisation, name, table_of_organisation};
use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary_null, string, string_null, text, uuid, uuid_null,
};

/// Makes them.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_create_content_tables"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let heads = table_of_organisation("content_heads", &[], vec![big_integer(name("revision"))]);
        manager.create_table(heads).await?;
        create_libraries(manager).await?;
        create_responses(manager).await?;
        create_places(manager).await?;
        create_uses(manager).await?;
        onqueue_store::audit::create_table(manager, "content").await
    }
}

/// Folded text in the order of its characters' numbers on both databases, so that what begins with something is a range.
fn folded(manager: &SchemaManager<'_>, mut column: ColumnDef) -> ColumnDef {
    if manager.get_database_backend() == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}

fn living() -> SimpleExpr {
    Expr::col(name("deleted_at")).is_null()
}

async fn create_libraries(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("library_id")),
        big_integer(name("revision")),
        string(name("name")),
        folded(manager, string(name("name_folded"))),
        text(name("description")),
        uuid(name("division_id")),
        uuid_null(name("request_id")),
        binary_null(name("request_hash")),
        big_integer(name("created_at")),
        big_integer_null(name("deleted_at")),
    ];
    let table = "content_libraries";
    manager
        .create_table(table_of_organisation(table, &["library_id"], columns))
        .await?;
    let by_name = index_of_organisation("content_libraries_name", table, &["name_folded"]);
    let by_division = index_of_organisation(
        "content_libraries_division",
        table,
        &["division_id", "name_folded", "library_id"],
    );
    manager
        .create_index(by_name.to_owned().unique().and_where(living()).to_owned())
        .await?;
    manager
        .create_index(by_division.to_owned().and_where(living()).to_owned())
        .await?;
    index_requests_and_revisions(
        manager,
        table,
        ["content_libraries_request", "content_libraries_revision"],
        "library_id",
    )
    .await
}

async fn create_responses(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("response_id")),
        big_integer(name("revision")),
        string(name("name")),
        folded(manager, string(name("name_folded"))),
        string(name("shortcut")),
        text(name("libraries")),
        text(name("variants")),
        text(name("substitutions")),
        text(name("tags")),
        big_integer(name("uses")),
        big_integer_null(name("last_used_at")),
        uuid_null(name("request_id")),
        binary_null(name("request_hash")),
        big_integer(name("created_at")),
        big_integer_null(name("deleted_at")),
    ];
    let table = "content_responses";
    manager
        .create_table(table_of_organisation(table, &["response_id"], columns))
        .await?;
    let by_name = index_of_organisation("content_responses_name", table, &["name_folded", "response_id"]);
    manager
        .create_index(by_name.to_owned().and_where(living()).to_owned())
        .await?;
    let by_use = index_of_organisation("content_responses_used", table, &["last_used_at"]);
    manager.create_index(by_use).await?;
    index_requests_and_revisions(
        manager,
        table,
        ["content_responses_request", "content_responses_revision"],
        "response_id",
    )
    .await
}

/// For what was asked for before, and for what has changed since.
async fn index_requests_and_revisions(
    manager: &SchemaManager<'_>,
    table: &str,
    [requests, revisions]: [&str; 2],
    id: &str,
) -> Result<(), DbErr> {
    let requests = index_of_organisation(requests, table, &["request_id"])
        .unique()
        .to_owned();
    manager.create_index(requests).await?;
    manager
        .create_index(index_of_organisation(revisions, table, &["revision", id]))
        .await
}

async fn create_places(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("library_id")),
        uuid(name("response_id")),
        uuid(name("division_id")),
        folded(manager, string(name("name_folded"))),
        string_null(name("shortcut_folded")),
    ];
    let table = "content_places";
    manager
        .create_table(table_of_organisation(table, &["library_id", "response_id"], columns))
        .await?;
    for (index, columns) in [
        (
            "content_places_library",
            &["library_id", "name_folded", "response_id"][..],
        ),
        (
            "content_places_division",
            &["division_id", "name_folded", "response_id"],
        ),
        ("content_places_response", &["response_id"]),
    ] {
        manager
            .create_index(index_of_organisation(index, table, columns))
            .await?;
    }
    // Where there is no shortcut there is nothing to be unique: both databases let NULL come as often as it likes.
    let shortcuts = index_of_organisation("content_places_shortcut", table, &["library_id", "shortcut_folded"]);
    manager.create_index(shortcuts.to_owned().unique().to_owned()).await?;
    let tags = vec![folded(manager, string(name("tag_folded"))), uuid(name("response_id"))];
    manager
        .create_table(table_of_organisation(
            "content_tags",
            &["tag_folded", "response_id"],
            tags,
        ))
        .await?;
    manager
        .create_index(index_of_organisation(
            "content_tags_response",
            "content_tags",
            &["response_id"],
        ))
        .await
}

async fn create_uses(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("response_id")),
        string(name("client_message_id")),
        big_integer(name("used_at")),
    ];
    let key = ["response_id", "client_message_id"];
    manager
        .create_table(table_of_organisation("content_uses", &key, columns))
        .await
}

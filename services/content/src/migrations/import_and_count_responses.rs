//! Who used a response where, for a time; responses that nobody has used; and files of responses on their way in.

use onqueue_store::schema::{add_columns, index, index_of_organisation, name, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary, binary_null, integer, text_null, uuid, uuid_null};

/// Makes `content_counts`, `content_imports` and `content_import_parts`.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_import_and_count_responses"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        count_uses(manager).await?;
        find_unused(manager).await?;
        create_imports(manager).await
    }
}

/// Uses of before count for nobody and nowhere.
async fn count_uses(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![uuid_null(name("user_id")), uuid_null(name("queue_id"))];
    add_columns(manager, "content_uses", columns).await?;
    manager
        .create_index(index("content_uses_used", "content_uses", &["used_at"]))
        .await?;
    let columns = vec![
        uuid(name("counted_id")),
        uuid(name("response_id")),
        big_integer(name("uses")),
        big_integer(name("counted_at")),
    ];
    let (table, key) = ("content_counts", ["counted_id", "response_id"]);
    manager
        .create_table(table_of_organisation(table, &key, columns))
        .await?;
    manager
        .create_index(index_of_organisation("content_counts_counted", table, &["counted_at"]))
        .await
}

async fn find_unused(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = ["name_folded", "response_id"];
    let is_unused = Expr::col(name("deleted_at"))
        .is_null()
        .and(Expr::col(name("uses")).eq(0));
    let unused = index_of_organisation("content_responses_unused", "content_responses", &columns);
    manager
        .create_index(unused.to_owned().and_where(is_unused).to_owned())
        .await
}

async fn create_imports(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("request_id")),
        binary(name("request_hash")),
        text_null(name("outcome")),
        big_integer(name("created_at")),
    ];
    let table = "content_imports";
    manager
        .create_table(table_of_organisation(table, &["request_id"], columns))
        .await?;
    manager
        .create_index(index("content_imports_created", table, &["created_at"]))
        .await?;
    let columns = vec![
        uuid(name("request_id")),
        integer(name("part")),
        binary(name("part_hash")),
        binary_null(name("content")),
    ];
    let key = ["request_id", "part"];
    manager
        .create_table(table_of_organisation("content_import_parts", &key, columns))
        .await
}

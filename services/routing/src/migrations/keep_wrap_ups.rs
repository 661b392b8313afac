//! How agents say that a conversation went: codes, which queues use them, and what was said of each conversation by each who
//! had it. And which request transferred a conversation last, so that it does so once.

use onqueue_store::schema::{add_columns, index_of_organisation, name, name_folded, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary_null, string, text, uuid, uuid_null};

/// Makes the tables.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0020_keep_wrap_ups"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_codes(manager).await?;
        create_code_queues(manager).await?;
        create_wrap_ups(manager).await?;
        let request = vec![
            uuid_null(name("transfer_request_id")),
            binary_null(name("transfer_request_hash")),
        ];
        add_columns(manager, "routing_interactions", request).await
    }
}

async fn create_codes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("code_id")),
        string(name("name")),
        name_folded(manager),
        text(name("description")),
        uuid_null(name("division_id")),
        big_integer(name("revision")),
        uuid_null(name("request_id")),
        binary_null(name("request_hash")),
        big_integer(name("created_at")),
        big_integer_null(name("deleted_at")),
    ];
    let table = "routing_wrap_up_codes";
    manager
        .create_table(table_of_organisation(table, &["code_id"], columns))
        .await?;
    let there = || Expr::col(name("deleted_at")).is_null();
    let unique_name = index_of_organisation("routing_wrap_up_codes_folded", table, &["name_folded"])
        .unique()
        .and_where(there())
        .to_owned();
    manager.create_index(unique_name).await?;
    let listed = index_of_organisation("routing_wrap_up_codes_listed", table, &["name_folded", "code_id"])
        .and_where(there())
        .to_owned();
    manager.create_index(listed).await?;
    let by_request = index_of_organisation("routing_wrap_up_codes_request", table, &["request_id"])
        .unique()
        .to_owned();
    manager.create_index(by_request).await
}

async fn create_code_queues(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (table, columns) = (
        "routing_wrap_up_code_queues",
        vec![uuid(name("queue_id")), uuid(name("code_id"))],
    );
    manager
        .create_table(table_of_organisation(table, &["queue_id", "code_id"], columns))
        .await?;
    let of_code = index_of_organisation("routing_wrap_up_code_queues_code", table, &["code_id"]);
    manager.create_index(of_code).await
}

/// A row is made when an agent gets a conversation: so it is known who may say something of it.
async fn create_wrap_ups(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("conversation_id")),
        big_integer(name("opening")),
        uuid(name("user_id")),
        uuid(name("queue_id")),
        uuid_null(name("code_id")),
        text(name("notes")),
        big_integer_null(name("at")),
    ];
    let key = ["conversation_id", "opening", "user_id"];
    manager
        .create_table(table_of_organisation("routing_wrap_ups", &key, columns))
        .await
}

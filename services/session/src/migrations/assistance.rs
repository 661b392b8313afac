//! Requests for a supervisor, and who supervises which conversation without taking part. What an agent asks for is in the log
//! alone, so that it is erased there.

use onqueue_store::schema::{index_of_organisation, name, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, small_integer, string_null, text, text_null, uuid, uuid_null,
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0070_assistance"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_requests(manager).await?;
        create_supervisors(manager).await
    }
}

async fn create_requests(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("id")),
        uuid(name("conversation_id")),
        big_integer(name("sequence")),
        uuid(name("queue_id")),
        small_integer(name("state")),
        uuid(name("asked_by")),
        big_integer(name("asked_at")),
        uuid_null(name("taken_by")),
        text_null(name("taken_by_name")),
        big_integer_null(name("taken_at")),
        big_integer_null(name("closed_at")),
        string_null(name("closed_how")),
    ];
    let table = table_of_organisation("session_assistance", &["id"], columns);
    manager.create_table(table).await?;
    for (called, columns) in [
        ("session_assistance_time", &["asked_at", "id"][..]),
        ("session_assistance_state", &["state", "asked_at", "id"]),
        (
            "session_assistance_conversation",
            &["conversation_id", "asked_at", "id"],
        ),
    ] {
        let index = index_of_organisation(called, "session_assistance", columns);
        manager.create_index(index).await?;
    }
    Ok(())
}

async fn create_supervisors(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("conversation_id")),
        uuid(name("user_id")),
        uuid(name("participant_id")),
        text(name("name")),
        small_integer(name("mode")),
        big_integer(name("since")),
    ];
    let table = table_of_organisation("session_supervisors", &["conversation_id", "user_id"], columns);
    manager.create_table(table).await
}

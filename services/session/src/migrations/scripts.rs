//! What scripts do here: which one a queue has, what they changed of contacts, which answers were written, and what content is to
//! forget. And which libraries of responses a queue allows.

use onqueue_store::schema::{add_columns, index, index_of_organisation, name, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, json_null, text_null, uuid, uuid_null};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0080_scripts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let of_queues = vec![uuid_null(name("script_id")), json_null(name("libraries"))];
        add_columns(manager, "session_queue_policies", of_queues).await?;
        let of_changes = vec![text_null(name("script"))];
        add_columns(manager, "session_contact_changes", of_changes).await?;
        create_answers(manager).await?;
        create_forgetting(manager).await
    }
}

/// What was written of answers, which says nothing of what they were.
async fn create_answers(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("run_id")),
        big_integer(name("step")),
        integer(name("place")),
        uuid(name("conversation_id")),
        big_integer(name("at")),
    ];
    let key = ["run_id", "step", "place"];
    let answers = table_of_organisation("session_script_answers", &key, columns);
    manager.create_table(answers).await
}

/// Conversations of which content has not said yet that it has forgotten them.
async fn create_forgetting(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("conversation_id")),
        uuid_null(name("erasure_id")),
        big_integer(name("erased_at")),
    ];
    let table = "session_forgetting";
    manager
        .create_table(table_of_organisation(table, &["conversation_id"], columns))
        .await?;
    manager
        .create_index(index("session_forgetting_next", table, &["erased_at"]))
        .await?;
    let by_receipt = index_of_organisation("session_forgetting_receipt", table, &["erasure_id"]);
    manager.create_index(by_receipt).await
}

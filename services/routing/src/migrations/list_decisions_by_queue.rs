//! Decisions about a conversation are read by queue: what the reader may not see of them is not read at all.

use onqueue_store::schema::{index_of_organisation, name};
use sea_orm_migration::prelude::*;

/// Puts the index by conversation and queue in the place of the one by conversation.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_list_decisions_by_queue"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = ["conversation_id", "queue_id", "position"];
        let by_queue = index_of_organisation("routing_decisions_queue", "routing_decisions", &columns);
        manager.create_index(by_queue).await?;
        let former = Index::drop()
            .name("routing_decisions_conversation")
            .table(name("routing_decisions"))
            .to_owned();
        manager.drop_index(former).await
    }
}

//! Decisions by which an agent was offered something are read by time, in each queue for itself: what the reader may not see of
//! them is not read. Those from before are found by their conversation and their queue only.

use onqueue_store::schema::{add_columns, index_of_organisation, name};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::uuid_null;

/// Gives decisions the agent, and an index by agent, queue and time.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0070_list_decisions_by_agent"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_columns(manager, "routing_decisions", vec![uuid_null(name("agent_id"))]).await?;
        let columns = ["agent_id", "queue_id", "at", "decision_id"];
        let by_agent = index_of_organisation("routing_decisions_agent", "routing_decisions", &columns);
        manager.create_index(by_agent).await
    }
}

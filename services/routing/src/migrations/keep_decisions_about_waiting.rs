//! Decisions are also about conversations that wait; those of a queue are read by time.

use onqueue_store::schema::{index_of_organisation, name};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::small_integer;

/// Gives decisions a kind, of which all until now were offers, and an index by queue and time.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0040_keep_decisions_about_waiting"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let kind = small_integer(name("kind")).default(1).to_owned();
        let with_kind = Table::alter()
            .table(name("routing_decisions"))
            .add_column(kind)
            .to_owned();
        manager.alter_table(with_kind).await?;
        let columns = ["queue_id", "at", "decision_id"];
        let by_time = index_of_organisation("routing_decisions_time", "routing_decisions", &columns);
        manager.create_index(by_time).await
    }
}

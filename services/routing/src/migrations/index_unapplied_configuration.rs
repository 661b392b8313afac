//! What was committed of the configuration and is not in force yet is looked for every second: by indexes that hold nothing
//! else.

use onqueue_store::schema::{index_of_organisation, name};
use sea_orm_migration::prelude::*;

/// Makes the indexes.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_index_unapplied_configuration"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (index, table) in [
            ("routing_queues_unapplied", "routing_queues"),
            ("routing_agents_unapplied", "routing_agents"),
        ] {
            let unapplied = Expr::col(name("revision")).gt(Expr::col(name("applied_revision")));
            let index = index_of_organisation(index, table, &[]).and_where(unapplied).to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

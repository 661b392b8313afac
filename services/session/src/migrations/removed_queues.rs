//! Queues may be removed: conversations that came through them stay, and find their policy.

use onqueue_store::schema::name;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::boolean;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_removed_queues"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::alter()
            .table(name("session_queue_policies"))
            .add_column(boolean(name("removed")).default(false))
            .to_owned();
        manager.alter_table(table).await
    }
}

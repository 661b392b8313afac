//! What session must know of queues, as routing says it.

use onqueue_store::schema::{name, table};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, string, uuid};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0004_queue_policies"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            uuid(name("organisation_id")),
            uuid(name("queue_id")),
            big_integer(name("revision")),
            string(name("name")),
            uuid(name("division_id")),
            boolean(name("open")),
            big_integer(name("inactivity_timeout_ms")),
            big_integer(name("inactivity_warning_ms")),
        ];
        let key = ["organisation_id", "queue_id"];
        manager
            .create_table(table("session_queue_policies", &key, columns))
            .await
    }
}

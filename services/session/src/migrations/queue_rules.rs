//! What holds for queues' conversations: whose silence counts, who is given up, what is kept for how long, what may be attached.
//! And which skills a conversation wants, for when it is opened again.

use onqueue_store::schema::{add_columns, name};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, integer, json_null, small_integer, text, uuid_null};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0060_queue_rules"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            small_integer(name("inactivity_counts")).default(0).to_owned(),
            uuid_null(name("inactivity_transfer_queue_id")),
            big_integer(name("abandon_after_ms")).default(120_000_i64).to_owned(),
            big_integer(name("messaging_window_ms"))
                .default(259_200_000_i64)
                .to_owned(),
            integer(name("retention_days")).default(0).to_owned(),
            json_null(name("attachments")),
            boolean(name("monitor_visible")).default(false).to_owned(),
        ];
        add_columns(manager, "session_queue_policies", columns).await?;
        let skills = text(name("skill_ids")).default("[]").to_owned();
        add_columns(manager, "session_conversations", vec![skills]).await
    }
}

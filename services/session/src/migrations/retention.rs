//! What is kept for how long: conversations that have to be kept, and how far each queue's retention has come.

use onqueue_store::schema::{index, name, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text, uuid};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0075_retention"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let kept = ["organisation_id", "queue_id", "ended_at"];
        let kept = index("session_conversations_kept", "session_conversations", &kept)
            .and_where(Expr::col(name("ended_at")).is_not_null())
            .and_where(Expr::col(name("erased_at")).is_null())
            .to_owned();
        manager.create_index(kept).await?;
        let columns = vec![
            uuid(name("conversation_id")),
            big_integer(name("at")),
            uuid(name("user_id")),
            text(name("reason")),
        ];
        let holds = table_of_organisation("session_legal_holds", &["conversation_id"], columns);
        manager.create_table(holds).await?;
        let columns = vec![
            uuid(name("queue_id")),
            big_integer(name("erased")),
            big_integer(name("last_erased_at")),
        ];
        let progress = table_of_organisation("session_retention", &["queue_id"], columns);
        manager.create_table(progress).await
    }
}

//! What session knows of queues' opening hours; nothing of a queue that is always open.

use onqueue_store::schema::{add_columns, name};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, small_integer};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0050_queue_hours"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            small_integer(name("state")).default(0).to_owned(),
            big_integer_null(name("changes_at")),
            small_integer(name("next_state")).default(0).to_owned(),
            big_integer_null(name("opens_at")),
        ];
        add_columns(manager, "session_queue_policies", columns).await
    }
}

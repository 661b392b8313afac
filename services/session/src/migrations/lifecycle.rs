//! What becomes of conversations when an agent is done with them, which request for a supervisor is open, what is noted of
//! them, and since when each side has been silent.

use onqueue_store::schema::{add_columns, name};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, small_integer, text_null};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0055_lifecycle"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            small_integer(name("kind")).default(1).to_owned(),
            text_null(name("assistance")),
            text_null(name("attributes")),
            big_integer_null(name("guest_active_at")),
            big_integer_null(name("agent_active_at")),
        ];
        add_columns(manager, "session_conversations", columns).await
    }
}

//! Files in conversations: what is known of each. Their bytes are elsewhere.

use onqueue_store::schema::{index, index_of_organisation, name, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary_null, integer, small_integer, string_null, text, uuid, uuid_null,
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0073_attachments"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        const TABLE: &str = "session_attachments";
        let columns = vec![
            uuid(name("conversation_id")),
            uuid(name("id")),
            uuid(name("participant_id")),
            uuid_null(name("user_id")),
            uuid(name("request_id")),
            text(name("name")),
            big_integer(name("bytes")),
            string_null(name("media_type")),
            small_integer(name("state")),
            string_null(name("refusal")),
            uuid_null(name("attempt")),
            binary_null(name("hashes")),
            integer(name("tries")),
            big_integer(name("created_at")),
            big_integer(name("expires_at")),
            big_integer_null(name("due_at")),
        ];
        let key = ["conversation_id", "id"];
        manager
            .create_table(table_of_organisation(TABLE, &key, columns))
            .await?;
        let by_request = ["conversation_id", "participant_id", "request_id"];
        let mut by_request = index_of_organisation("session_attachments_request", TABLE, &by_request);
        manager.create_index(by_request.unique().to_owned()).await?;
        let due = ["due_at", "organisation_id", "conversation_id", "id"];
        manager
            .create_index(index("session_attachments_due", TABLE, &due))
            .await
    }
}

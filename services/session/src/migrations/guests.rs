//! What lets guests come back: their resume tokens (hashes only), and the keys that sign their access tokens.

use onqueue_store::schema::{index, name, table};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary, binary_null, string, uuid};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_guests"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            uuid(name("organisation_id")),
            binary(name("token_hash")),
            uuid(name("conversation_id")),
            uuid(name("participant_id")),
            binary_null(name("replaces_hash")),
            big_integer(name("created_at")),
            big_integer_null(name("used_at")),
            big_integer(name("expires_at")),
        ];
        // A guest comes with nothing but the token, so its hash leads the key.
        let key = ["token_hash", "organisation_id"];
        manager
            .create_table(table("session_guest_tokens", &key, columns))
            .await?;
        let by_conversation = ["organisation_id", "conversation_id"];
        let by_conversation = index(
            "session_guest_tokens_conversation",
            "session_guest_tokens",
            &by_conversation,
        );
        manager.create_index(by_conversation).await?;
        let columns = vec![
            string(name("kid")),
            binary(name("secret")),
            big_integer(name("created_at")),
            big_integer(name("expires_at")),
        ];
        manager.create_table(table("session_keys", &["kid"], columns)).await?;
        let columns = vec![
            string(name("kid")),
            binary(name("public_key")),
            big_integer(name("expires_at")),
        ];
        manager
            .create_table(table("session_trust_keys", &["kid"], columns))
            .await
    }
}

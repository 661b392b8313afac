//! Conversations, their logs, who takes part, and the audit chain. What cannot be added to a log later is here from the
//! start: the three numberings, the hash chain with salts, the organisation in every key, the trace of each event.

use onqueue_store::schema::{index, name, table};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, integer, small_integer, small_integer_null, string,
    string_null, text, text_null, uuid, uuid_null,
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_conversations"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_conversations(manager).await?;
        create_events(manager).await?;
        create_participants(manager).await?;
        onqueue_store::audit::create_table(manager, "session").await
    }
}

async fn create_conversations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("organisation_id")),
        uuid(name("id")),
        integer(name("opening")),
        uuid(name("deployment_id")),
        uuid(name("queue_id")),
        uuid(name("guest_id")),
        string_null(name("language")),
        string(name("guest_name")),
        string(name("topic")),
        uuid(name("request_id")),
        binary(name("request_hash")),
        small_integer(name("state")),
        big_integer(name("last_sequence")),
        big_integer(name("last_public_sequence")),
        big_integer(name("last_agent_sequence")),
        binary(name("head_hash")),
        big_integer(name("report_epoch")),
        big_integer(name("report_position")),
        big_integer(name("created_at")),
        big_integer(name("last_activity_at")),
        big_integer_null(name("warned_at")),
        big_integer_null(name("check_at")),
        big_integer_null(name("ended_at")),
        small_integer_null(name("end_reason")),
    ];
    let key = ["organisation_id", "id"];
    manager
        .create_table(table("session_conversations", &key, columns))
        .await?;
    let by_request = ["organisation_id", "deployment_id", "request_id"];
    let mut by_request = index("session_conversations_request", "session_conversations", &by_request);
    manager.create_index(by_request.unique().to_owned()).await?;
    let due = ["check_at", "organisation_id", "id"];
    manager
        .create_index(index("session_conversations_due", "session_conversations", &due))
        .await
}

async fn create_events(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("organisation_id")),
        uuid(name("conversation_id")),
        big_integer(name("sequence")),
        big_integer_null(name("public_sequence")),
        big_integer_null(name("agent_sequence")),
        uuid(name("id")),
        small_integer(name("kind")),
        small_integer(name("visibility")),
        big_integer(name("at")),
        uuid_null(name("participant_id")),
        text_null(name("part")),
        binary_null(name("salt")),
        binary_null(name("part_hash")),
        binary(name("hash")),
        string_null(name("client_message_id")),
        string_null(name("traceparent")),
    ];
    let key = ["organisation_id", "conversation_id", "sequence"];
    manager.create_table(table("session_events", &key, columns)).await?;
    let by_sender = [
        "organisation_id",
        "conversation_id",
        "participant_id",
        "client_message_id",
    ];
    let by_sender = index("session_events_client_message", "session_events", &by_sender)
        .unique()
        .and_where(Expr::col(name("client_message_id")).is_not_null())
        .to_owned();
    manager.create_index(by_sender).await
}

async fn create_participants(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("organisation_id")),
        uuid(name("conversation_id")),
        uuid(name("id")),
        small_integer(name("kind")),
        uuid_null(name("user_id")),
        text(name("name")),
        big_integer(name("joined_at")),
        big_integer_null(name("left_at")),
    ];
    let key = ["organisation_id", "conversation_id", "id"];
    manager
        .create_table(table("session_participants", &key, columns))
        .await?;
    let by_user = ["organisation_id", "user_id", "left_at", "conversation_id"];
    manager
        .create_index(index("session_participants_user", "session_participants", &by_user))
        .await
}

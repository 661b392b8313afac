//! Configuration, the routing log with what follows from it, and ownership.

use onqueue_model::Shard;
use onqueue_store::schema::{index_of_organisation, name, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, boolean, small_integer, string, string_null, text, uuid,
    uuid_null,
};

/// Makes them all.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_create_routing_tables"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_queues(manager).await?;
        create_agents(manager).await?;
        create_log(manager).await?;
        create_outcomes(manager).await?;
        create_ownership(manager).await?;
        onqueue_store::audit::create_table(manager, "routing").await
    }
}

async fn create_queues(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(table_of_organisation(
            "routing_heads",
            &[],
            vec![big_integer(name("revision"))],
        ))
        .await?;
    manager
        .create_table(table_of_organisation("routing_queues", &["queue_id"], queue_columns()))
        .await?;
    let unique_name = index_of_organisation("routing_queues_name", "routing_queues", &["name_folded"])
        .unique()
        .and_where(Expr::col(name("deleted_at")).is_null())
        .to_owned();
    manager.create_index(unique_name).await?;
    let by_request = index_of_organisation("routing_queues_request", "routing_queues", &["request_id"])
        .unique()
        .to_owned();
    manager.create_index(by_request).await?;
    let policies = vec![
        uuid(name("queue_id")),
        big_integer(name("acknowledged_revision")),
        big_integer_null(name("acknowledged_at")),
    ];
    manager
        .create_table(table_of_organisation("routing_policies", &["queue_id"], policies))
        .await?;
    let members = vec![uuid(name("queue_id")), uuid(name("user_id")), boolean(name("joined"))];
    manager
        .create_table(table_of_organisation(
            "routing_members",
            &["queue_id", "user_id"],
            members,
        ))
        .await?;
    manager
        .create_index(index_of_organisation(
            "routing_members_user",
            "routing_members",
            &["user_id"],
        ))
        .await
}

fn queue_columns() -> Vec<ColumnDef> {
    vec![
        uuid(name("queue_id")),
        string(name("etag")),
        big_integer(name("revision")),
        big_integer(name("applied_revision")),
        string(name("name")),
        string(name("name_folded")),
        text(name("description")),
        uuid(name("division_id")),
        small_integer(name("evaluation")),
        small_integer(name("routing_method")),
        big_integer(name("limit")),
        big_integer(name("alerting_timeout_ms")),
        big_integer(name("inactivity_timeout_ms")),
        big_integer(name("inactivity_warning_ms")),
        uuid_null(name("request_id")),
        binary_null(name("request_hash")),
        big_integer(name("created_at")),
        big_integer_null(name("deleted_at")),
    ]
}

async fn create_agents(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let skills = vec![uuid(name("skill_id")), string(name("name"))];
    manager
        .create_table(table_of_organisation("routing_skills", &["skill_id"], skills))
        .await?;
    let unique_name = index_of_organisation("routing_skills_name", "routing_skills", &["name"])
        .unique()
        .to_owned();
    manager.create_index(unique_name).await?;
    let agents = vec![
        uuid(name("user_id")),
        string(name("name")),
        small_integer(name("maximum_chats")),
        big_integer(name("revision")),
        big_integer(name("applied_revision")),
    ];
    manager
        .create_table(table_of_organisation("routing_agents", &["user_id"], agents))
        .await?;
    let skills = vec![
        uuid(name("user_id")),
        uuid(name("skill_id")),
        small_integer(name("level")),
    ];
    manager
        .create_table(table_of_organisation(
            "routing_agent_skills",
            &["user_id", "skill_id"],
            skills,
        ))
        .await?;
    let languages = vec![
        uuid(name("user_id")),
        string(name("language")),
        small_integer(name("level")),
    ];
    manager
        .create_table(table_of_organisation(
            "routing_agent_languages",
            &["user_id", "language"],
            languages,
        ))
        .await
}

async fn create_log(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let log = vec![
        big_integer(name("position")),
        big_integer(name("at")),
        text(name("command")),
        string_null(name("traceparent")),
        big_integer(name("epoch")),
    ];
    manager
        .create_table(table_of_organisation("routing_log", &["position"], log))
        .await?;
    let snapshots = vec![
        big_integer(name("position")),
        big_integer(name("at")),
        binary(name("engine")),
    ];
    manager
        .create_table(table_of_organisation("routing_snapshots", &["position"], snapshots))
        .await?;
    let interactions = vec![
        uuid(name("conversation_id")),
        big_integer(name("opening")),
        string(name("guest_name")),
        text(name("topic")),
    ];
    let key = ["conversation_id", "opening"];
    manager
        .create_table(table_of_organisation("routing_interactions", &key, interactions))
        .await
}

async fn create_outcomes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let decisions = vec![
        uuid(name("decision_id")),
        uuid(name("conversation_id")),
        uuid(name("queue_id")),
        big_integer(name("position")),
        big_integer(name("log_position")),
        big_integer(name("revision")),
        big_integer(name("at")),
        text(name("record")),
    ];
    manager
        .create_table(table_of_organisation("routing_decisions", &["decision_id"], decisions))
        .await?;
    let of_conversation = index_of_organisation(
        "routing_decisions_conversation",
        "routing_decisions",
        &["conversation_id", "position"],
    );
    manager.create_index(of_conversation).await?;
    let reports = vec![
        uuid(name("conversation_id")),
        big_integer(name("position")),
        big_integer(name("opening")),
        big_integer(name("epoch")),
        string_null(name("traceparent")),
        binary(name("payload")),
    ];
    manager
        .create_table(table_of_organisation(
            "routing_reports",
            &["conversation_id", "position"],
            reports,
        ))
        .await
}

async fn create_ownership(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let by_shard = |called: &str, columns: Vec<ColumnDef>| {
        let mut table = Table::create();
        table
            .table(name(called))
            .col(small_integer(name("shard")).primary_key());
        for column in columns {
            table.col(column);
        }
        table.to_owned()
    };
    let cursors = vec![big_integer(name("number"))];
    manager.create_table(by_shard("routing_feed_cursors", cursors)).await?;
    let leases = vec![
        big_integer(name("epoch")),
        string(name("owner")),
        string(name("address")),
        big_integer(name("expires_at")),
    ];
    manager.create_table(by_shard("routing_leases", leases)).await?;
    manager.execute(first_cursors()).await?;
    manager.execute(first_leases()).await
}

fn first_cursors() -> InsertStatement {
    let mut rows = Query::insert();
    rows.into_table(name("routing_feed_cursors"))
        .columns(["shard", "number"].map(name));
    for shard in Shard::all() {
        rows.values_panic([shard.number().into(), 0_i64.into()]);
    }
    rows.to_owned()
}

fn first_leases() -> InsertStatement {
    let columns = ["shard", "epoch", "owner", "address", "expires_at"];
    let mut rows = Query::insert();
    rows.into_table(name("routing_leases")).columns(columns.map(name));
    for shard in Shard::all() {
        rows.values_panic([shard.number().into(), 0_i64.into(), "".into(), "".into(), 0_i64.into()]);
    }
    rows.to_owned()
}

//! Everything that can be set about how queues route, who stands where in them, what was set before, and what holds for the
//! whole organisation.

use ::uuid::Uuid;
use onqueue_store::schema::{add_columns, name, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, json, small_integer, string, uuid};
use sea_orm_migration::sea_orm::QueryResult;

/// Adds them.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0010_queue_settings"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let settings = json(name("settings")).default("{}").to_owned();
        add_columns(manager, "routing_queues", vec![settings]).await?;
        let standing = vec![
            small_integer(name("ring")).default(1).to_owned(),
            json(name("group_ids")).default("[]").to_owned(),
        ];
        add_columns(manager, "routing_members", standing).await?;
        create_revisions(manager).await?;
        begin_revisions(manager).await?;
        let columns = vec![
            big_integer(name("revision")),
            big_integer(name("applied_revision")),
            json(name("content")),
        ];
        let table = table_of_organisation("routing_settings", &[], columns);
        manager.create_table(table).await
    }
}

async fn create_revisions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("queue_id")),
        big_integer(name("revision")),
        big_integer(name("at")),
        string(name("actor")),
        json(name("content")),
    ];
    let key = ["queue_id", "revision"];
    let table = table_of_organisation("routing_queue_revisions", &key, columns);
    manager.create_table(table).await
}

/// Queues that are there have one revision, of which nobody knows who made it; at least as old as the queue.
async fn begin_revisions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let columns = [
        "organisation_id",
        "queue_id",
        "revision",
        "created_at",
        "name",
        "description",
        "division_id",
        "limit",
        "alerting_timeout_ms",
        "inactivity_timeout_ms",
        "inactivity_warning_ms",
    ];
    let all = Query::select()
        .columns(columns.map(name))
        .from(name("routing_queues"))
        .to_owned();
    for row in connection.query_all(&all).await? {
        let mut first = Query::insert();
        let columns = ["organisation_id", "queue_id", "revision", "at", "actor", "content"];
        let of: Uuid = row.try_get("", "organisation_id")?;
        let queue: Uuid = row.try_get("", "queue_id")?;
        let revision: i64 = row.try_get("", "revision")?;
        let at: i64 = row.try_get("", "created_at")?;
        let values = [of.into(), queue.into(), revision.into(), at.into(), "".into()];
        first
            .into_table(name("routing_queue_revisions"))
            .columns(columns.map(name))
            .values_panic(values.into_iter().chain([content(&row)?.into()]));
        connection.execute(&first).await?;
    }
    Ok(())
}

/// As revisions hold it.
fn content(row: &QueryResult) -> Result<serde_json::Value, DbErr> {
    let text = |column| row.try_get::<String>("", column);
    let number = |column| row.try_get::<i64>("", column);
    Ok(serde_json::json!({
        "name": text("name")?,
        "description": text("description")?,
        "division_id": row.try_get::<Uuid>("", "division_id")?.to_string(),
        "evaluation": "all_skills",
        "routing_method": "standard",
        "limit": number("limit")?,
        "alerting_timeout_ms": number("alerting_timeout_ms")?,
        "inactivity_timeout_ms": number("inactivity_timeout_ms")?,
        "inactivity_warning_ms": number("inactivity_warning_ms")?,
    }))
}

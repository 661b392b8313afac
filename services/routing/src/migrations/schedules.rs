//! Schedules, groups of them, the queues that keep to them, and when session must be told of a queue again.

use onqueue_store::schema::{add_columns, index, index_of_organisation, name, name_folded, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary_null, small_integer, string, text, uuid, uuid_null,
};

/// Makes them.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0050_schedules"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_schedules(manager).await?;
        create_groups(manager).await?;
        name_in_queues(manager).await?;
        renew_policies(manager).await
    }
}

async fn create_schedules(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let own = vec![
        string(name("starts")),
        string(name("ends")),
        text(name("rule")),
        string(name("time_zone")),
    ];
    let columns = described(manager, "schedule_id", own);
    let table = table_of_organisation("routing_schedules", &["schedule_id"], columns);
    manager.create_table(table).await?;
    index_listed(manager, "routing_schedules", &["name_folded", "schedule_id"]).await
}

async fn create_groups(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let own = vec![
        uuid(name("division_id")),
        string(name("time_zone")),
        big_integer_null(name("emergency_since")),
        uuid_null(name("emergency_by")),
    ];
    let columns = described(manager, "schedule_group_id", own);
    let groups = table_of_organisation("routing_schedule_groups", &["schedule_group_id"], columns);
    manager.create_table(groups).await?;
    index_listed(
        manager,
        "routing_schedule_groups",
        &["name_folded", "schedule_group_id"],
    )
    .await?;
    let by_division = ["division_id", "name_folded", "schedule_group_id"];
    let by_division = index_of_organisation(
        "routing_schedule_groups_division",
        "routing_schedule_groups",
        &by_division,
    )
    .and_where(Expr::col(name("deleted_at")).is_null())
    .to_owned();
    manager.create_index(by_division).await?;
    let columns = vec![
        uuid(name("schedule_group_id")),
        uuid(name("schedule_id")),
        small_integer(name("kind")),
    ];
    let key = ["schedule_group_id", "schedule_id"];
    let scheduled = table_of_organisation("routing_scheduled", &key, columns);
    manager.create_table(scheduled).await?;
    let by_schedule = index_of_organisation("routing_scheduled_schedule", "routing_scheduled", &["schedule_id"]);
    manager.create_index(by_schedule).await
}

/// What everything has that is made once, named, described, changed and removed.
fn described(manager: &SchemaManager<'_>, id: &str, own: Vec<ColumnDef>) -> Vec<ColumnDef> {
    let first = [
        uuid(name(id)),
        string(name("name")),
        name_folded(manager),
        text(name("description")),
    ];
    let last = [
        big_integer(name("revision")),
        uuid_null(name("request_id")),
        binary_null(name("request_hash")),
        big_integer(name("created_at")),
        big_integer_null(name("deleted_at")),
    ];
    first.into_iter().chain(own).chain(last).collect()
}

/// By name, of what was not removed, each name once; and by the request that made it.
async fn index_listed(manager: &SchemaManager<'_>, table: &str, place: &[&str]) -> Result<(), DbErr> {
    let there = || Expr::col(name("deleted_at")).is_null();
    let unique_name = index_of_organisation(&format!("{table}_folded"), table, &["name_folded"])
        .unique()
        .and_where(there())
        .to_owned();
    manager.create_index(unique_name).await?;
    let listed = index_of_organisation(&format!("{table}_listed"), table, place)
        .and_where(there())
        .to_owned();
    manager.create_index(listed).await?;
    let by_request = index_of_organisation(&format!("{table}_request"), table, &["request_id"])
        .unique()
        .to_owned();
    manager.create_index(by_request).await
}

async fn name_in_queues(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let group = uuid_null(name("schedule_group_id"));
    add_columns(manager, "routing_queues", vec![group]).await?;
    let kept_by = index_of_organisation(
        "routing_queues_schedule_group",
        "routing_queues",
        &["schedule_group_id"],
    )
    .and_where(Expr::col(name("schedule_group_id")).is_not_null())
    .to_owned();
    manager.create_index(kept_by).await
}

/// The revision of the schedules that a policy must say, and when it is to be given again although nobody changed anything.
async fn renew_policies(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        big_integer(name("revision")).default(0).to_owned(),
        big_integer_null(name("renew_at")),
    ];
    add_columns(manager, "routing_policies", columns).await?;
    let due = index("routing_policies_renewed", "routing_policies", &["renew_at"])
        .and_where(Expr::col(name("renew_at")).is_not_null())
        .to_owned();
    manager.create_index(due).await
}

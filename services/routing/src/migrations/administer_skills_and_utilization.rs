//! What administrators change: skills with everything that is said of them, capacities for every medium, and indexes by which
//! long lists are read from anywhere in the order of names.

use ::uuid::Uuid;
use onqueue_store::{
    query::fold,
    schema::{add_columns, index_of_organisation, name, name_folded, table_of_organisation},
};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary_null, small_integer, text, uuid, uuid_null};
use sea_orm_migration::sea_orm::DbBackend;

/// Adds them.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_administer_skills_and_utilization"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        describe_skills(manager).await?;
        fold_names(manager).await?;
        create_capacities(manager).await?;
        compare_by_bytes(manager).await?;
        index_skills(manager).await?;
        index_queues(manager).await
    }
}

async fn describe_skills(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        name_folded(manager),
        text(name("description")).default("").to_owned(),
        big_integer(name("revision")).default(1).to_owned(),
        uuid_null(name("request_id")),
        binary_null(name("request_hash")),
        big_integer(name("created_at")).default(0).to_owned(),
        big_integer_null(name("deleted_at")),
    ];
    add_columns(manager, "routing_skills", columns).await
}

/// By Unicode's rules, which the databases do not share.
async fn fold_names(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let key = ["organisation_id", "skill_id"];
    let all = Query::select()
        .columns(key.into_iter().chain(["name"]).map(name))
        .from(name("routing_skills"))
        .to_owned();
    for row in connection.query_all(&all).await? {
        let called: String = row.try_get("", "name")?;
        let mut folded = Query::update();
        folded
            .table(name("routing_skills"))
            .value(name("name_folded"), fold(&called));
        for column in key {
            let id: Uuid = row.try_get("", column)?;
            folded.and_where(Expr::col(name(column)).eq(id));
        }
        connection.execute(&folded).await?;
    }
    Ok(())
}

/// What agents have is their own; the organisation's goes by the user that nobody is.
async fn create_capacities(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let revisions = ["skills_revision", "utilization_revision"];
    let revisions = revisions.map(|column| big_integer(name(column)).default(0).to_owned());
    add_columns(manager, "routing_agents", revisions.into()).await?;
    let revision = big_integer(name("utilization_revision")).default(0).to_owned();
    add_columns(manager, "routing_heads", vec![revision]).await?;
    let columns = vec![
        uuid(name("user_id")),
        small_integer(name("medium")),
        small_integer(name("maximum")),
        small_integer(name("interruptible_by")),
    ];
    let table = table_of_organisation("routing_capacities", &["user_id", "medium"], columns);
    manager.create_table(table).await?;
    let own = "INSERT INTO routing_capacities (organisation_id, user_id, medium, maximum, interruptible_by) \
        SELECT organisation_id, user_id, 2, maximum_chats, 0 FROM routing_agents";
    manager.get_connection().execute_unprepared(own).await.map(drop)
}

/// As SQLite does: then the names that begin with something are a range.
async fn compare_by_bytes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if manager.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let by_bytes = "ALTER TABLE routing_queues ALTER COLUMN name_folded TYPE varchar COLLATE \"C\"";
    manager.get_connection().execute_unprepared(by_bytes).await.map(drop)
}

async fn index_skills(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let former = Index::drop()
        .name("routing_skills_name")
        .table(name("routing_skills"))
        .to_owned();
    manager.drop_index(former).await?;
    let unique_name = index_of_organisation("routing_skills_folded", "routing_skills", &["name_folded"])
        .unique()
        .and_where(Expr::col(name("deleted_at")).is_null())
        .to_owned();
    manager.create_index(unique_name).await?;
    let by_request = index_of_organisation("routing_skills_request", "routing_skills", &["request_id"])
        .unique()
        .to_owned();
    manager.create_index(by_request).await?;
    manager
        .create_index(listed(
            "routing_skills_listed",
            "routing_skills",
            &["name_folded", "skill_id"],
        ))
        .await?;
    let whose = index_of_organisation("routing_agent_skills_skill", "routing_agent_skills", &["skill_id"]);
    manager.create_index(whose).await
}

async fn index_queues(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let by_name = ["name_folded", "queue_id"];
    let by_division = ["division_id", "name_folded", "queue_id"];
    manager
        .create_index(listed("routing_queues_listed", "routing_queues", &by_name))
        .await?;
    manager
        .create_index(listed("routing_queues_division", "routing_queues", &by_division))
        .await
}

/// Of what was not removed.
fn listed(index: &str, table: &str, columns: &[&str]) -> IndexCreateStatement {
    index_of_organisation(index, table, columns)
        .and_where(Expr::col(name("deleted_at")).is_null())
        .to_owned()
}

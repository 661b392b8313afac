//! What administrators set of the organisation and its chat pages, and the API clients.

use onqueue_store::schema::{add_columns, index_of_organisation, name, name_folded, table_of_organisation, unique};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, boolean, string, text, uuid, uuid_null,
};
use sea_orm_migration::sea_orm::QueryResult;
use std::collections::HashSet;
use uuid::Uuid;

/// Adds the columns and tables. What was there keeps its values; a deployment belongs to the oldest division.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_administer_deployments"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        extend_organisations(manager).await?;
        extend_deployments(manager).await?;
        place_deployments(manager).await?;
        name_deployments(manager).await?;
        index(manager, "auth_deployments", "deployment_id").await?;
        create_api_clients(manager).await?;
        index(manager, "auth_api_clients", "client_id").await
    }
}

async fn extend_organisations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        string(name("language")).default("en").take(),
        string(name("time_zone")).default("UTC").take(),
        big_integer(name("revision")).default(1_i64).take(),
        big_integer(name("created_at")).default(0_i64).take(),
    ];
    add_columns(manager, "auth_organisations", columns).await
}

async fn extend_deployments(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let nowhere = Uuid::nil();
    let columns = vec![
        uuid(name("division_id")).default(nowhere).take(),
        name_folded(manager),
        text(name("greetings")).default("{}").take(),
        big_integer(name("revision")).default(1_i64).take(),
        big_integer(name("created_at")).default(0_i64).take(),
        big_integer_null(name("deleted_at")),
        uuid_null(name("request_id")),
        binary_null(name("request_hash")),
    ];
    add_columns(manager, "auth_deployments", columns).await?;
    let greetings = vec![text(name("greetings")).default("{}").take()];
    add_columns(manager, "auth_trust_deployments", greetings).await
}

/// Ids are ordered by their time.
async fn place_deployments(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let of = |column: &str| Expr::col((name("auth_divisions"), name(column)));
    let mut oldest = Query::select();
    oldest
        .column(name("division_id"))
        .from(name("auth_divisions"))
        .and_where(of("organisation_id").equals((name("auth_deployments"), name("organisation_id"))))
        .order_by(name("division_id"), Order::Asc)
        .limit(1);
    let has_one = Expr::exists(oldest.clone());
    let mut place = Query::update();
    place
        .table(name("auth_deployments"))
        .value(
            name("division_id"),
            SimpleExpr::SubQuery(None, Box::new(oldest.into_sub_query_statement())),
        )
        .and_where(has_one);
    manager.exec_stmt(place).await
}

/// Names were not unique before: a later one of the same name gets a number.
async fn name_deployments(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut rows = Query::select();
    rows.columns(["organisation_id", "deployment_id", "name"].map(name))
        .from(name("auth_deployments"))
        .order_by(name("deployment_id"), Order::Asc);
    let rows = manager.get_connection().query_all(&rows).await?;
    let mut taken = HashSet::new();
    for row in rows {
        name_deployment(manager, &row, &mut taken).await?;
    }
    Ok(())
}

async fn name_deployment(
    manager: &SchemaManager<'_>,
    row: &QueryResult,
    taken: &mut HashSet<(Uuid, String)>,
) -> Result<(), DbErr> {
    let organisation: Uuid = row.try_get("", "organisation_id")?;
    let deployment: Uuid = row.try_get("", "deployment_id")?;
    let given: String = row.try_get("", "name")?;
    let numbered = (2..).map(|number| format!("{given} ({number})"));
    let chosen = std::iter::once(given.clone())
        .chain(numbered)
        .find(|name| taken.insert((organisation, name.to_lowercase())))
        .unwrap_or_default();
    let mut update = Query::update();
    update
        .table(name("auth_deployments"))
        .value(name("name_folded"), chosen.to_lowercase())
        .value(name("name"), chosen)
        .and_where(Expr::col(name("organisation_id")).eq(organisation))
        .and_where(Expr::col(name("deployment_id")).eq(deployment));
    manager.exec_stmt(update).await
}

async fn create_api_clients(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("client_id")),
        uuid(name("division_id")),
        string(name("name")),
        name_folded(manager),
        text(name("description")),
        boolean(name("enabled")),
        binary(name("secret_hash")),
        uuid(name("token_id")),
        big_integer(name("revision")),
        big_integer(name("created_at")),
        big_integer_null(name("deleted_at")),
        uuid(name("request_id")),
        binary(name("request_hash")),
    ];
    manager
        .create_table(table_of_organisation("auth_api_clients", &["client_id"], columns))
        .await?;
    // A client names itself alone, so the id must be the only one in the installation.
    manager
        .create_index(unique("auth_api_clients_id", "auth_api_clients", &["client_id"]))
        .await
}

/// How both are listed and kept apart.
async fn index(manager: &SchemaManager<'_>, table: &str, id: &str) -> Result<(), DbErr> {
    let there = || Expr::col(name("deleted_at")).is_null();
    let by_name = index_of_organisation(&format!("{table}_name"), table, &["name_folded"])
        .unique()
        .and_where(there())
        .to_owned();
    manager.create_index(by_name).await?;
    let columns = ["division_id", "name_folded", id];
    let by_division = index_of_organisation(&format!("{table}_division"), table, &columns)
        .and_where(there())
        .to_owned();
    manager.create_index(by_division).await?;
    let by_request = index_of_organisation(&format!("{table}_request"), table, &["request_id"])
        .unique()
        .to_owned();
    manager.create_index(by_request).await
}

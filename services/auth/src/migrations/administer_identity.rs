//! What administering divisions, users, roles and grants needs: revisions, requests that are made once, names in an order
//! that both databases share, and the indexes by which lists begin at their first row.

use onqueue_store::schema::{add_columns, index_of_organisation, name, name_folded};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary_null, integer, text, uuid_null};
use sea_orm_migration::sea_orm::DbBackend;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Adds them. What was there has revision 1 and was made at an unknown time.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0004_administer_identity"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, id) in [
            ("auth_divisions", "division_id"),
            ("auth_users", "user_id"),
            ("auth_roles", "role_id"),
        ] {
            add_columns(manager, table, habits(manager)).await?;
            fold(manager, table, id, table != "auth_users").await?;
            let by_request = format!("{table}_request");
            once(manager, &by_request, table, &["request_id"]).await?;
        }
        add_columns(manager, "auth_divisions", vec![description()]).await?;
        let by_name = "auth_divisions_name";
        while_there(manager, by_name, "auth_divisions", &["name_folded"], Repeats::Never).await?;
        change_users(manager).await?;
        change_roles(manager).await?;
        index_grants(manager).await
    }
}

/// Whether a combination may come twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    Never,
    Often,
}

fn habits(manager: &SchemaManager<'_>) -> Vec<ColumnDef> {
    vec![
        name_folded(manager),
        big_integer(name("revision")).default(1_i64).take(),
        big_integer(name("created_at")).default(0_i64).take(),
        big_integer_null(name("deleted_at")),
        uuid_null(name("request_id")),
        binary_null(name("request_hash")),
    ]
}

fn description() -> ColumnDef {
    text(name("description")).default("").take()
}

async fn change_users(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let state = integer(name("state")).default(1).take();
    add_columns(manager, "auth_users", vec![state]).await?;
    drop_index(manager, "auth_users_email", "auth_users").await?;
    order_addresses(manager).await?;
    let address = ["email_folded"];
    while_there(manager, "auth_users_email", "auth_users", &address, Repeats::Never).await?;
    let by_name = ["state", "name_folded", "user_id"];
    while_there(manager, "auth_users_name", "auth_users", &by_name, Repeats::Often).await?;
    let by_division = ["division_id", "state", "name_folded", "user_id"];
    while_there(
        manager,
        "auth_users_division",
        "auth_users",
        &by_division,
        Repeats::Often,
    )
    .await?;
    let by_user = index_of_organisation("auth_sessions_user", "auth_sessions", &["user_id"]);
    manager.create_index(by_user).await
}

/// SQLite compares bytes anyway.
async fn order_addresses(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if manager.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let by_bytes = r#"ALTER TABLE auth_users ALTER COLUMN email_folded TYPE varchar COLLATE "C""#;
    manager.get_connection().execute_unprepared(by_bytes).await?;
    Ok(())
}

async fn change_roles(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    add_columns(manager, "auth_roles", vec![description()]).await?;
    drop_index(manager, "auth_roles_name", "auth_roles").await?;
    while_there(
        manager,
        "auth_roles_name",
        "auth_roles",
        &["name_folded"],
        Repeats::Never,
    )
    .await
}

async fn index_grants(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for (called, columns) in [
        ("auth_grants_role", ["role_id", "user_id", "division_id"]),
        ("auth_grants_division", ["division_id", "user_id", "role_id"]),
    ] {
        let index = index_of_organisation(called, "auth_grants", &columns);
        manager.create_index(index).await?;
    }
    Ok(())
}

async fn drop_index(manager: &SchemaManager<'_>, called: &str, table: &str) -> Result<(), DbErr> {
    let index = Index::drop().name(called).table(name(table)).to_owned();
    manager.drop_index(index).await
}

async fn once(manager: &SchemaManager<'_>, called: &str, table: &str, columns: &[&str]) -> Result<(), DbErr> {
    let index = index_of_organisation(called, table, columns).unique().to_owned();
    manager.create_index(index).await
}

/// An index of what has not been removed.
async fn while_there(
    manager: &SchemaManager<'_>,
    called: &str,
    table: &str,
    columns: &[&str],
    repeats: Repeats,
) -> Result<(), DbErr> {
    let mut index = index_of_organisation(called, table, columns);
    if repeats == Repeats::Never {
        index.unique();
    }
    let there = Expr::col(name("deleted_at")).is_null();
    manager.create_index(index.and_where(there).to_owned()).await
}

/// Writes the folded names; what would have the name of another is given a number.
async fn fold(manager: &SchemaManager<'_>, table: &str, id: &str, is_unique: bool) -> Result<(), DbErr> {
    let columns = ["organisation_id", id, "name"].map(name);
    let rows = Query::select().columns(columns).from(name(table)).to_owned();
    let mut taken = BTreeSet::new();
    for row in manager.get_connection().query_all(&rows).await? {
        let organisation: Uuid = row.try_get("", "organisation_id")?;
        let (object, said): (Uuid, String) = (row.try_get("", id)?, row.try_get("", "name")?);
        let mut number = 2;
        let mut free = said.clone();
        while is_unique && !taken.insert((organisation, onqueue_store::query::fold(&free))) {
            free = format!("{said} {number}");
            number += 1;
        }
        let change = Query::update()
            .table(name(table))
            .value(name("name_folded"), onqueue_store::query::fold(&free))
            .value(name("name"), free)
            .and_where(Expr::col(name("organisation_id")).eq(organisation))
            .and_where(Expr::col(name(id)).eq(object))
            .to_owned();
        manager.get_connection().execute(&change).await?;
    }
    Ok(())
}

//! What pages of long lists need to begin at their first row: users by address, and grants by division and role.

use crate::store::address_key;
use onqueue_store::schema::{add_columns, index_of_organisation, name};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::string;
use sea_orm_migration::sea_orm::DbBackend;
use uuid::Uuid;

/// Adds the keys of addresses, and the indexes.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0006_index_long_lists"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_columns(manager, "auth_users", vec![keys(manager)]).await?;
        write_keys(manager).await?;
        index_addresses(manager).await?;
        let columns = ["division_id", "role_id", "user_id"];
        let index = index_of_organisation("auth_grants_division_role", "auth_grants", &columns);
        manager.create_index(index).await
    }
}

/// Compared by their bytes on both databases.
fn keys(manager: &SchemaManager<'_>) -> ColumnDef {
    let mut column = string(name("address_key"));
    if manager.get_database_backend() == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column.default("").take()
}

async fn write_keys(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = ["organisation_id", "user_id", "name_folded", "email_folded"].map(name);
    let rows = Query::select().columns(columns).from(name("auth_users")).to_owned();
    for row in manager.get_connection().query_all(&rows).await? {
        let (organisation, user): (Uuid, Uuid) = (row.try_get("", "organisation_id")?, row.try_get("", "user_id")?);
        let (said, address): (String, String) = (row.try_get("", "name_folded")?, row.try_get("", "email_folded")?);
        let change = Query::update()
            .table(name("auth_users"))
            .value(name("address_key"), address_key(&said, &address))
            .and_where(Expr::col(name("organisation_id")).eq(organisation))
            .and_where(Expr::col(name("user_id")).eq(user))
            .to_owned();
        manager.get_connection().execute(&change).await?;
    }
    Ok(())
}

async fn index_addresses(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for (called, columns) in [
        ("auth_users_address", &["state", "address_key"][..]),
        ("auth_users_division_address", &["division_id", "state", "address_key"]),
    ] {
        let there = Expr::col(name("deleted_at")).is_null();
        let index = index_of_organisation(called, "auth_users", columns);
        manager
            .create_index(index.to_owned().and_where(there).to_owned())
            .await?;
    }
    Ok(())
}

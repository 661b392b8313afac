//! What the other services read: see `onqueue_store::trust`.

use onqueue_store::schema::{name, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary, boolean, integer, string, text, uuid};

/// Makes the trust tables, at revision 0.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_create_trust"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_head(manager).await?;
        let keys = Table::create()
            .table(name("auth_trust_keys"))
            .col(string(name("kid")).primary_key())
            .col(binary(name("public_key")))
            .col(big_integer(name("expires_at")))
            .to_owned();
        manager.create_table(keys).await?;
        let revoked = vec![uuid(name("token_id")), big_integer(name("expires_at"))];
        manager
            .create_table(table_of_organisation("auth_trust_revoked", &["token_id"], revoked))
            .await?;
        create_grants(manager).await?;
        create_deployments(manager).await
    }
}

async fn create_head(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let head = Table::create()
        .table(name("auth_trust_head"))
        .col(integer(name("id")).primary_key())
        .col(big_integer(name("revision")))
        .to_owned();
    manager.create_table(head).await?;
    let mut first = Query::insert();
    first
        .into_table(name("auth_trust_head"))
        .columns([name("id"), name("revision")])
        .values_panic([1.into(), 0_i64.into()]);
    manager.exec_stmt(first).await
}

async fn create_grants(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("subject_id")),
        uuid(name("division_id")),
        string(name("permission")),
    ];
    let key = ["subject_id", "division_id", "permission"];
    manager
        .create_table(table_of_organisation("auth_trust_grants", &key, columns))
        .await
}

async fn create_deployments(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("id")),
        string(name("name")),
        boolean(name("enabled")),
        text(name("origins")),
        text(name("queues")),
    ];
    manager
        .create_table(table_of_organisation("auth_trust_deployments", &["id"], columns))
        .await
}

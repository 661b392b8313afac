//! Organisations, users, roles, sessions, signing keys, deployments and the audit trail.

use onqueue_store::schema::{name, table_of_organisation, unique};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, boolean, string, string_null, text, uuid,
};

/// Makes them all.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_create_identity"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_organisations(manager).await?;
        create_users(manager).await?;
        create_roles(manager).await?;
        create_sessions(manager).await?;
        create_signing_keys(manager).await?;
        create_deployments(manager).await?;
        onqueue_store::audit::create_table(manager, "auth").await
    }
}

async fn create_organisations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![string(name("slug")), string(name("name"))];
    manager
        .create_table(table_of_organisation("auth_organisations", &[], columns))
        .await?;
    manager
        .create_index(unique("auth_organisations_slug", "auth_organisations", &["slug"]))
        .await?;
    let columns = vec![uuid(name("division_id")), string(name("name"))];
    manager
        .create_table(table_of_organisation("auth_divisions", &["division_id"], columns))
        .await
}

async fn create_users(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("user_id")),
        uuid(name("division_id")),
        string(name("name")),
        string(name("email")),
        string(name("email_folded")),
        string(name("language")),
        string_null(name("password_hash")),
    ];
    manager
        .create_table(table_of_organisation("auth_users", &["user_id"], columns))
        .await?;
    let columns = ["organisation_id", "email_folded"];
    manager
        .create_index(unique("auth_users_email", "auth_users", &columns))
        .await?;
    // Without an organisation: the address that somebody tried may be of none.
    let failures = Table::create()
        .table(name("auth_login_failures"))
        .col(binary(name("address_hash")).primary_key())
        .col(text(name("failures")))
        .col(big_integer_null(name("locked_until")))
        .col(big_integer(name("ends_at")))
        .to_owned();
    manager.create_table(failures).await
}

async fn create_roles(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![uuid(name("role_id")), string(name("name")), text(name("permissions"))];
    manager
        .create_table(table_of_organisation("auth_roles", &["role_id"], columns))
        .await?;
    let columns = ["organisation_id", "name"];
    manager
        .create_index(unique("auth_roles_name", "auth_roles", &columns))
        .await?;
    let columns = ["user_id", "role_id", "division_id"];
    let definitions = columns.map(|column| uuid(name(column))).to_vec();
    manager
        .create_table(table_of_organisation("auth_grants", &columns, definitions))
        .await
}

async fn create_sessions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("session_id")),
        uuid(name("user_id")),
        big_integer(name("made_at")),
        big_integer_null(name("revoked_at")),
    ];
    manager
        .create_table(table_of_organisation("auth_sessions", &["session_id"], columns))
        .await?;
    let columns = vec![
        binary(name("token_hash")),
        uuid(name("session_id")),
        big_integer(name("made_at")),
        big_integer(name("expires_at")),
        big_integer_null(name("used_at")),
        binary_null(name("successor_hash")),
    ];
    manager
        .create_table(table_of_organisation("auth_refresh_tokens", &["token_hash"], columns))
        .await?;
    let by_session = Index::create()
        .name("auth_refresh_tokens_session")
        .table(name("auth_refresh_tokens"))
        .col(name("organisation_id"))
        .col(name("session_id"))
        .to_owned();
    manager.create_index(by_session).await
}

async fn create_signing_keys(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(name("auth_signing_keys"))
        .col(string(name("kid")).primary_key())
        .col(binary(name("secret")))
        .col(binary(name("public_key")))
        .col(big_integer(name("made_at")))
        .col(big_integer(name("signs_until")))
        .col(big_integer(name("expires_at")))
        .to_owned();
    manager.create_table(table).await
}

async fn create_deployments(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("deployment_id")),
        string(name("name")),
        boolean(name("enabled")),
        text(name("origins")),
        text(name("queues")),
    ];
    manager
        .create_table(table_of_organisation("auth_deployments", &["deployment_id"], columns))
        .await?;
    // A chat page names its deployment alone, so the id must be the only one in the installation.
    manager
        .create_index(unique("auth_deployments_id", "auth_deployments", &["deployment_id"]))
        .await
}

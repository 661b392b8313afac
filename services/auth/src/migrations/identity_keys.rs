//! The keys with which deployments' web sites prove who their customers are.

use onqueue_store::schema::{add_columns, name};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text;

/// Adds them, for those who judge by them as well. Nobody has one at first.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0007_identity_keys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["auth_deployments", "auth_trust_deployments"] {
            let keys = vec![text(name("identity_keys")).default("[]").take()];
            add_columns(manager, table, keys).await?;
        }
        Ok(())
    }
}

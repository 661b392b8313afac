//! At which revision what was changed, so that readers need not read everything anew.

use onqueue_store::schema::{name, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer;

/// Adds the revision to what is revoked, and a table with each organisation's. What was there before counts as old.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_note_trust_revisions"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let revoked = Table::alter()
            .table(name("auth_trust_revoked"))
            .add_column(big_integer(name("revision")).default(0_i64))
            .to_owned();
        manager.alter_table(revoked).await?;
        let columns = vec![big_integer(name("revision"))];
        manager
            .create_table(table_of_organisation("auth_trust_organisations", &[], columns))
            .await
    }
}

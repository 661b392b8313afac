//! Which generation of the logs this is: it grows when the database was restored from a backup, so that cursors of before are
//! told from those of now.

use onqueue_store::schema::{name, table};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, small_integer};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0080_log_generation"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![small_integer(name("only")), big_integer(name("generation"))];
        manager
            .create_table(table("session_log_generation", &["only"], columns))
            .await?;
        // What cursors have held since there are any.
        let first = Query::insert()
            .into_table(name("session_log_generation"))
            .columns([name("only"), name("generation")])
            .values_panic([1.into(), 1_i64.into()])
            .to_owned();
        manager.execute(first).await
    }
}

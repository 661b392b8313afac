//! Reports to session of one transaction in one row. Those that were kept each in a row of its own stay where they are until
//! they are delivered; no more are written there.

use onqueue_store::schema::{name, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary};

/// Makes the table.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0060_pack_reports"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            big_integer(name("place")),
            big_integer(name("reports")),
            binary(name("payload")),
        ];
        let table = table_of_organisation("routing_report_packs", &["place"], columns);
        manager.create_table(table).await
    }
}

//! What happened in queues and what agents did, by quarters of an hour; and what is learnt along the log, in snapshots.

use onqueue_store::schema::{index_of_organisation, name, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary_null, small_integer, text, uuid};

/// Makes the table of quarters, and room in snapshots.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0030_keep_history"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            small_integer(name("subject")),
            big_integer(name("start_at")),
            uuid(name("subject_id")),
            text(name("tally")),
        ];
        let key = ["subject", "start_at", "subject_id"];
        manager
            .create_table(table_of_organisation("routing_intervals", &key, columns))
            .await?;
        let by_subject = ["subject", "subject_id", "start_at"];
        let by_subject = index_of_organisation("routing_intervals_subject", "routing_intervals", &by_subject);
        manager.create_index(by_subject).await?;
        let mut snapshots = Table::alter();
        snapshots
            .table(name("routing_snapshots"))
            .add_column(binary_null(name("history")));
        manager.alter_table(snapshots.to_owned()).await
    }
}

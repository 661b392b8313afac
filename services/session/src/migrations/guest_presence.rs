//! Which guests are there, and since when the others are not. Whether they are is known to the replica that holds their
//! stream; replicas say that they live, so that nobody counts as there who followed one that has died.

use onqueue_store::schema::{index, name, table, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, uuid, uuid_null};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0065_guest_presence"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            uuid(name("conversation_id")),
            uuid_null(name("replica_id")),
            big_integer_null(name("away_since")),
        ];
        let presence = table_of_organisation("session_guest_presence", &["conversation_id"], columns);
        manager.create_table(presence).await?;
        let at = index(
            "session_guest_presence_replica",
            "session_guest_presence",
            &["replica_id"],
        );
        manager.create_index(at).await?;
        let columns = vec![uuid(name("id")), big_integer(name("seen_at"))];
        manager
            .create_table(table("session_replicas", &["id"], columns))
            .await?;
        // Those who wait are few beside those who were served.
        let waiting = index(
            "session_conversations_waiting",
            "session_conversations",
            &["state", "organisation_id", "id"],
        )
        .and_where(Expr::col(name("state")).lt(4))
        .to_owned();
        manager.create_index(waiting).await
    }
}

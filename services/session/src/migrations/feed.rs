//! What routing follows: facts numbered densely in each shard.

use onqueue_model::Shard;
use onqueue_store::schema::{name, table};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, small_integer, string_null, text, uuid};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_feed"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            small_integer(name("shard")),
            big_integer(name("number")),
            uuid(name("organisation_id")),
            uuid(name("conversation_id")),
            integer(name("opening")),
            big_integer(name("at")),
            string_null(name("traceparent")),
            text(name("fact")),
        ];
        manager
            .create_table(table("session_feed", &["shard", "number"], columns))
            .await?;
        let columns = vec![small_integer(name("shard")), big_integer(name("number"))];
        manager
            .create_table(table("session_feed_heads", &["shard"], columns))
            .await?;
        let mut heads = Query::insert();
        heads
            .into_table(name("session_feed_heads"))
            .columns([name("shard"), name("number")]);
        for shard in Shard::all() {
            heads.values_panic([shard.number().into(), 0_i64.into()]);
        }
        manager.get_connection().execute(&heads).await.map(drop)
    }
}

//! What can be found in transcripts. Each conversation has a number, in the order in which they were opened, and says how far
//! its log is indexed; each event with words in it has a place, `number << 28 | sequence << 2 | visibility`, so that going
//! down the places meets the newest conversations first, each in one piece. The words are in the database's own full-text
//! index.

use onqueue_store::schema::{index, name, table_of_organisation, unique};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_pk_auto, boolean, uuid};
use sea_orm_migration::sea_orm::DbBackend;

pub(super) struct Migration;

/// What is deleted is to be gone from SQLite's index at once, not marked as deleted until its parts are merged.
const SQLITE_WORDS: &str = "\
    CREATE VIRTUAL TABLE session_search_words USING fts5(organisation, plain, umlauts, tokenize = 'ascii'); \
    INSERT INTO session_search_words (session_search_words, rank) VALUES ('secure-delete', 1);";

const POSTGRES_WORDS: &str = "\
    CREATE TABLE session_search_words (organisation_id uuid NOT NULL, place bigint NOT NULL, words tsvector NOT NULL, \
        PRIMARY KEY (organisation_id, place)); \
    CREATE INDEX session_search_words_words ON session_search_words USING gin (words);";

/// Objects are compared by their bytes, whatever the database's collation: beginnings of them are looked for.
const POSTGRES_OBJECTS: &str =
    "CREATE INDEX session_audit_object ON session_audit (organisation_id, object COLLATE \"C\")";

const CONVERSATIONS: &str = "\
    INSERT INTO session_search (organisation_id, conversation_id, created_at, sequence, is_open) \
    SELECT organisation_id, id, created_at, 0, TRUE FROM session_conversations ORDER BY created_at, id";

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0074_transcript_search"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_conversations(manager).await?;
        create_wrap_ups(manager).await?;
        let database = manager.get_connection();
        match manager.get_database_backend() {
            DbBackend::Postgres => {
                database.execute_unprepared(POSTGRES_WORDS).await?;
                database.execute_unprepared(POSTGRES_OBJECTS).await?;
            }
            _ => {
                database.execute_unprepared(SQLITE_WORDS).await?;
                let objects = ["organisation_id", "object"];
                manager
                    .create_index(index("session_audit_object", "session_audit", &objects))
                    .await?;
            }
        }
        database.execute_unprepared(CONVERSATIONS).await.map(drop)
    }
}

async fn create_conversations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let conversations = Table::create()
        .table(name("session_search"))
        .col(big_pk_auto(name("number")))
        .col(uuid(name("organisation_id")))
        .col(uuid(name("conversation_id")))
        .col(big_integer(name("created_at")))
        .col(big_integer(name("sequence")))
        .col(boolean(name("is_open")))
        .to_owned();
    manager.create_table(conversations).await?;
    let conversation = ["organisation_id", "conversation_id"];
    manager
        .create_index(unique("session_search_conversation", "session_search", &conversation))
        .await?;
    let created = ["organisation_id", "created_at"];
    manager
        .create_index(index("session_search_created", "session_search", &created))
        .await?;
    // Those of which more may come are few beside those that ended.
    let open = index("session_search_open", "session_search", &["number"])
        .and_where(Expr::col(name("is_open")))
        .to_owned();
    manager.create_index(open).await
}

async fn create_wrap_ups(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        big_integer(name("number")),
        uuid(name("user_id")),
        uuid(name("wrap_up_code_id")),
    ];
    let wrap_ups = table_of_organisation("session_search_wrap_ups", &["number", "user_id"], columns);
    manager.create_table(wrap_ups).await?;
    let by_code = ["organisation_id", "wrap_up_code_id", "number"];
    let by_code = index("session_search_wrap_ups_code", "session_search_wrap_ups", &by_code);
    manager.create_index(by_code).await
}

//! Scripts, their versions, the ways of conversations through them, and which of their answers are to go into contacts.

use onqueue_store::schema::{index, index_of_organisation, name, name_folded, table_of_organisation};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, integer, small_integer, string, text, uuid, uuid_null,
};

/// Makes them.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0010_scripts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_scripts(manager).await?;
        create_versions(manager).await?;
        create_runs(manager).await?;
        create_steps(manager).await?;
        create_writes(manager).await?;
        // Pages of scripts name responses by their shortcuts.
        let shortcuts = index_of_organisation("content_places_named", "content_places", &["shortcut_folded"]);
        manager.create_index(shortcuts).await
    }
}

async fn create_scripts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("script_id")),
        big_integer(name("revision")),
        string(name("name")),
        name_folded(manager),
        text(name("description")),
        uuid(name("division_id")),
        text(name("draft")),
        string(name("draft_digest")),
        integer(name("published_version")),
        string(name("published_digest")),
        big_integer_null(name("published_at")),
        uuid_null(name("request_id")),
        binary_null(name("request_hash")),
        big_integer(name("created_at")),
        big_integer(name("updated_at")),
        big_integer_null(name("deleted_at")),
    ];
    let table = "content_scripts";
    manager
        .create_table(table_of_organisation(table, &["script_id"], columns))
        .await?;
    let living = || Expr::col(name("deleted_at")).is_null();
    let by_name = index_of_organisation("content_scripts_name", table, &["name_folded"]);
    let by_name = by_name.to_owned().unique().and_where(living()).to_owned();
    let by_division = ["division_id", "name_folded", "script_id"];
    let by_division = index_of_organisation("content_scripts_division", table, &by_division);
    let requests = index_of_organisation("content_scripts_request", table, &["request_id"]);
    for made in [
        by_name,
        by_division.to_owned().and_where(living()).to_owned(),
        requests.to_owned().unique().to_owned(),
    ] {
        manager.create_index(made).await?;
    }
    Ok(())
}

/// Rows are added and never changed.
async fn create_versions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("script_id")),
        integer(name("version")),
        text(name("document")),
        string(name("digest")),
        big_integer(name("published_at")),
        string(name("published_by")),
    ];
    let key = ["script_id", "version"];
    manager
        .create_table(table_of_organisation("content_script_versions", &key, columns))
        .await
}

async fn create_runs(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("run_id")),
        uuid(name("conversation_id")),
        integer(name("number")),
        big_integer(name("opening")),
        uuid(name("script_id")),
        string(name("script_name")),
        integer(name("version")),
        small_integer(name("state")),
        big_integer(name("step")),
        big_integer(name("started_at")),
        uuid(name("started_by")),
        big_integer_null(name("ended_at")),
        uuid_null(name("ended_by")),
        big_integer_null(name("erased_at")),
        big_integer(name("erased_answers")),
    ];
    let table = "content_script_runs";
    manager
        .create_table(table_of_organisation(table, &["run_id"], columns))
        .await?;
    // Whoever begins the same run at the same time finds its number taken.
    let once = index_of_organisation("content_script_runs_once", table, &["conversation_id", "number"]);
    manager.create_index(once.to_owned().unique().to_owned()).await
}

async fn create_steps(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("run_id")),
        big_integer(name("number")),
        text(name("step")),
        big_integer(name("at")),
        uuid(name("user_id")),
        string(name("user_name")),
        integer(name("version")),
        uuid(name("request_id")),
        binary(name("request_hash")),
    ];
    let table = "content_script_steps";
    manager
        .create_table(table_of_organisation(table, &["run_id", "number"], columns))
        .await?;
    let once = index_of_organisation("content_script_steps_request", table, &["run_id", "request_id"]);
    manager.create_index(once.to_owned().unique().to_owned()).await
}

/// What is due is found after a restart too.
async fn create_writes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("run_id")),
        big_integer(name("step")),
        integer(name("place")),
        string(name("contact_field")),
        text(name("value")),
        small_integer(name("state")),
        string(name("reason")),
        integer(name("attempts")),
        big_integer(name("at")),
        big_integer_null(name("due_at")),
    ];
    let (table, key) = ("content_contact_writes", ["run_id", "step", "place"]);
    manager
        .create_table(table_of_organisation(table, &key, columns))
        .await?;
    let due = index("content_contact_writes_due", table, &["due_at"])
        .and_where(Expr::col(name("due_at")).is_not_null())
        .to_owned();
    manager.create_index(due).await
}

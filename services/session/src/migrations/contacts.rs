//! What is known of customers, with its history, and who they are in which conversation; receipts of what was erased.

use onqueue_store::schema::{
    add_columns, index, index_of_organisation, name, name_folded, table_of_organisation, unique,
};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, boolean, small_integer, string, string_null, text, uuid,
    uuid_null,
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0075_contacts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_contacts(manager).await?;
        create_ids(manager).await?;
        create_changes(manager).await?;
        create_fields(manager).await?;
        create_given(manager).await?;
        create_erasures(manager).await?;
        let of_conversations = vec![uuid_null(name("contact_id")), big_integer_null(name("erased_at"))];
        add_columns(manager, "session_conversations", of_conversations).await?;
        let by_contact = ["contact_id", "id"];
        let by_contact = index_of_organisation("session_conversations_contact", "session_conversations", &by_contact);
        manager.create_index(by_contact).await?;
        let of_conversation = ["conversation_id"];
        let of_conversation = index_of_organisation("session_feed_conversation", "session_feed", &of_conversation);
        manager.create_index(of_conversation).await
    }
}

async fn create_contacts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("id")),
        uuid(name("division_id")),
        big_integer(name("revision")),
        string(name("name")),
        name_folded(manager),
        string_null(name("language")),
        text(name("fields")),
        text(name("notes")),
        text(name("consents")),
        // Blinds what the audit trail keeps of it; goes with the rest.
        binary(name("salt")),
        uuid_null(name("merged_into")),
        // Itself, or what it was merged into in the end.
        uuid(name("root_id")),
        // What the contact that it was merged into took from it.
        text(name("taken")),
        big_integer(name("last_change")),
        big_integer(name("created_at")),
        big_integer(name("updated_at")),
        big_integer_null(name("deleted_at")),
        uuid_null(name("request_id")),
        binary_null(name("request_hash")),
    ];
    let contacts = "session_contacts";
    manager
        .create_table(table_of_organisation(contacts, &["id"], columns))
        .await?;
    let by_name = index_of_organisation("session_contacts_name", contacts, &["name_folded", "id", "division_id"])
        .and_where(Expr::col(name("deleted_at")).is_null())
        .and_where(Expr::col(name("merged_into")).is_null())
        .to_owned();
    manager.create_index(by_name).await?;
    let by_root = index_of_organisation("session_contacts_root", contacts, &["root_id", "id"]);
    manager.create_index(by_root).await?;
    let by_request = ["organisation_id", "request_id"];
    manager
        .create_index(unique("session_contacts_request", contacts, &by_request))
        .await
}

async fn create_ids(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("contact_id")),
        small_integer(name("kind")),
        string(name("system")),
        string(name("value")),
        string(name("written")),
        boolean(name("proved")),
        uuid(name("root_id")),
        big_integer(name("added_at")),
    ];
    let ids = "session_contact_ids";
    let key = ["contact_id", "kind", "system", "value"];
    manager.create_table(table_of_organisation(ids, &key, columns)).await?;
    let by_root = index_of_organisation("session_contact_ids_root", ids, &["root_id"]);
    manager.create_index(by_root).await?;
    let by_value = index_of_organisation(
        "session_contact_ids_value",
        ids,
        &["kind", "value", "system", "root_id"],
    );
    manager.create_index(by_value).await?;
    // A name in another system is one contact's, and so is an address that was proved.
    let of_one = ["organisation_id", "kind", "system", "value"];
    let external = unique("session_contact_ids_external", ids, &of_one)
        .and_where(Expr::col(name("kind")).eq(3))
        .to_owned();
    manager.create_index(external).await?;
    let proved = unique("session_contact_ids_proved", ids, &of_one)
        .and_where(Expr::col(name("proved")).eq(true))
        .to_owned();
    manager.create_index(proved).await
}

async fn create_changes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("contact_id")),
        big_integer(name("number")),
        big_integer(name("at")),
        string(name("actor")),
        small_integer(name("origin")),
        string(name("field")),
        text(name("old_value")),
        text(name("new_value")),
    ];
    let key = ["contact_id", "number"];
    manager
        .create_table(table_of_organisation("session_contact_changes", &key, columns))
        .await
}

async fn create_fields(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("id")),
        big_integer(name("revision")),
        string(name("key")),
        string(name("name")),
        small_integer(name("kind")),
        text(name("choices")),
        big_integer(name("created_at")),
        big_integer_null(name("deleted_at")),
        uuid(name("request_id")),
        binary(name("request_hash")),
    ];
    let fields = "session_contact_fields";
    manager
        .create_table(table_of_organisation(fields, &["id"], columns))
        .await?;
    for (called, column) in [
        ("session_contact_fields_key", "key"),
        ("session_contact_fields_request", "request_id"),
    ] {
        let once = unique(called, fields, &["organisation_id", column]);
        manager.create_index(once).await?;
    }
    Ok(())
}

/// What guests gave of themselves, and what was proved of them.
async fn create_given(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("conversation_id")),
        small_integer(name("kind")),
        string(name("system")),
        string(name("value")),
        string(name("written")),
        boolean(name("proved")),
    ];
    let key = ["conversation_id", "kind", "system", "value"];
    manager
        .create_table(table_of_organisation("session_guest_ids", &key, columns))
        .await
}

async fn create_erasures(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        uuid(name("id")),
        uuid(name("contact_id")),
        uuid(name("division_id")),
        big_integer(name("at")),
        string(name("actor")),
        text(name("aliases")),
        text(name("conversations")),
        text(name("counts")),
        big_integer_null(name("purged_at")),
    ];
    let erasures = "session_erasures";
    manager
        .create_table(table_of_organisation(erasures, &["id"], columns))
        .await?;
    let by_contact = ["organisation_id", "contact_id"];
    manager
        .create_index(unique("session_erasures_contact", erasures, &by_contact))
        .await?;
    let by_division = index_of_organisation("session_erasures_division", erasures, &["division_id", "id"]);
    manager.create_index(by_division).await?;
    let unpurged = index("session_erasures_purge", erasures, &["purged_at", "at"]);
    manager.create_index(unpurged).await
}

//! Contacts of one division in the order of their names, and the history of each in the order of time: a page of either is read
//! from where it begins.

use onqueue_store::schema::{index_of_organisation, name};
use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0081_contact_pages"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let contacts = "session_contacts";
        let by_division = ["division_id", "name_folded", "id"];
        let by_division = index_of_organisation("session_contacts_division", contacts, &by_division)
            .and_where(Expr::col(name("deleted_at")).is_null())
            .and_where(Expr::col(name("merged_into")).is_null())
            .to_owned();
        manager.create_index(by_division).await?;
        let by_time = ["contact_id", "at", "number"];
        let by_time = index_of_organisation("session_contact_changes_at", "session_contact_changes", &by_time);
        manager.create_index(by_time).await
    }
}

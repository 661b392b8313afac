//! The tables of this service, in the order in which they came about.

mod create_content_tables;
mod import_and_count_responses;
mod list_by_tag;
mod scripts;

use sea_orm_migration::prelude::{Alias, IntoIden as _};
use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait::async_trait, sea_orm::DynIden};

/// Applied by [`onqueue_store::Store::migrate`]; what was applied is kept in `content_migrations`.
#[derive(Debug)]
pub struct Migrations;

#[async_trait]
impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(create_content_tables::Migration),
            Box::new(list_by_tag::Migration),
            Box::new(scripts::Migration),
            Box::new(import_and_count_responses::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        Alias::new("content_migrations").into_iden()
    }
}

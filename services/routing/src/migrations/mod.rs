//! The tables of this service, in the order in which they came about.

mod administer_skills_and_utilization;
mod create_routing_tables;
mod index_unapplied_configuration;

use sea_orm_migration::prelude::IntoIden as _;
use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait::async_trait, prelude::Alias, sea_orm::DynIden};

/// Applied by [`onqueue_store::Store::migrate`]; what was applied is kept in `routing_migrations`.
#[derive(Debug)]
pub struct Migrations;

#[async_trait]
impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(create_routing_tables::Migration),
            Box::new(index_unapplied_configuration::Migration),
            Box::new(administer_skills_and_utilization::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        Alias::new("routing_migrations").into_iden()
    }
}

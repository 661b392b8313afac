//! The tables of this service, in the order in which they came to be.

mod conversations;
mod feed;
mod guests;
mod queue_hours;
mod queue_policies;
mod removed_queues;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DynIden;

/// What session keeps.
pub struct Migrations;

#[async_trait::async_trait]
impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(conversations::Migration),
            Box::new(guests::Migration),
            Box::new(feed::Migration),
            Box::new(queue_policies::Migration),
            Box::new(removed_queues::Migration),
            Box::new(queue_hours::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        Alias::new("session_migrations").into_iden()
    }
}

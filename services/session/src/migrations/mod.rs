//! The tables of this service, in the order in which they came to be.

mod assistance;
mod attachments;
mod contact_pages;
mod contacts;
mod conversations;
mod feed;
mod guest_presence;
mod guests;
mod lifecycle;
mod log_generation;
mod queue_hours;
mod queue_policies;
mod queue_rules;
mod removed_queues;
mod retention;
mod scripts;
mod transcript_search;

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
            Box::new(lifecycle::Migration),
            Box::new(queue_rules::Migration),
            Box::new(guest_presence::Migration),
            Box::new(assistance::Migration),
            Box::new(contacts::Migration),
            Box::new(attachments::Migration),
            Box::new(transcript_search::Migration),
            Box::new(retention::Migration),
            Box::new(scripts::Migration),
            Box::new(log_generation::Migration),
            Box::new(contact_pages::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        Alias::new("session_migrations").into_iden()
    }
}

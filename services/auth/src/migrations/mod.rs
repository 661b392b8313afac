//! The tables of this service, in the order in which they came about.

mod administer_deployments;
mod administer_identity;
mod create_identity;
mod create_trust;
mod identity_keys;
mod index_long_lists;
mod note_trust_revisions;

use sea_orm_migration::prelude::{Alias, IntoIden as _};
use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait::async_trait, sea_orm::DynIden};

/// Applied by [`onqueue_store::Store::migrate`]; what was applied is kept in `auth_migrations`.
#[derive(Debug)]
pub struct Migrations;

#[async_trait]
impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(create_identity::Migration),
            Box::new(create_trust::Migration),
            Box::new(note_trust_revisions::Migration),
            Box::new(administer_identity::Migration),
            Box::new(administer_deployments::Migration),
            Box::new(index_long_lists::Migration),
            Box::new(identity_keys::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        Alias::new("auth_migrations").into_iden()
    }
}

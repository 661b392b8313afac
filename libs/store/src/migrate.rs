//! Migrations: each service has its own list and its own table of what was applied.

use crate::{Store, StoreError};
use sea_orm_migration::MigratorTrait;

/// Migrations that have not been applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending(pub Vec<String>);

impl Store {
    /// Applies what has not been applied yet. Takes the writing connection, so nobody else writes meanwhile.
    pub async fn migrate<M: MigratorTrait>(&self) -> Result<(), StoreError> {
        Ok(M::up(self.writer(), None).await?)
    }

    /// What [`Store::migrate`] would apply; needs no right to change the schema.
    pub async fn pending<M: MigratorTrait>(&self) -> Result<Pending, StoreError> {
        let pending = M::get_pending_migrations_read_only(self.reader()).await?;
        Ok(Pending(
            pending.iter().map(|migration| migration.name().to_owned()).collect(),
        ))
    }
}

//! Migrations: each service has its own list and its own table of what was applied.

use crate::{Store, StoreError, prepare};
use sea_orm::{DatabaseTransaction, TransactionTrait as _};
use sea_orm_migration::MigratorTrait;

/// Migrations that have not been applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending(pub Vec<String>);

impl Store {
    /// Applies what has not been applied yet. On SQLite it takes the writing connection, so nobody else writes meanwhile. On
    /// PostgreSQL all of it is one transaction without time limits, one process at a time; it needs the owner of the
    /// service's schema, and gives the services' roles their rights on the new tables.
    pub async fn migrate<M: MigratorTrait>(&self) -> Result<(), StoreError> {
        if self.writer().get_database_backend() != sea_orm::DbBackend::Postgres {
            return Ok(M::up(self.writer(), None).await?);
        }
        let tx = self.writer().begin().await?;
        prepare::alone(&tx).await?;
        self.in_own_schema(&tx).await?;
        M::up(&tx, None).await?;
        if self.profile().is_some() {
            prepare::grant(&tx).await?;
        }
        tx.commit().await.map_err(StoreError::of_commit)
    }

    /// What [`Store::migrate`] would apply; needs no right to change the schema.
    pub async fn pending<M: MigratorTrait>(&self) -> Result<Pending, StoreError> {
        let pending = M::get_pending_migrations_read_only(self.reader().connection()).await?;
        Ok(Pending(
            pending.iter().map(|migration| migration.name().to_owned()).collect(),
        ))
    }

    /// A missing schema is passed over in the search path: the tables would be made in the next one.
    async fn in_own_schema(&self, tx: &DatabaseTransaction) -> Result<(), StoreError> {
        let Some(profile) = self.profile() else { return Ok(()) };
        if prepare::current_schema(tx).await?.as_deref() == Some(profile.schema().as_str()) {
            return Ok(());
        }
        let text = format!(
            "there is no schema {} that this user may use: prepare the database first",
            profile.schema()
        );
        Err(StoreError::Broken(text))
    }
}

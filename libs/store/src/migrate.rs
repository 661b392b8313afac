//! Migrations: each service has its own list and its own table of what was applied. A table that a newer version has moved on
//! serves an older one too: migrations expand first, and contract in a later release.

use crate::{Store, StoreError, prepare};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, TransactionTrait as _,
    sea_query::{Alias, Query},
};
use sea_orm_migration::{IntoSchemaManagerConnection, MigratorTrait, SchemaManager};
use std::collections::BTreeSet;

/// Migrations that have not been applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending(pub Vec<String>);

impl Store {
    /// Applies what has not been applied yet. On SQLite it takes the writing connection, so nobody else writes meanwhile. On
    /// PostgreSQL all of it is one transaction without time limits, one process at a time; it needs the owner of the
    /// service's schema, and gives the services' roles their rights on the new tables.
    pub async fn migrate<M: MigratorTrait>(&self) -> Result<(), StoreError> {
        if self.writer().get_database_backend() != sea_orm::DbBackend::Postgres {
            return up::<M, _>(self.writer()).await;
        }
        let tx = self.writer().begin().await?;
        prepare::alone(&tx).await?;
        self.in_own_schema(&tx).await?;
        up::<M, _>(&tx).await?;
        if self.profile().is_some() {
            prepare::grant(&tx).await?;
        }
        tx.commit().await.map_err(StoreError::of_commit)
    }

    /// What [`Store::migrate`] would apply; needs no right to change the schema.
    pub async fn pending<M: MigratorTrait>(&self) -> Result<Pending, StoreError> {
        Ok(Pending(state::<M, _>(self.reader().connection()).await?.pending))
    }

    /// What a newer version has applied that this one does not know.
    pub async fn ahead<M: MigratorTrait>(&self) -> Result<Vec<String>, StoreError> {
        Ok(state::<M, _>(self.reader().connection()).await?.ahead)
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

/// What one version has to say of the tables.
struct State {
    pending: Vec<String>,
    ahead: Vec<String>,
}

async fn state<'c, M, C>(connection: &'c C) -> Result<State, StoreError>
where
    M: MigratorTrait,
    C: ConnectionTrait,
    &'c C: IntoSchemaManagerConnection<'c>,
{
    let table = M::migration_table_name().to_string();
    let mut applied = BTreeSet::new();
    if SchemaManager::new(connection).has_table(table.as_str()).await? {
        let versions = Query::select()
            .column(Alias::new("version"))
            .from(Alias::new(table))
            .to_owned();
        for row in connection.query_all(&versions).await? {
            applied.insert(row.try_get::<String>("", "version")?);
        }
    }
    let known: Vec<String> = M::migrations().iter().map(|one| one.name().to_owned()).collect();
    Ok(State {
        ahead: applied.iter().filter(|name| !known.contains(name)).cloned().collect(),
        pending: known.into_iter().filter(|name| !applied.contains(name)).collect(),
    })
}

/// Nothing is done where nothing is missing, whatever a newer version has added.
async fn up<'c, M, C>(connection: &'c C) -> Result<(), StoreError>
where
    M: MigratorTrait,
    C: ConnectionTrait,
    &'c C: IntoSchemaManagerConnection<'c>,
{
    let State { pending, ahead } = state::<M, C>(connection).await?;
    if let (Some(missing), Some(newer)) = (pending.first(), ahead.first()) {
        return Err(StoreError::Broken(format!(
            "these tables are of another line of versions: {newer} was applied by one that this one does not know, and \
             {missing} is missing; run `onqueue migrate` of the newest version"
        )));
    }
    if !pending.is_empty() {
        M::up(connection, None).await?;
    }
    Ok(())
}

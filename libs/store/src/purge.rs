//! Cleaning the database's own files of what was erased.

use crate::{Store, StoreError};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement,
    sqlx::{self, AssertSqlSafe, PgConnection, Row as _},
};

/// What came of cleaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purged {
    /// Nothing that was erased is in the tables any more, dead or alive.
    Yes,
    /// Somebody reads what was there before; try again later.
    Busy,
    /// Only the tables' owner may; the database does it by itself some time.
    NotOurs,
}

impl Store {
    /// Cleans the database of rows that were erased or replaced before. SQLite, which overwrites them at once, folds its log
    /// into the file and empties it; PostgreSQL vacuums these tables with their indexes.
    pub async fn purge(&self, tables: &[&str]) -> Result<Purged, StoreError> {
        match self.reader().get_database_backend() {
            DbBackend::Postgres => vacuum(self.writer(), tables).await,
            _ => checkpoint(self.writer()).await,
        }
    }
}

async fn checkpoint(connection: &DatabaseConnection) -> Result<Purged, StoreError> {
    let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
    let row = connection.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| StoreError::Broken("a checkpoint without an answer".to_owned()))?;
    let busy: i32 = row.try_get("", "busy")?;
    Ok(if busy == 0 { Purged::Yes } else { Purged::Busy })
}

/// On one connection, which is not bound to the service's limits meanwhile.
async fn vacuum(connection: &DatabaseConnection, tables: &[&str]) -> Result<Purged, StoreError> {
    const OURS: &str = "SELECT count(*) = 0 FROM pg_class WHERE oid = ANY ($1::text[]::regclass[]) \
        AND NOT pg_has_role(relowner, 'USAGE')";
    let pool = connection.get_postgres_connection_pool();
    let mut connection = pool.acquire().await.map_err(lost)?;
    let names: Vec<String> = tables.iter().map(|table| (*table).to_owned()).collect();
    let ours = sqlx::query(OURS).bind(names).fetch_one(&mut *connection).await;
    if !ours.and_then(|row| row.try_get::<bool, _>(0)).map_err(lost)? {
        return Ok(Purged::NotOurs);
    }
    run(&mut connection, "SET statement_timeout = 0".to_owned()).await?;
    let mut outcome = Ok(());
    for table in tables {
        if outcome.is_ok() {
            outcome = run(&mut connection, format!("VACUUM (INDEX_CLEANUP ON) {table}")).await;
        }
    }
    run(&mut connection, "RESET statement_timeout".to_owned()).await?;
    outcome.map(|()| Purged::Yes)
}

/// Of our own making: there is nothing of anybody's in it.
async fn run(connection: &mut PgConnection, sql: String) -> Result<(), StoreError> {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    done.map(drop).map_err(lost)
}

fn lost(error: sqlx::Error) -> StoreError {
    DbErr::Query(RuntimeErr::SqlxError(error.into())).into()
}

//! Opening the database and running transactions on it.

use crate::{StoreError, place};
use futures::future::BoxFuture;
use onqueue_model::Timestamp;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    sqlx::{
        Connection as _,
        sqlite::{SqliteJournalMode, SqliteSynchronous},
    },
};
use serde::Deserialize;
use std::{
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How often a transaction that was in another's way is tried in all.
const ATTEMPTS: u32 = 4;

/// Where the database is and how many connections it gets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `sqlite://path/to/file.db`; other databases by their own scheme.
    pub url: String,
    /// Connections for reading.
    pub readers: u32,
    /// Milliseconds to wait for a connection before answering UNAVAILABLE.
    pub acquire_timeout_ms: u64,
}

impl Settings {
    /// For a SQLite file.
    pub fn sqlite(path: &std::path::Path) -> Self {
        Self {
            url: format!("sqlite://{}", path.display()),
            readers: 4,
            acquire_timeout_ms: 5_000,
        }
    }

    /// The file, if it is SQLite.
    pub fn sqlite_path(&self) -> Option<std::path::PathBuf> {
        let rest = self.url.strip_prefix("sqlite://")?;
        Some(rest.split('?').next().unwrap_or(rest).into())
    }
}

/// An open database. Clones share it.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    statements: Arc<AtomicU64>,
}

impl Store {
    /// Opens the database; a SQLite file is made if it is not there. SQLite gets WAL, `synchronous=FULL` and exactly one
    /// writing connection, so that writers queue here and not in the file's lock.
    pub async fn open(settings: &Settings) -> Result<Self, StoreError> {
        let statements = Arc::new(AtomicU64::new(0));
        let is_sqlite = settings.sqlite_path().is_some();
        if let Some(file) = settings.sqlite_path() {
            place::file(&file).map_err(|error| StoreError::Unavailable(format!("{}: {error}", file.display())))?;
        }
        let writer = connect(settings, if is_sqlite { 1 } else { settings.readers }, &statements).await?;
        let reader = if is_sqlite {
            connect(settings, settings.readers, &statements).await?
        } else {
            writer.clone()
        };
        Ok(Self(Arc::new(Inner {
            writer,
            reader,
            statements,
        })))
    }

    /// For reading outside a transaction.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.0.reader
    }

    /// The writing connection, for migrations and tests; everything else writes in a [`Store::transaction`].
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.0.writer
    }

    /// Runs `work` in one transaction and commits it. Work that was in another's way is rolled back and run again, up to
    /// three times more, so it must not have effects outside the transaction. Any error rolls back.
    pub async fn transaction<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync,
        T: Send,
    {
        let mut attempt = 1;
        loop {
            match self.attempt(&work).await {
                Err(error) if error.is_contended() && attempt < ATTEMPTS => {
                    tracing::debug!(attempt, %error, "transaction tried again");
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    async fn attempt<T, F>(&self, work: &F) -> Result<T, StoreError>
    where
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync,
    {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let tx = self.0.writer.begin_with_options(options).await?;
        self.0.statements.fetch_add(2, Ordering::Relaxed);
        match work(&tx).await {
            Ok(answer) => {
                tx.commit().await?;
                Ok(answer)
            }
            Err(error) => {
                if let Err(second) = tx.rollback().await {
                    // The database may have ended the transaction itself, as SQLite does when its disk is full.
                    tracing::warn!(error = %second, "transaction could not be rolled back");
                }
                Err(error)
            }
        }
    }

    /// The database's own time.
    pub async fn now(&self) -> Result<Timestamp, StoreError> {
        let backend = self.reader().get_database_backend();
        let row = self
            .reader()
            .query_one_raw(Statement::from_string(
                backend,
                format!("SELECT {} AS now_ms", now_ms(backend)),
            ))
            .await?;
        let row = row.ok_or_else(|| StoreError::Broken("no time".to_owned()))?;
        Ok(Timestamp(row.try_get("", "now_ms")?))
    }

    /// How many statements were sent since opening, BEGIN and COMMIT included.
    pub fn statements(&self) -> u64 {
        self.0.statements.load(Ordering::Relaxed)
    }

    /// Closes every connection; SQLite folds its log into the file.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.0.reader.close_by_ref().await?;
        self.0.writer.close_by_ref().await?;
        Ok(())
    }
}

/// The SQL expression for the database's time in milliseconds since the epoch.
pub fn now_ms(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        _ => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    }
}

async fn connect(
    settings: &Settings,
    connections: u32,
    statements: &Arc<AtomicU64>,
) -> Result<DatabaseConnection, StoreError> {
    let mut options = ConnectOptions::new(settings.url.clone());
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_millis(settings.acquire_timeout_ms))
        // A file does not go away as a server does: asking before each use would cost a round trip to its thread.
        .test_before_acquire(settings.sqlite_path().is_none())
        // Where the database ended a transaction itself, its connection still counts one as open, and whatever it commits
        // from then on would be part of that one: such a connection is closed and another takes its place.
        .map_sqlx_sqlite_before_acquire(|connection, _| {
            let is_free = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_free) })
        })
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(5))
                .foreign_keys(true)
                .statement_cache_capacity(256)
        });
    let mut connection = Database::connect(options).await?;
    let statements = Arc::clone(statements);
    connection.set_metric_callback(move |_| {
        statements.fetch_add(1, Ordering::Relaxed);
    });
    Ok(connection)
}

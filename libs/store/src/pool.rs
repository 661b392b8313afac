//! Connections: how they are opened, and which of them are asked whether they still live before they are used.

use crate::{Profile, Settings, StoreError, transaction};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection,
    sqlx::{
        self, Connection as _, PgConnection, Row as _,
        sqlite::{SqliteJournalMode, SqliteSynchronous},
    },
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

/// A connection to a server that has not been used for so long is asked first. Asking each time would cost a round trip
/// for each use.
pub(crate) const QUIET: Duration = Duration::from_millis(50);

/// A connection in doubt that is silent for so long when it comes back is closed.
const SILENT: Duration = Duration::from_secs(5);

/// How many connections are examined when they come back, after a transaction's beginning was given up: enough for the one
/// it left to be among them, however slowly that comes back.
const SUSPECT: u32 = 10_000;

/// Whether the connection has a transaction open: only then did it begin before the statement that asks. That needs the
/// simple protocol, in which a statement is one message.
const IS_OPEN: &str = "SELECT now() < statement_timestamp()";

/// Which connections are asked before they are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Those that were not used for a while, and all while there are doubts.
    Quiet,
    /// None, nor when they come back: each use is one round trip, and one that fails since its connection was gone is for its
    /// caller to repeat.
    Never,
}

/// What the connections of one store have in common.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    statements: AtomicU64,
    /// How often something failed that may have been its connection's fault.
    doubts: AtomicU64,
    /// How many more connections are asked before they are used, because one was found dead: then others may be too.
    doubtful: AtomicU32,
    connections: AtomicU32,
    /// How many more connections are examined when they come back.
    suspect: AtomicU32,
}

/// Something that is given up unless it is done before this is dropped.
pub(crate) struct Beginning<'a> {
    watch: &'a Watch,
    is_done: bool,
}

impl Beginning<'_> {
    pub fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Beginning<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.watch.suspect.store(SUSPECT, Ordering::Relaxed);
        }
    }
}

impl Watch {
    /// A transaction is about to begin. sqlx counts it as open only when the server has answered: if nobody waits for that,
    /// its connection would go to the next user with the transaction open, and what that one writes by itself would be
    /// acknowledged and lost.
    pub const fn beginning(&self) -> Beginning<'_> {
        Beginning {
            watch: self,
            is_done: false,
        }
    }

    fn is_suspect(&self) -> bool {
        one_less(&self.suspect)
    }

    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    pub fn count(&self, statements: u64) {
        self.statements.fetch_add(statements, Ordering::Relaxed);
    }

    /// Something failed that may have been the connection's fault.
    pub fn doubt(&self) {
        self.doubts.fetch_add(1, Ordering::Relaxed);
        self.doubtful
            .store(self.connections.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// How often there was a doubt so far: as long as it stays the same, nothing is known against a connection that was good.
    pub fn doubts(&self) -> u64 {
        self.doubts.load(Ordering::Relaxed)
    }

    fn is_doubtful(&self) -> bool {
        one_less(&self.doubtful)
    }
}

/// Counts down; false when it had come to an end.
fn one_less(left: &AtomicU32) -> bool {
    let one_less = |left: u32| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
        .is_ok()
}

/// Opens a SQLite file with so many connections.
pub(crate) async fn sqlite(
    settings: &Settings,
    connections: u32,
    watch: &Arc<Watch>,
) -> Result<DatabaseConnection, StoreError> {
    let mut options = options(settings, connections);
    options
        // A file does not go away as a server does: asking before each use would cost a round trip to its thread.
        .test_before_acquire(false)
        // Where the database ended a transaction itself, its connection still counts one as open, and whatever it commits
        // from then on would be part of that one: such a connection is closed and another takes its place.
        .map_sqlx_sqlite_before_acquire(|connection, _| {
            let is_free = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_free) })
        })
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(5))
                .foreign_keys(true)
                // What is deleted or replaced is overwritten: it may be somebody's.
                .pragma("secure_delete", "ON")
                .statement_cache_capacity(256)
        });
    connect(options, watch).await
}

/// Opens a PostgreSQL database with so many connections.
pub(crate) async fn postgres(
    settings: &Settings,
    profile: Option<Profile>,
    connections: u32,
    which: Asked,
    watch: &Arc<Watch>,
) -> Result<DatabaseConnection, StoreError> {
    watch.connections.fetch_max(connections, Ordering::Relaxed);
    let (asked, returned) = (Arc::clone(watch), Arc::clone(watch));
    let mut options = options(settings, connections);
    options
        .test_before_acquire(false)
        .map_sqlx_postgres_before_acquire(move |connection, seen| {
            let ask = which == Asked::Quiet && (seen.idle_for >= QUIET || asked.is_doubtful());
            Box::pin(async move {
                if ask {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        // The pool itself asks each that comes back, and waits for ever: when a server has gone without a word, until the
        // system gives the connection up.
        .map_sqlx_postgres_pool_opts(move |pool| {
            let returned = Arc::clone(&returned);
            pool.after_release(move |connection, _| {
                let ask = which == Asked::Quiet && returned.is_doubtful();
                let examine = returned.is_suspect();
                Box::pin(async move {
                    let answers = !ask || answers(connection).await?;
                    Ok(answers && !(examine && has_open_transaction(connection).await?))
                })
            })
        })
        .map_sqlx_postgres_opts(move |postgres| {
            let postgres = postgres.statement_cache_capacity(256);
            let Some(profile) = profile else {
                return postgres.application_name("onqueue");
            };
            let millis = |duration: Duration| duration.as_millis().to_string();
            // As options of the connection they hold from its first statement and cost no round trip.
            postgres.application_name(&profile.schema()).options([
                ("search_path", profile.search_path()),
                ("statement_timeout", millis(profile.statement_timeout)),
                (
                    "idle_in_transaction_session_timeout",
                    millis(profile.idle_in_transaction),
                ),
                ("plan_cache_mode", profile.planning.mode().to_owned()),
            ])
        });
    connect(options, watch).await
}

/// Asks a connection whether it still lives; it has a while to say so.
pub(crate) async fn answers(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    soon(connection.ping()).await.map(|()| true)
}

async fn has_open_transaction(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    soon(sqlx::raw_sql(IS_OPEN).fetch_one(connection)).await?.try_get(0)
}

async fn soon<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let in_vain = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    tokio::time::timeout(SILENT, answer).await.unwrap_or_else(in_vain)
}

fn options(settings: &Settings, connections: u32) -> ConnectOptions {
    // sea-orm knows PostgreSQL by one of its two schemes only.
    let url = match settings.url.strip_prefix("postgresql://") {
        Some(rest) => format!("postgres://{rest}"),
        None => settings.url.clone(),
    };
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_millis(settings.acquire_timeout_ms))
        .sqlx_logging(false);
    options
}

async fn connect(options: ConnectOptions, watch: &Arc<Watch>) -> Result<DatabaseConnection, StoreError> {
    let mut connection = Database::connect(options).await?;
    let watch = Arc::clone(watch);
    connection.set_metric_callback(move |statement| {
        watch.count(1);
        if statement.failed {
            watch.doubt();
            transaction::has_failed();
        }
    });
    Ok(connection)
}

//! What a statement costs: how it is planned, and how much of the database it reads.

use onqueue_testkit::TempStore;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbBackend, EntityTrait, QueryTrait as _, Select, SqlxSqliteConnector,
    Statement, sqlx::sqlite::SqlitePoolOptions,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How many instructions SQLite's machine takes between two counts.
const STEPS: i32 = 10;

/// More than it takes for a row that is read and answered; a hundred thousand rows take a hundred times as many.
const STEPS_OF_ROW: u64 = 100;

/// A database that says what statements cost.
pub struct Measured {
    temp: TempStore,
    counted: Option<(DatabaseConnection, Arc<AtomicU64>)>,
}

impl Measured {
    pub async fn of(temp: TempStore) -> Self {
        let counted = match temp.settings().is_postgres() {
            true => None,
            false => Some(counted(&temp.settings().url).await),
        };
        Self { temp, counted }
    }

    /// An index gives the rows in their order, and hardly one is read that is not answered, of which there are at most a
    /// few more than `size`.
    pub async fn check<E: EntityTrait>(&self, what: &str, page: &Select<E>, size: u64) {
        let plan = self.plan(|backend| page.build(backend)).await;
        let is_indexed = ["USING INDEX", "USING COVERING INDEX", "Index Scan", "Index Only Scan"]
            .iter()
            .any(|way| plan.contains(way));
        assert!(is_indexed, "{what}: {plan}");
        for bad in ["Seq Scan", "Sort", "SCAN", "TEMP B-TREE"] {
            assert!(!plan.contains(bad), "{what}: {plan}");
        }
        let removed = plan.lines().filter_map(|line| line.split_once("Rows Removed by"));
        let removed = removed.filter_map(|(_, said)| said.split_once(": ")?.1.trim().parse::<u64>().ok());
        let removed: u64 = removed.sum();
        assert!(removed < size, "{what}: {plan}");
        self.check_steps(what, page.build(DbBackend::Sqlite), (size, &plan))
            .await;
    }

    /// From an index too, though what is read is put in order afterwards: about so many rows, however many there are.
    pub async fn check_some(&self, what: &str, statement: impl Fn(DbBackend) -> Statement, size: u64) {
        let plan = self.plan(&statement).await;
        assert!(!plan.contains("Seq Scan"), "{what}: {plan}");
        self.check_steps(what, statement(DbBackend::Sqlite), (size, &plan))
            .await;
    }

    async fn check_steps(&self, what: &str, statement: Statement, (size, plan): (u64, &str)) {
        if let Some((connection, steps)) = &self.counted {
            steps.store(0, Ordering::Relaxed);
            let rows = connection.query_all_raw(statement).await.expect("rows");
            let (steps, limit) = (
                steps.load(Ordering::Relaxed),
                size.max(rows.len() as u64) * STEPS_OF_ROW,
            );
            assert!(steps < limit, "{what}: {steps} steps, {plan}");
        }
    }

    async fn plan(&self, statement: impl Fn(DbBackend) -> Statement) -> String {
        let connection = self.temp.store.reader();
        let backend = connection.get_database_backend();
        let (explain, column) = match backend {
            DbBackend::Postgres => ("EXPLAIN (ANALYZE, TIMING OFF)", 0),
            _ => ("EXPLAIN QUERY PLAN", 3),
        };
        let mut statement = statement(backend);
        statement.sql = format!("{explain} {}", statement.sql);
        let rows = connection.query_all_raw(statement).await.expect("a plan");
        let lines = rows
            .iter()
            .map(|row| row.try_get_by_index::<String>(column).expect("a line"));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// A connection to the file that counts the steps of SQLite's machine.
async fn counted(url: &str) -> (DatabaseConnection, Arc<AtomicU64>) {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect(url)
        .await
        .expect("the file opens");
    let steps = Arc::new(AtomicU64::new(0));
    let taken = Arc::clone(&steps);
    let mut connection = pool.acquire().await.expect("the connection");
    let mut handle = connection.lock_handle().await.expect("its handle");
    handle.set_progress_handler(STEPS, move || {
        taken.fetch_add(STEPS.unsigned_abs().into(), Ordering::Relaxed);
        true
    });
    drop(handle);
    drop(connection);
    (SqlxSqliteConnector::from_sqlx_sqlite_pool(pool), steps)
}

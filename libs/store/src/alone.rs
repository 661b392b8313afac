//! One statement that is a transaction of its own, on PostgreSQL: one round trip where others take one for each of BEGIN,
//! their statements and COMMIT.

use crate::{Store, StoreError, figures, transaction::ATTEMPTS};
use futures::future::BoxFuture;
use sea_orm::{
    ConnectionTrait as _, DbBackend, DbErr, RuntimeErr,
    sqlx::{self, Arguments as _, Encode, Postgres, Row as _, Type, postgres::PgArguments},
};
use uuid::Uuid;

/// A statement with its values, whose text is prepared once on each connection. It answers one column of ids.
#[derive(Clone, Debug)]
pub struct Alone {
    text: &'static str,
    values: PgArguments,
    /// Why a value cannot be sent.
    problem: Option<String>,
}

impl Alone {
    /// A statement for PostgreSQL, without values yet.
    pub fn new(text: &'static str) -> Self {
        Self {
            text,
            values: PgArguments::default(),
            problem: None,
        }
    }

    /// Adds the next value; a `Vec` is an array.
    #[must_use]
    pub fn with<T: Encode<'static, Postgres> + Type<Postgres>>(mut self, value: T) -> Self {
        if let Err(error) = self.values.add(value) {
            self.problem = Some(error.to_string());
        }
        self
    }
}

impl Store {
    /// Whether [`Store::alone`] is to be had: not on SQLite, where a round trip costs next to nothing.
    pub fn takes_alone(&self) -> bool {
        self.reader().get_database_backend() == DbBackend::Postgres
    }

    /// Runs the statement and answers its ids. If it was in another's way, or its connection was lost before it was sent, it
    /// is run again, up to three times more. If the connection is lost while it is under way, the answer is
    /// [`StoreError::Unknown`], as for a COMMIT.
    pub async fn alone(&self, statement: &Alone) -> Result<Vec<Uuid>, StoreError> {
        if let Some(problem) = &statement.problem {
            return Err(StoreError::Broken(problem.clone()));
        }
        let mut attempt = 1;
        let _took = figures::Write::begin();
        loop {
            // Boxed: this is deep within what others await.
            let once: BoxFuture<'_, _> = Box::pin(self.once(statement));
            match figures::told(once.await) {
                Err(error) if error.is_worth_repeating() && attempt < ATTEMPTS => {
                    tracing::debug!(attempt, %error, "statement tried again");
                    self.before_repeating(&error, attempt).await;
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    async fn once(&self, statement: &Alone) -> Result<Vec<Uuid>, StoreError> {
        let pool = self.writer().get_postgres_connection_pool();
        let mut connection = self.kept().take(pool, self.watch()).await.map_err(of_acquire)?;
        self.watch().count(1);
        let query = sqlx::query_with(statement.text, statement.values.clone());
        // To the end: the answer to the statement comes before the one to its commit.
        let Some(rows) = self.in_time(query.fetch_all(&mut *connection)).await else {
            return Err(StoreError::Unknown("no answer in time".to_owned()));
        };
        let rows = rows.map_err(|error| {
            self.watch().doubt();
            StoreError::of_commit(DbErr::Query(RuntimeErr::SqlxError(error.into())))
        })?;
        self.kept().keep(connection, pool, self.watch());
        let ids: Result<_, sqlx::Error> = rows.iter().map(|row| row.try_get(0)).collect();
        ids.map_err(|error| StoreError::Broken(error.to_string()))
    }
}

fn of_acquire(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => StoreError::Unavailable(error.to_string()),
        _ => DbErr::Conn(RuntimeErr::SqlxError(error.into())).into(),
    }
}

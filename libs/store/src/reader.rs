//! Reading outside a transaction, never for ever.

use crate::pool::Watch;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, sqlx::PgPool,
};
use std::{future::Future, sync::Arc, time::Duration};

/// A database to read from. The server ends what takes too long; where it is gone without a word, a statement is given up
/// here, soon after the server would have ended it, with an error that is [`crate::StoreError::Unavailable`].
#[derive(Clone, Debug)]
pub struct Reader {
    connection: DatabaseConnection,
    watch: Arc<Watch>,
    patience: Option<Duration>,
}

impl Reader {
    pub(crate) const fn new(connection: DatabaseConnection, watch: Arc<Watch>, patience: Option<Duration>) -> Self {
        Self {
            connection,
            watch,
            patience,
        }
    }

    /// Without the limit; for transactions, which have their own.
    pub(crate) const fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// The connections themselves, without the limit, for who keeps one for long. Panics on SQLite.
    pub fn postgres_pool(&self) -> &PgPool {
        self.connection.get_postgres_connection_pool()
    }

    /// The connection is in doubt before it goes back, so that nobody waits for it there.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, DbErr>> + Send) -> Result<T, DbErr> {
        let Some(patience) = self.patience else {
            return work.await;
        };
        let mut work = std::pin::pin!(work);
        let Ok(outcome) = tokio::time::timeout(patience, &mut work).await else {
            self.watch.doubt();
            return Err(DbErr::Conn(RuntimeErr::Internal("no answer in time".to_owned())));
        };
        outcome
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.in_time(self.connection.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.in_time(self.connection.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.in_time(self.connection.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.in_time(self.connection.query_all_raw(statement)).await
    }

    fn support_returning(&self) -> bool {
        self.connection.support_returning()
    }
}

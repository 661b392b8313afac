//! A look at a SQLite file while it is in use, for as long as somebody may wait. PostgreSQL looks after its files itself.

use crate::{Store, StoreError};
use sea_orm::{
    DbBackend, DbErr, RuntimeErr,
    sqlx::{self, Connection as _, Row as _, SqliteConnection},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How many steps SQLite goes, a page each or less, before it asks whether it is to go on.
const STEPS: i32 = 100;

/// SQLITE_INTERRUPT.
const INTERRUPTED: &str = "9";

/// What a look at the file found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// All of its pages were looked at, and none is damaged.
    Whole,
    /// None was damaged of those that were looked at in the time.
    Part,
    /// The first of what is wrong.
    Damaged(String),
}

impl Store {
    /// Looks at the pages of the file for that long at most; whoever uses it goes on meanwhile. Whether indexes agree with
    /// their tables is not looked at: [`Store::damage`] does, and takes as long as it takes. SQLite only.
    pub async fn look(&self, within: Duration) -> Result<Look, StoreError> {
        if self.reader().connection().get_database_backend() != DbBackend::Sqlite {
            return Err(StoreError::Broken("only a SQLite file can be looked at so".to_owned()));
        }
        let pool = self.reader().connection().get_sqlite_connection_pool();
        // Out of the pool, and closed in the end: nobody else's statements are to be interrupted.
        let taken = pool.acquire().await;
        let mut connection = taken
            .map_err(|error| StoreError::Unavailable(error.to_string()))?
            .detach();
        let looked = looked_at(&mut connection, within).await;
        // It only read: how it is closed does not matter.
        let _ = connection.close().await;
        looked
    }
}

async fn looked_at(connection: &mut SqliteConnection, within: Duration) -> Result<Look, StoreError> {
    let is_over = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_over);
    let mut handle = connection.lock_handle().await.map_err(of_driver)?;
    handle.set_progress_handler(STEPS, move || !asked.load(Ordering::Relaxed));
    drop(handle);
    let mut looking = std::pin::pin!(sqlx::raw_sql("PRAGMA quick_check(1)").fetch_one(connection));
    let said = match tokio::time::timeout(within, &mut looking).await {
        Ok(said) => said,
        Err(_) => {
            is_over.store(true, Ordering::Relaxed);
            looking.await
        }
    };
    match said.and_then(|row| row.try_get::<String, _>(0)) {
        Ok(text) if text == "ok" => Ok(Look::Whole),
        Ok(text) => Ok(Look::Damaged(one_line(&text))),
        Err(error) if is_interrupted(&error) => Ok(Look::Part),
        Err(error) => match of_driver(error) {
            StoreError::Damaged(text) => Ok(Look::Damaged(text)),
            other => Err(other),
        },
    }
}

fn of_driver(error: sqlx::Error) -> StoreError {
    DbErr::Query(RuntimeErr::SqlxError(error.into())).into()
}

fn is_interrupted(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.as_deref() == Some(INTERRUPTED)
}

/// SQLite names the database on a line of its own.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

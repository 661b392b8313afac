//! What can go wrong in the database, without its words.

use onqueue_model::{Cause, Fault};
use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

/// What is said of a damaged file, wherever it is said.
pub const DAMAGED: &str = "the database's file is damaged";

/// What is to be done where PostgreSQL lets a role not in.
const CORRECT: &str = "user and password of store.url, or of the service's own store.…_url, must be those that PostgreSQL has; \
    `onqueue doctor` says which are not (docs/operate.md, “Passwords of PostgreSQL”)";

/// A failure of a statement or transaction. Its text is for the log only.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique constraint was violated.
    #[error("unique constraint: {0}")]
    Unique(String),
    /// Somebody else was in the way (locked, deadlock, serialisation); nothing was written, and the same transaction may
    /// succeed now.
    #[error("in the way of another: {0}")]
    Contended(String),
    /// The database cannot be reached, takes too long, or its disk is full; nothing was written.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// PostgreSQL does not let this role in, or not any more; nothing was written, and the same may succeed when somebody has
    /// corrected that.
    #[error("the database does not let us in: {0}: {CORRECT}")]
    Barred(String),
    /// The connection was lost before a COMMIT was sent, by a restart of the server for instance; nothing was written, and
    /// the same may succeed on another connection.
    #[error("connection lost: {0}")]
    Lost(String),
    /// The connection was lost while a COMMIT was under way: it may have been carried out or not. Who wants to know reads
    /// what it would have written; trying again is right only for what a unique key keeps from being done twice.
    #[error("connection lost while committing, so that the outcome is unknown: {0}")]
    Unknown(String),
    /// SQLite finds its file damaged, or to be no database at all.
    #[error("{DAMAGED} ({0})")]
    Damaged(String),
    /// Anything else: a defect.
    #[error("database: {0}")]
    Broken(String),
    /// The use case refused; nothing was written.
    #[error(transparent)]
    Refused(#[from] Fault),
}

impl StoreError {
    /// Whether trying the same transaction again makes sense because others were in the way.
    pub fn is_contended(&self) -> bool {
        matches!(self, Self::Contended(_))
    }

    /// Whether a unique constraint was violated.
    pub fn is_unique(&self) -> bool {
        matches!(self, Self::Unique(_))
    }

    /// Whether it is the state of the database or of the way to it, and not of what was to be done: anything else done at
    /// the same time is likely to fail as well.
    pub fn is_of_database(&self) -> bool {
        matches!(
            self,
            Self::Contended(_) | Self::Unavailable(_) | Self::Barred(_) | Self::Lost(_) | Self::Unknown(_)
        )
    }

    /// Whether nothing was written and the same transaction may succeed now.
    pub(crate) fn is_worth_repeating(&self) -> bool {
        matches!(self, Self::Contended(_) | Self::Lost(_))
    }

    /// What a failed COMMIT means. A server that says that it ended the transaction for being idle did not carry it out;
    /// any other loss of the connection leaves it open.
    pub(crate) fn of_commit(error: DbErr) -> Self {
        let is_settled = sqlstate(&error).as_deref() == Some("25P03");
        match Self::from(error) {
            Self::Lost(text) if !is_settled => Self::Unknown(text),
            other => other,
        }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let text = error.to_string();
        if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
            return Self::Unique(text);
        }
        if let Some(state) = sqlstate(&error) {
            return of_postgres(&state, text);
        }
        if is_damaged(&error) {
            return Self::Damaged(text);
        }
        if is_lost(&error) {
            return Self::Lost(text);
        }
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if says(&["database is locked", "database table is locked"]) {
            return Self::Contended(text);
        }
        let out_of_reach = matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_));
        if out_of_reach || says(&["disk is full", "disk I/O error", "No space left"]) {
            return Self::Unavailable(text);
        }
        Self::Broken(text)
    }
}

/// By the codes of PostgreSQL's appendix A; those that are not here are of our own making.
fn of_postgres(state: &str, text: String) -> StoreError {
    match state {
        // Serialisation, deadlock, a lock that was not to be waited for.
        "40001" | "40P01" | "55P03" => StoreError::Contended(text),
        // Shut down, crashed, idle in a transaction, idle.
        "57P01" | "57P02" | "25P03" | "57P05" => StoreError::Lost(text),
        // Cancelled (statement_timeout), starting, a standby.
        "57014" | "57P03" | "25006" => StoreError::Unavailable(text),
        // There is no such database.
        "3D000" => StoreError::Unavailable(text),
        _ => match &state[..2] {
            "08" => StoreError::Lost(text),
            // Authorization.
            "28" => StoreError::Barred(text),
            // Resources, the system below.
            "53" | "58" => StoreError::Unavailable(text),
            _ => StoreError::Broken(text),
        },
    }
}

/// The five characters of PostgreSQL; SQLite's codes are shorter.
pub(crate) fn sqlstate(error: &DbErr) -> Option<String> {
    let code = driver(error)?.as_database_error()?.code()?;
    (code.len() == 5 && code.is_ascii()).then(|| code.into_owned())
}

/// By SQLite's result codes, which are shorter than PostgreSQL's: SQLITE_CORRUPT and SQLITE_NOTADB, extended or not.
fn is_damaged(error: &DbErr) -> bool {
    const PRIMARY: u32 = 0xff;
    let code = driver(error).and_then(|error| error.as_database_error()?.code());
    let code = code.filter(|code| code.len() < 5).and_then(|code| code.parse().ok());
    code.is_some_and(|code: u32| matches!(code & PRIMARY, 11 | 26))
}

fn is_lost(error: &DbErr) -> bool {
    use sqlx::Error;
    matches!(
        driver(error),
        Some(Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed)
    )
}

fn driver(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(fault) => fault,
            StoreError::Contended(_)
            | StoreError::Unavailable(_)
            | StoreError::Barred(_)
            | StoreError::Lost(_)
            | StoreError::Unknown(_) => Self::unavailable(error),
            StoreError::Damaged(_) => Self::internal(error).with_cause(Cause::DamagedDatabase),
            StoreError::Unique(_) | StoreError::Broken(_) => Self::internal(error),
        }
    }
}

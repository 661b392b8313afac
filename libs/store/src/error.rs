//! What can go wrong in the database, without its words.

use onqueue_model::Fault;
use sea_orm::{DbErr, SqlErr};

/// A failure of a statement or transaction. Its text is for the log only.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique constraint was violated.
    #[error("unique constraint: {0}")]
    Unique(String),
    /// Somebody else was in the way (locked, deadlock, serialisation); the same transaction may succeed now.
    #[error("in the way of another: {0}")]
    Contended(String),
    /// The database cannot be reached, or its disk is full.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// Anything else: a defect.
    #[error("database: {0}")]
    Broken(String),
    /// The use case refused; nothing was written.
    #[error(transparent)]
    Refused(#[from] Fault),
}

impl StoreError {
    /// Whether trying the same transaction again makes sense.
    pub fn is_contended(&self) -> bool {
        matches!(self, Self::Contended(_))
    }

    /// Whether a unique constraint was violated.
    pub fn is_unique(&self) -> bool {
        matches!(self, Self::Unique(_))
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let text = error.to_string();
        if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
            return Self::Unique(text);
        }
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if says(&[
            "database is locked",
            "database table is locked",
            "deadlock detected",
            "could not serialize",
        ]) {
            return Self::Contended(text);
        }
        let out_of_reach = matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_));
        if out_of_reach
            || says(&[
                "disk is full",
                "disk I/O error",
                "No space left",
                "terminating connection",
                "the database system is",
            ])
        {
            return Self::Unavailable(text);
        }
        Self::Broken(text)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(fault) => fault,
            StoreError::Contended(_) | StoreError::Unavailable(_) => Self::unavailable(error),
            StoreError::Unique(_) | StoreError::Broken(_) => Self::internal(error),
        }
    }
}

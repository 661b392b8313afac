//! Transactions: tried again where that is known to be right, and only there.

use crate::{Store, StoreError, figures};
use futures::future::BoxFuture;
use sea_orm::{DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait as _};
use std::{cell::Cell, future::Future, pin::pin, sync::Arc, time::Duration};

/// How often a transaction is tried in all.
pub(crate) const ATTEMPTS: u32 = 4;

/// How long to wait before the second attempt after a connection was lost; longer before each further one.
const PAUSE: Duration = Duration::from_millis(50);

tokio::task_local! {
    /// Whether a statement of the transaction that is under way here has failed.
    static FAILED: Cell<bool>;
}

/// A statement has failed; if that was in a transaction, it is not to be committed.
pub(crate) fn has_failed() {
    // Outside of a transaction there is nothing to remember it for.
    let _ = FAILED.try_with(|failed| failed.set(true));
}

impl Store {
    /// Runs `work` in one transaction and commits it; any error rolls back. Work that was in another's way, or whose
    /// connection was lost before the COMMIT was sent, is run again, up to three times more, so it must not have effects
    /// outside the transaction. If the connection is lost while the COMMIT is under way, the answer is
    /// [`StoreError::Unknown`], and nothing is tried again. Where a statement fails the transaction fails, even if `work`
    /// makes light of it: PostgreSQL would take the COMMIT and keep nothing.
    pub async fn transaction<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync,
        T: Send,
    {
        let mut attempt = 1;
        let _took = figures::Write::begin();
        loop {
            match figures::told(self.attempt(&work).await) {
                Err(error) if error.is_worth_repeating() && attempt < ATTEMPTS => {
                    tracing::debug!(attempt, %error, "transaction tried again");
                    self.before_repeating(&error, attempt).await;
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    /// [`Store::transaction`] for work that needs `given`, each time that it is run.
    pub async fn transaction_with<G, T, F>(&self, given: G, work: F) -> Result<T, StoreError>
    where
        F: for<'t> Fn(&'t DatabaseTransaction, &'t G) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync + 'static,
        G: Send + Sync + 'static,
        T: Send + 'static,
    {
        let both = Arc::new((work, given));
        self.transaction(move |tx| {
            let both = Arc::clone(&both);
            Box::pin(async move { (both.0)(tx, &both.1).await })
        })
        .await
    }

    pub(crate) async fn before_repeating(&self, error: &StoreError, attempt: u32) {
        if let StoreError::Lost(_) = error {
            self.watch().doubt();
            tokio::time::sleep(PAUSE * attempt * attempt).await;
        }
    }

    async fn attempt<T, F>(&self, work: &F) -> Result<T, StoreError>
    where
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync,
    {
        let in_vain = || Err(StoreError::Unavailable("no answer in time".to_owned()));
        let (tx, outcome) = self.in_time(self.begin_and(work)).await.unwrap_or_else(in_vain)?;
        match outcome {
            Ok(answer) => self.commit(tx).await.map(|()| answer),
            Err(error) => {
                self.roll_back(tx, &error).await;
                Err(error)
            }
        }
    }

    async fn begin_and<T, F>(&self, work: &F) -> Result<(DatabaseTransaction, Result<T, StoreError>), StoreError>
    where
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync,
    {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let beginning = self.watch().beginning();
        let tx = self.writer().begin_with_options(options).await?;
        beginning.done();
        self.watch().count(2);
        let watched = async {
            let outcome = work(&tx).await;
            (outcome, FAILED.with(Cell::get))
        };
        let outcome = match FAILED.scope(Cell::new(false), watched).await {
            (Ok(_), true) => Err(StoreError::Broken(
                "a statement failed, and its transaction went on".to_owned(),
            )),
            (outcome, _) => outcome,
        };
        Ok((tx, outcome))
    }

    async fn commit(&self, tx: DatabaseTransaction) -> Result<(), StoreError> {
        match self.in_time(tx.commit()).await {
            Some(outcome) => outcome.map_err(StoreError::of_commit),
            None => Err(StoreError::Unknown("no answer to COMMIT in time".to_owned())),
        }
    }

    /// The server ends what takes too long; a server that is gone without a word ends nothing. The work's connection is in
    /// doubt before it goes back, so that nobody waits for it there.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let Some(patience) = self.patience() else {
            return Some(work.await);
        };
        let mut work = pin!(work);
        let outcome = tokio::time::timeout(patience, &mut work).await.ok();
        if outcome.is_none() {
            self.watch().doubt();
        }
        outcome
    }

    async fn roll_back(&self, tx: DatabaseTransaction, error: &StoreError) {
        if let StoreError::Lost(_) = error {
            return; // with its connection
        }
        // If nobody answers, the server ends the transaction by itself.
        if let Some(Err(second)) = self.in_time(tx.rollback()).await {
            // The database may have ended the transaction itself, as SQLite does when its disk is full.
            tracing::warn!(error = %second, "transaction could not be rolled back");
        }
    }
}

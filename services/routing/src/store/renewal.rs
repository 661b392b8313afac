//! Letting leases end later, or now: on PostgreSQL in one statement on a connection that is kept for it, so that it is one
//! round trip, however slow. A pool would try a connection before or after each use, which is another.

use super::entities::lease::{Column, Entity};
use onqueue_store::{Store, StoreError};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DbBackend, DbErr, EntityTrait as _, QueryFilter as _, RuntimeErr,
    prelude::Expr,
    sqlx::{self, PgPool, Postgres, pool::PoolConnection},
};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Connections that wait for the next renewal.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Vec<PoolConnection<Postgres>>>);

impl Kept {
    async fn take(&self, pool: &PgPool) -> Result<PoolConnection<Postgres>, StoreError> {
        let kept = self.waiting().pop();
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let mut new = pool.acquire().await.map_err(failed)?;
        // One that is given up in the middle of a statement is of no use to the pool either.
        new.close_on_drop();
        Ok(new)
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<PoolConnection<Postgres>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which leases of an owner are to end, and when: both as SQL.
#[derive(Clone, Debug)]
pub struct Ending {
    pub owner: String,
    pub which: String,
    pub end: String,
}

impl Ending {
    /// Answers how many leases end then.
    pub async fn write(self, store: &Store, kept: &Kept) -> Result<u64, StoreError> {
        match store.reader().get_database_backend() {
            DbBackend::Postgres => self.at_once(store.reader().postgres_pool(), kept).await,
            _ => self.in_transaction(store).await,
        }
    }

    /// The rows are locked in the order of the shards, against everybody but the owner's own transactions: these look at the
    /// epoch, which stays, and neither waits for the other. Where one connection failed, the others are not kept either.
    async fn at_once(self, pool: &PgPool, kept: &Kept) -> Result<u64, StoreError> {
        let Self { owner, which, end } = self;
        let update = format!(
            "WITH held AS (SELECT shard FROM routing_leases WHERE owner = $1 AND {which} ORDER BY shard \
             FOR NO KEY UPDATE) UPDATE routing_leases SET expires_at = {end} WHERE shard IN (SELECT shard FROM held)"
        );
        let mut taken = kept.take(pool).await?;
        let update = sqlx::query(sqlx::AssertSqlSafe(update)).bind(owner);
        match update.execute(&mut *taken).await {
            Ok(done) => {
                kept.waiting().push(taken);
                Ok(done.rows_affected())
            }
            Err(error) => {
                kept.waiting().clear();
                Err(failed(error))
            }
        }
    }

    async fn in_transaction(self, store: &Store) -> Result<u64, StoreError> {
        let work = store.transaction(move |tx| {
            let Self { owner, which, end } = self.clone();
            let update = Entity::update_many()
                .col_expr(Column::ExpiresAt, Expr::cust(end))
                .filter(Column::Owner.eq(owner))
                .filter(Expr::cust(which));
            Box::pin(async move { Ok(update.exec(tx).await?.rows_affected) })
        });
        work.await
    }
}

fn failed(error: sqlx::Error) -> StoreError {
    DbErr::Exec(RuntimeErr::SqlxError(error.into())).into()
}

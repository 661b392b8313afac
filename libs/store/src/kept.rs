//! Connections that stay with statements of their own. A pool asks each connection that comes back whether it still lives:
//! for who uses one again at once that is a second round trip for each statement.

use crate::pool::{QUIET, Watch, answers};
use onqueue_telemetry::Stopwatch;
use sea_orm::sqlx::{self, PgPool, Postgres, pool::PoolConnection};
use std::sync::{Mutex, PoisonError};

/// One in so many of a pool's connections may be kept; the others are everybody's.
const ONE_IN: u32 = 4;

/// Connections of one pool that were good when they were last used; nothing can be kept any more once they are closed.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Closable>);

#[derive(Debug, Default)]
struct Closable {
    connections: Vec<Resting>,
    is_closed: bool,
}

#[derive(Debug)]
struct Resting {
    connection: PoolConnection<Postgres>,
    since: Stopwatch,
    doubts: u64,
}

impl Kept {
    /// One that was used a moment ago, or another after it was asked whether it still lives, or one of the pool's.
    pub async fn take(&self, pool: &PgPool, watch: &Watch) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        while let Some(mut resting) = self.pop() {
            let is_fresh = resting.since.elapsed() < QUIET && resting.doubts == watch.doubts();
            if is_fresh || answers(&mut resting.connection).await.is_ok() {
                return Ok(resting.connection);
            }
            watch.doubt();
            resting.connection.close_on_drop();
        }
        pool.acquire().await
    }

    /// Keeps a connection whose last statement succeeded, if there is room for it.
    pub fn keep(&self, connection: PoolConnection<Postgres>, pool: &PgPool, watch: &Watch) {
        let most = (pool.options().get_max_connections() / ONE_IN) as usize;
        let mut kept = self.lock();
        if !kept.is_closed && kept.connections.len() < most {
            kept.connections.push(Resting {
                connection,
                since: Stopwatch::start(),
                doubts: watch.doubts(),
            });
        }
    }

    /// Gives all back to the pool, which waits for them before it is closed.
    pub fn close(&self) {
        let mut kept = self.lock();
        kept.is_closed = true;
        kept.connections.clear();
    }

    fn pop(&self) -> Option<Resting> {
        self.lock().connections.pop()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Closable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // A connection goes back to its pool by a task. Where none can run any more the process is about to end.
        if tokio::runtime::Handle::try_current().is_err() {
            std::mem::forget(std::mem::take(&mut self.lock().connections));
        }
    }
}

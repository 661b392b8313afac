//! Keeps what is found by search up with the logs. Every replica does; each takes what nobody else has in hand. What it does
//! not know of, since another replica wrote it and died, it finds by looking at all that is open every few seconds.

use super::App;
use crate::store::search;
use onqueue_store::StoreError;
use onqueue_telemetry::metrics;
use std::time::Duration;

/// How often it looks whether something was written here.
const TICK: Duration = Duration::from_millis(500);

/// After how many ticks it looks at everything, whatever was written.
const ALL: u32 = 20;

/// How many events are indexed in one transaction: few while somebody writes, who would wait for it on SQLite and beside whom
/// it computes on PostgreSQL; as many as take some ten milliseconds otherwise.
const FEW: usize = 32;
const MANY: usize = 500;

/// How long it leaves the database to those who write after each transaction, while somebody does: some four times as long as
/// the transaction took.
const BUSY: Duration = Duration::from_millis(8);

/// As many batches as there never are.
const NEVER: u64 = u64::MAX;

impl App {
    /// Indexes for ever; for a task.
    pub async fn index(&self) {
        let (mut seen, mut ticks) = (NEVER, ALL);
        loop {
            // What is being committed now may be seen only by the next look.
            let (idle, batches) = (self.is_idle(), self.committer.batches());
            if batches != seen || ticks >= ALL {
                match self.index_once().await {
                    Ok(()) => (seen, ticks) = (if idle { batches } else { NEVER }, 0),
                    Err(error) => {
                        tracing::warn!(%error, "search is behind; it is tried again");
                        ticks = ALL;
                    }
                }
            }
            ticks += 1;
            tokio::time::sleep(TICK).await;
        }
    }

    /// Indexes all that was written before.
    async fn index_once(&self) -> Result<(), StoreError> {
        let (mut after, mut before) = (Some(0), NEVER);
        while let Some(number) = after {
            // Somebody who writes now and then is idle at most moments.
            let batches = self.committer.batches();
            let quiet = batches == before && self.is_idle();
            before = batches;
            let step = search::index(&self.store, number, if quiet { MANY } else { FEW }).await?;
            metrics::SEARCH_INDEXED.add(u64::try_from(step.events).unwrap_or(u64::MAX), &[]);
            after = step.next;
            if !quiet {
                tokio::time::sleep(BUSY).await;
            }
        }
        Ok(())
    }
}

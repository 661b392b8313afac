//! Keeps what is found by search up with the logs. Every replica looks at the conversations that it has written to itself, so
//! that a look costs as much as was written, however many are open. What it does not know of, since another replica wrote it
//! and died, it finds by looking at all that is open every few seconds.

use super::App;
use super::changed::Wanted;
use crate::store::{Key, search};
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

/// Whether somebody else writes: who does so now and then is idle at most moments.
struct Others {
    batches: u64,
    are_quiet: bool,
}

impl Others {
    const UNKNOWN: Self = Self {
        batches: NEVER,
        are_quiet: false,
    };

    /// How many events to index next.
    fn look(&mut self, app: &App) -> usize {
        let batches = app.committer.batches();
        self.are_quiet = batches == self.batches && app.is_idle();
        self.batches = batches;
        if self.are_quiet { MANY } else { FEW }
    }
}

impl App {
    /// Indexes for ever; for a task.
    pub async fn index(&self) {
        let mut ticks = 0;
        loop {
            ticks += 1;
            if ticks > ALL {
                self.committer.changed.note_all();
            }
            let wanted = self.committer.changed.take();
            if wanted == Wanted::All {
                ticks = 0;
            }
            if let Err(error) = self.index_once(wanted).await {
                tracing::warn!(%error, "search is behind; it is tried again");
                self.committer.changed.note_all();
            }
            tokio::time::sleep(TICK).await;
        }
    }

    /// Indexes what was written before.
    async fn index_once(&self, wanted: Wanted) -> Result<(), StoreError> {
        match wanted {
            Wanted::All => self.index_all().await,
            Wanted::These(keys) => {
                let keys: Vec<Key> = keys.into_iter().collect();
                let mut others = Others::UNKNOWN;
                for some in keys.chunks(search::AT_ONCE) {
                    self.index_some(some, &mut others).await?;
                }
                Ok(())
            }
        }
    }

    async fn index_all(&self) -> Result<(), StoreError> {
        let (mut after, mut others) = (Some(0), Others::UNKNOWN);
        while let Some(number) = after {
            let step = search::index(&self.store, number, others.look(self)).await?;
            indexed(step.events, &others).await;
            after = step.next;
        }
        Ok(())
    }

    /// Of what another replica has in hand nobody knows whether it saw all: that is looked at again with the next tick.
    async fn index_some(&self, some: &[Key], others: &mut Others) -> Result<(), StoreError> {
        let mut left = search::behind(&self.store, some).await?;
        while !left.is_empty() {
            let looked = search::index_these(&self.store, &left, others.look(self)).await?;
            left = looked.left;
            if looked.is_held {
                left.iter().for_each(|key| self.committer.changed.note(*key));
                return Ok(());
            }
            indexed(looked.events, others).await;
        }
        Ok(())
    }
}

/// Notes it, and leaves the database to others for a while.
async fn indexed(events: usize, others: &Others) {
    metrics::SEARCH_INDEXED.add(u64::try_from(events).unwrap_or(u64::MAX), &[]);
    if !others.are_quiet {
        tokio::time::sleep(BUSY).await;
    }
}

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

/// How long it leaves the database to those who write, while somebody does.
const BUSY: Duration = Duration::from_millis(100);

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
                for some in keys.chunks(search::AT_ONCE) {
                    self.index_some(some).await?;
                }
                Ok(())
            }
        }
    }

    async fn index_all(&self) -> Result<(), StoreError> {
        let mut after = Some(0);
        while let Some(number) = after {
            let step = search::index(&self.store, number).await?;
            self.indexed(step.events).await;
            after = step.next;
        }
        Ok(())
    }

    /// Of what another replica has in hand nobody knows whether it saw all: that is looked at again with the next tick.
    async fn index_some(&self, some: &[Key]) -> Result<(), StoreError> {
        let mut left = search::behind(&self.store, some).await?;
        while !left.is_empty() {
            let looked = search::index_these(&self.store, &left).await?;
            left = looked.left;
            if looked.is_held {
                left.iter().for_each(|key| self.committer.changed.note(*key));
                return Ok(());
            }
            self.indexed(looked.events).await;
        }
        Ok(())
    }

    async fn indexed(&self, events: usize) {
        metrics::SEARCH_INDEXED.add(u64::try_from(events).unwrap_or(u64::MAX), &[]);
        if !self.is_idle() {
            tokio::time::sleep(BUSY).await;
        }
    }
}

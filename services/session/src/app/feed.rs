//! The feed to routing: each shard's rows in order and without a gap, then live.

use super::App;
use crate::store::feed::{self, Row};
use bytes::Bytes;
use onqueue_bus::{Hints, Subject};
use onqueue_model::{Fault, OrganisationId, Shard};
use onqueue_store::StoreError;
use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::Arc,
    time::Duration,
};
use tokio::time::Sleep;

/// How much of a shard is read at once.
const PAGE: u64 = 500;

/// The hint that an organisation's shard has new rows.
pub(crate) fn hint(organisation: OrganisationId) -> Bytes {
    Bytes::copy_from_slice(&[feed::shard(organisation).0])
}

/// An open stream.
pub(crate) struct Feed {
    app: Arc<App>,
    hints: Hints,
    /// The last number that was read of each shard.
    cursors: BTreeMap<Shard, i64>,
    out: VecDeque<Row>,
    /// Shards of which there may be more than was read; each is read in turn.
    behind: VecDeque<Shard>,
    /// Until the next comparison with the heads, whatever happens before.
    comparison: Pin<Box<Sleep>>,
    began: bool,
}

/// One frame.
#[derive(Debug)]
pub(crate) enum Frame {
    Row(Box<Row>),
    Heartbeat,
}

impl App {
    /// Follows these shards, each after a number.
    pub fn follow_feed(self: &Arc<Self>, cursors: BTreeMap<Shard, i64>) -> Feed {
        Feed {
            app: Arc::clone(self),
            hints: self.context.bus.subscribe(Subject::Feed),
            cursors,
            out: VecDeque::new(),
            behind: VecDeque::new(),
            comparison: pause(self),
            began: false,
        }
    }
}

/// About a second, not the same for all.
fn pause(app: &App) -> Pin<Box<Sleep>> {
    let [jitter] = app.context.ids.bytes::<1>();
    let pause = Duration::from_millis(800 + u64::from(jitter) / 2);
    Box::pin(tokio::time::sleep(pause))
}

impl Feed {
    /// The next frame; `None` when the process is to end.
    pub async fn next(&mut self) -> Result<Option<Frame>, Fault> {
        if !std::mem::replace(&mut self.began, true) {
            self.compare().await?;
        }
        loop {
            if let Some(row) = self.out.pop_front() {
                return Ok(Some(Frame::Row(Box::new(row))));
            }
            tokio::select! {
                biased;
                () = self.app.context.tasks.draining() => return Ok(None),
                // Before whatever else there is to do: hints of one shard must not hide that those of another were lost.
                () = &mut self.comparison => {
                    self.compare().await?;
                    if self.behind.is_empty() {
                        return Ok(Some(Frame::Heartbeat));
                    }
                }
                () = std::future::ready(()), if !self.behind.is_empty() => self.read_on().await?,
                hint = self.hints.next() => self.heed(hint.as_deref()).await?,
            }
        }
    }

    async fn heed(&mut self, hint: Option<&[u8]>) -> Result<(), StoreError> {
        match hint {
            Some([shard]) => self.look_at(Shard(*shard)),
            _ => self.compare().await?,
        }
        Ok(())
    }

    fn look_at(&mut self, shard: Shard) {
        if self.cursors.contains_key(&shard) && !self.behind.contains(&shard) {
            self.behind.push_back(shard);
        }
    }

    /// Finds the shards of which there is more than was read.
    async fn compare(&mut self) -> Result<(), StoreError> {
        let shards: Vec<Shard> = self.cursors.keys().copied().collect();
        let heads = feed::heads(&self.app.store, &shards).await?;
        for (shard, last) in heads {
            if self.cursors.get(&shard).is_some_and(|read| *read < last) {
                self.look_at(shard);
            }
        }
        self.comparison = pause(&self.app);
        Ok(())
    }

    /// Reads a page of the shard that has waited longest; one with more than that goes to the end of the line.
    async fn read_on(&mut self) -> Result<(), StoreError> {
        let Some(shard) = self.behind.pop_front() else {
            return Ok(());
        };
        let Some(cursor) = self.cursors.get_mut(&shard) else {
            return Ok(());
        };
        let rows = feed::after(&self.app.store, shard, *cursor, PAGE).await?;
        if u64::try_from(rows.len()).unwrap_or(u64::MAX) == PAGE {
            self.behind.push_back(shard);
        }
        for row in rows {
            if row.number != *cursor + 1 {
                let text = format!("shard {} has no row {} before {}", shard.0, *cursor + 1, row.number);
                return Err(StoreError::Broken(text));
            }
            *cursor = row.number;
            self.out.push_back(row);
        }
        Ok(())
    }
}

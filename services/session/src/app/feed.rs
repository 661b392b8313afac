//! The feed to routing: each shard's rows in order and without a gap, then live.

use super::App;
use crate::store::feed::{self, Row};
use bytes::Bytes;
use onqueue_bus::{Hints, Subject};
use onqueue_model::{Fault, OrganisationId, Shard};
use onqueue_store::StoreError;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

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
    /// What the heads say is there and was not read yet.
    behind: Vec<Shard>,
    began: bool,
}

/// One frame.
#[derive(Debug)]
pub(crate) enum Frame {
    Row(Row),
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
            behind: Vec::new(),
            began: false,
        }
    }
}

impl Feed {
    /// The next frame; `None` when the process is to end.
    pub async fn next(&mut self) -> Result<Option<Frame>, Fault> {
        if !std::mem::replace(&mut self.began, true) {
            self.compare().await?;
        }
        loop {
            if let Some(row) = self.out.pop_front() {
                return Ok(Some(Frame::Row(row)));
            }
            if let Some(shard) = self.behind.pop() {
                self.read(shard).await?;
                continue;
            }
            let context = &self.app.context;
            let [jitter] = context.ids.bytes::<1>();
            let pause = Duration::from_millis(800 + u64::from(jitter) / 2);
            tokio::select! {
                biased;
                () = context.tasks.draining() => return Ok(None),
                hint = self.hints.next() => self.heed(hint.as_deref()).await?,
                () = tokio::time::sleep(pause) => {
                    self.compare().await?;
                    if self.behind.is_empty() {
                        return Ok(Some(Frame::Heartbeat));
                    }
                }
            }
        }
    }

    async fn heed(&mut self, hint: Option<&[u8]>) -> Result<(), StoreError> {
        match hint {
            Some([shard]) if self.cursors.contains_key(&Shard(*shard)) => self.behind.push(Shard(*shard)),
            Some([_]) => {}
            _ => self.compare().await?,
        }
        Ok(())
    }

    /// Finds the shards of which there is more than was read.
    async fn compare(&mut self) -> Result<(), StoreError> {
        let shards: Vec<Shard> = self.cursors.keys().copied().collect();
        let heads = feed::heads(&self.app.store, &shards).await?;
        let is_behind = |(shard, last): &(Shard, i64)| self.cursors.get(shard).is_some_and(|read| read < last);
        self.behind = heads
            .iter()
            .filter(|head| is_behind(head))
            .map(|(shard, _)| *shard)
            .collect();
        Ok(())
    }

    async fn read(&mut self, shard: Shard) -> Result<(), StoreError> {
        let Some(cursor) = self.cursors.get_mut(&shard) else {
            return Ok(());
        };
        let rows = feed::after(&self.app.store, shard, *cursor, PAGE).await?;
        if u64::try_from(rows.len()).unwrap_or(u64::MAX) == PAGE {
            self.behind.push(shard);
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

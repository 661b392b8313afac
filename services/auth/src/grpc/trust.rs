//! TrustService.

use futures::stream::{self, BoxStream, StreamExt as _};
use onqueue_model::Timestamp;
use onqueue_proto::{
    auth::v1::{TrustBundle, WatchTrustRequest, WatchTrustResponse, trust_service_server::TrustService},
    timestamp,
};
use onqueue_server::{Context, service_caller, status};
use onqueue_trust::{Installed, Trust, parts};
use std::collections::VecDeque;
use tokio::sync::watch;
use tonic::{Request, Response, Status};

/// Its handlers.
pub struct TrustHandlers(Context);

impl TrustHandlers {
    /// Over what this process reads of the trust tables.
    pub const fn new(context: Context) -> Self {
        Self(context)
    }
}

#[async_trait::async_trait]
impl TrustService for TrustHandlers {
    type WatchTrustStream = BoxStream<'static, Result<WatchTrustResponse, Status>>;

    /// The process reads the tables every 2 seconds and on hints; each reading becomes a frame. When the database cannot
    /// be read there are none, and the gateway gets stale as everybody else does.
    async fn watch_trust(
        &self,
        request: Request<WatchTrustRequest>,
    ) -> Result<Response<Self::WatchTrustStream>, Status> {
        service_caller(&request).map_err(status)?;
        let frames = stream::unfold(Follower::new(&self.0.trust), |mut follower| async move {
            follower.next().await.map(|frame| (Ok(frame), follower))
        });
        let drain = self.0.tasks.drain_token().clone();
        Ok(Response::new(frames.take_until(drain.cancelled_owned()).boxed()))
    }
}

/// What one stream has sent.
struct Follower {
    trust: Trust,
    reads: watch::Receiver<Option<Timestamp>>,
    sent: Option<Installed>,
    /// The rest of a bundle that takes several frames.
    waiting: VecDeque<WatchTrustResponse>,
}

impl Follower {
    fn new(trust: &Trust) -> Self {
        let mut reads = trust.reads();
        reads.mark_changed();
        Self {
            trust: trust.clone(),
            reads,
            sent: None,
            waiting: VecDeque::new(),
        }
    }

    /// A frame for each reading, or several with what has changed.
    async fn next(&mut self) -> Option<WatchTrustResponse> {
        if let Some(frame) = self.waiting.pop_front() {
            return Some(frame);
        }
        loop {
            self.reads.changed().await.ok()?;
            // The time before the bundle: so a bundle may be newer than the time sent with it, never older.
            let Some(read_at) = *self.reads.borrow_and_update() else {
                continue;
            };
            self.waiting = frames(self.news(), read_at);
            return self.waiting.pop_front();
        }
    }

    /// Everything at first, then what has changed.
    fn news(&mut self) -> Option<TrustBundle> {
        let installed = self.trust.installed();
        let news = match &self.sent {
            None => Some(TrustBundle::from(&installed.bundle())),
            Some(sent) => installed.change_since(sent).map(|change| TrustBundle::from(&change)),
        };
        self.sent = Some(installed);
        news
    }
}

fn frames(news: Option<TrustBundle>, read_at: Timestamp) -> VecDeque<WatchTrustResponse> {
    let frame = |bundle, more| WatchTrustResponse {
        bundle,
        read_at: Some(timestamp(read_at)),
        more,
    };
    let Some(news) = news else {
        return [frame(None, false)].into();
    };
    let parts = parts(news);
    let last = parts.len() - 1;
    let parts = parts.into_iter().enumerate();
    parts.map(|(place, part)| frame(Some(part), place < last)).collect()
}

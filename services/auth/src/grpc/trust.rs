//! TrustService.

use futures::stream::{self, BoxStream, StreamExt as _};
use onqueue_model::Timestamp;
use onqueue_proto::{
    auth::v1::{TrustBundle, WatchTrustRequest, WatchTrustResponse, trust_service_server::TrustService},
    timestamp,
};
use onqueue_server::{Context, service_caller, status};
use onqueue_trust::Trust;
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
    changes: watch::Receiver<i64>,
    reads: watch::Receiver<Option<Timestamp>>,
}

impl Follower {
    fn new(trust: &Trust) -> Self {
        let (mut changes, mut reads) = (trust.changes(), trust.reads());
        changes.mark_changed();
        reads.mark_changed();
        Self {
            trust: trust.clone(),
            changes,
            reads,
        }
    }

    /// One frame for each reading, with the bundle if that has changed.
    async fn next(&mut self) -> Option<WatchTrustResponse> {
        loop {
            self.reads.changed().await.ok()?;
            // The time before the bundle: so a bundle may be newer than the time sent with it, never older.
            let Some(read_at) = *self.reads.borrow_and_update() else {
                continue;
            };
            return Some(WatchTrustResponse {
                bundle: self.changed_bundle(),
                read_at: Some(timestamp(read_at)),
            });
        }
    }

    fn changed_bundle(&mut self) -> Option<TrustBundle> {
        if !self.changes.has_changed().unwrap_or(false) {
            return None;
        }
        self.changes.mark_unchanged();
        Some(TrustBundle::from(&self.trust.bundle()))
    }
}

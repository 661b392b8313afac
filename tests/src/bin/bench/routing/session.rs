//! As much of session as routing sees: a feed of what began and ended, and somebody to report to, who takes everything. Rows
//! are committed when they are here: what is measured begins at that moment.

use super::centre::Chat;
use super::ours::{conversation, id, organisation};
use futures::{Stream, StreamExt as _, stream};
use onqueue_model::Timestamp;
use onqueue_proto::session::v1::{
    self as proto,
    feed_row::Fact,
    feed_service_server::{FeedService, FeedServiceServer},
    routing_facts_service_server::{RoutingFactsService, RoutingFactsServiceServer},
};
use onqueue_server::{Bound, Clock, Context, InProcess, as_peer, layered};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

/// The organisation's shard, as far as this session is concerned.
const SHARD: i32 = 0;

/// Clones are one session.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    rows: Mutex<Vec<proto::FeedRow>>,
    fed: watch::Sender<usize>,
    clock: Clock,
}

impl Session {
    /// Nothing has happened yet.
    pub fn new(clock: &Clock) -> Self {
        Self(Arc::new(Inner {
            rows: Mutex::default(),
            fed: watch::channel(0).0,
            clock: clock.clone(),
        }))
    }

    /// As routing calls it.
    pub fn serve(&self, context: &Context) -> InProcess {
        let routes = tonic::service::Routes::new(FeedServiceServer::new(self.clone()))
            .add_service(RoutingFactsServiceServer::new(self.clone()));
        let name = "session";
        as_peer(layered(Bound { name, routes }, context), "routing")
    }

    /// The chat wants an agent.
    pub fn open(&self, chat: &Chat) {
        let opened = proto::ConversationOpened {
            queue_id: id::<()>("queue", chat.queue).to_string(),
            language: "en".to_owned(),
            skill_ids: chat
                .skills
                .iter()
                .map(|skill| id::<()>("skill", *skill).to_string())
                .collect(),
            guest_name: "Guest".to_owned(),
            topic: "Bench".to_owned(),
            ..proto::ConversationOpened::default()
        };
        self.feed(chat.number, Fact::Opened(opened));
    }

    /// The chat needs nobody any more.
    pub fn end(&self, chat: usize) {
        let reason = "guest_left".to_owned();
        self.feed(chat, Fact::Ended(proto::ConversationEnded { reason }));
    }

    fn feed(&self, chat: usize, fact: Fact) {
        let now: Timestamp = self.0.clock.now();
        let mut rows = self.0.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let number = i64::try_from(rows.len()).unwrap_or(i64::MAX) + 1;
        rows.push(proto::FeedRow {
            shard: SHARD,
            number,
            organisation_id: organisation().to_string(),
            conversation_id: conversation(chat).to_string(),
            opening: 1,
            at: Some(onqueue_proto::timestamp(now)),
            fact: Some(fact),
            ..proto::FeedRow::default()
        });
        let count = rows.len();
        drop(rows);
        self.0.fed.send_replace(count);
    }

    /// What came after that many, as soon as there is any; a heartbeat if there is none for a second.
    async fn after(&self, count: usize) -> Vec<proto::FeedResponse> {
        let mut fed = self.0.fed.subscribe();
        let news = tokio::time::timeout(Duration::from_secs(1), fed.wait_for(|rows| *rows > count));
        if news.await.is_err() {
            return vec![proto::FeedResponse { row: None }];
        }
        let rows = self.0.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let frame = |row: &proto::FeedRow| proto::FeedResponse { row: Some(row.clone()) };
        rows[count..].iter().map(frame).collect()
    }
}

type Frames = Pin<Box<dyn Stream<Item = Result<proto::FeedResponse, Status>> + Send>>;

#[tonic::async_trait]
impl FeedService for Session {
    type FeedStream = Frames;

    async fn feed(&self, request: Request<proto::FeedRequest>) -> Result<Response<Frames>, Status> {
        let cursors = request.into_inner().shards;
        let cursor = cursors.iter().find(|cursor| cursor.shard == SHARD);
        let read = cursor
            .and_then(|cursor| usize::try_from(cursor.after).ok())
            .unwrap_or(0);
        let batches = stream::unfold((self.clone(), read), |(session, read)| async move {
            let frames = session.after(read).await;
            let more = frames.iter().filter(|frame| frame.row.is_some()).count();
            Some((stream::iter(frames), (session, read + more)))
        });
        Ok(Response::new(Box::pin(batches.flatten().map(Ok))))
    }
}

#[tonic::async_trait]
impl RoutingFactsService for Session {
    async fn report(&self, _: Request<proto::ReportRequest>) -> Result<Response<proto::ReportResponse>, Status> {
        Ok(Response::new(proto::ReportResponse { recorded: true }))
    }

    async fn report_all(
        &self,
        request: Request<proto::ReportAllRequest>,
    ) -> Result<Response<proto::ReportAllResponse>, Status> {
        let recorded = proto::ReportOutcome {
            recorded: true,
            ..proto::ReportOutcome::default()
        };
        let outcomes = vec![recorded; request.into_inner().reports.len()];
        Ok(Response::new(proto::ReportAllResponse { outcomes }))
    }

    async fn put_queue_policy(
        &self,
        _: Request<proto::PutQueuePolicyRequest>,
    ) -> Result<Response<proto::PutQueuePolicyResponse>, Status> {
        Ok(Response::new(proto::PutQueuePolicyResponse {}))
    }
}

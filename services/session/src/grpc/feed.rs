//! FeedService.

use super::{Api, Frames};
use crate::app::feed::Frame;
use crate::store::feed::{Fact, Row};
use onqueue_chat::ConversationKind;
use onqueue_model::{Fault, Shard};
use onqueue_proto::{
    session::v1::{
        ConversationEnded, ConversationOpened, FeedRequest, FeedResponse, FeedRow, InactivityTransfer, feed_row,
        feed_service_server::FeedService,
    },
    timestamp,
};
use onqueue_server::{paced, service_caller, status};
use std::collections::BTreeMap;
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl FeedService for Api {
    type FeedStream = Frames<FeedResponse>;

    async fn feed(&self, request: Request<FeedRequest>) -> Result<Response<Self::FeedStream>, Status> {
        service_caller(&request).map_err(status)?;
        let feed = self.0.follow_feed(cursors(request.get_ref()).map_err(status)?);
        let frames = futures::stream::try_unfold(feed, |mut feed| async move {
            let frame = feed.next().await.map_err(status)?;
            Ok(frame.map(|frame| (encode(frame), feed)))
        });
        Ok(Response::new(paced(frames)))
    }
}

fn cursors(request: &FeedRequest) -> Result<BTreeMap<Shard, i64>, Fault> {
    let cursor = |cursor: &onqueue_proto::session::v1::ShardCursor| {
        let shard = u8::try_from(cursor.shard).map_err(|_| Fault::field("shards", "shards are 0 to 255"))?;
        Ok((Shard(shard), cursor.after))
    };
    request.shards.iter().map(cursor).collect()
}

fn encode(frame: Frame) -> FeedResponse {
    match frame {
        Frame::Heartbeat => FeedResponse { row: None },
        Frame::Row(row) => FeedResponse {
            row: Some(encode_row(*row)),
        },
    }
}

fn encode_row(row: Row) -> FeedRow {
    FeedRow {
        shard: i32::from(row.shard.0),
        number: row.number,
        organisation_id: row.organisation.to_string(),
        conversation_id: row.conversation.to_string(),
        opening: i64::from(row.opening),
        at: Some(timestamp(row.at)),
        traceparent: row.traceparent.unwrap_or_default(),
        fact: Some(fact(row.fact)),
    }
}

fn fact(fact: Fact) -> feed_row::Fact {
    match fact {
        Fact::Opened {
            queue,
            language,
            skills,
            priority,
            guest_name,
            topic,
            kind,
            last_agent,
        } => feed_row::Fact::Opened(ConversationOpened {
            queue_id: queue.to_string(),
            language: language.unwrap_or_default(),
            skill_ids: skills.iter().map(ToString::to_string).collect(),
            priority,
            guest_name,
            topic,
            medium: medium(kind).to_owned(),
            last_agent_user_id: last_agent.map(|agent| agent.to_string()).unwrap_or_default(),
            ..ConversationOpened::default()
        }),
        Fact::Silent { queue } => feed_row::Fact::InactivityTransfer(InactivityTransfer {
            queue_id: queue.to_string(),
        }),
        Fact::Ended { reason } => feed_row::Fact::Ended(ConversationEnded {
            reason: reason.as_str().to_owned(),
        }),
    }
}

/// What kind of work it is; rows that say nothing are of chats.
const fn medium(kind: Option<ConversationKind>) -> &'static str {
    match kind {
        Some(ConversationKind::Messaging) => "message",
        Some(ConversationKind::Chat) | None => "chat",
    }
}

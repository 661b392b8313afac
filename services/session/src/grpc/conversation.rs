//! ConversationService.

use super::{Api, Frames, decode, encode, supervision};
use crate::app::{
    access::Viewer,
    following::{self, Following},
    mine::Mine,
    open_stream::Farewell,
    watch::{self, Watch},
};
use crate::store::{
    conversations::{self, Filter},
    policies,
};
use onqueue_chat::{Class, ClientMessageId, Text};
use onqueue_model::{ConversationId, Fault, Reason, Timestamp, permissions};
use onqueue_proto::{
    session::v1::{
        self as proto, EndConversationRequest, EndConversationResponse, GetConversationRequest,
        GetConversationResponse, LeaveConversationRequest, LeaveConversationResponse, ListConversationsRequest,
        ListConversationsResponse, ResumeConversationRequest, ResumeConversationResponse, SendMessageRequest,
        SendMessageResponse, SendTypingRequest, SendTypingResponse, StartConversationRequest,
        StartConversationResponse, WatchMineRequest, WatchMineResponse, WatchRequest, WatchResponse,
        conversation_service_server::ConversationService, watch_mine_response, watch_response,
    },
    timestamp,
};
use onqueue_server::{caller, paced, status};
use onqueue_store::{decode_token, encode_token};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl ConversationService for Api {
    async fn start_conversation(
        &self,
        request: Request<StartConversationRequest>,
    ) -> Result<Response<StartConversationResponse>, Status> {
        let wish = decode::wish(request.get_ref(), request.metadata()).map_err(status)?;
        let started = self.0.start(wish).await.map_err(status)?;
        Ok(Response::new(StartConversationResponse {
            participant_id: started.seen.conversation.head.guest.to_string(),
            conversation: Some(encode::conversation(&started.seen)),
            tokens: Some(encode::tokens(started.tokens)),
        }))
    }

    async fn resume_conversation(
        &self,
        request: Request<ResumeConversationRequest>,
    ) -> Result<Response<ResumeConversationResponse>, Status> {
        let (guest, tokens) = self.0.resume(&request.get_ref().resume_token).await.map_err(status)?;
        let seen = self.0.as_guest(guest.key()).await.map_err(status)?;
        Ok(Response::new(ResumeConversationResponse {
            conversation: Some(encode::conversation(&seen)),
            tokens: Some(encode::tokens(tokens)),
            participant_id: guest.participant.to_string(),
        }))
    }

    async fn get_conversation(
        &self,
        request: Request<GetConversationRequest>,
    ) -> Result<Response<GetConversationResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = decode::id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        let seen = self
            .0
            .see(&caller, id, permissions::COMMUNICATION_VIEW)
            .await
            .map_err(status)?;
        let conversation = Some(self.supervised(&seen).await.map_err(status)?);
        Ok(Response::new(GetConversationResponse { conversation }))
    }

    async fn list_conversations(
        &self,
        request: Request<ListConversationsRequest>,
    ) -> Result<Response<ListConversationsResponse>, Status> {
        self.list(&request).await.map(Response::new).map_err(status)
    }

    async fn send_message(
        &self,
        request: Request<SendMessageRequest>,
    ) -> Result<Response<SendMessageResponse>, Status> {
        self.send(&request).await.map(Response::new).map_err(status)
    }

    async fn send_typing(&self, request: Request<SendTypingRequest>) -> Result<Response<SendTypingResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let message = request.get_ref();
        let id = decode::id("conversation_id", &message.conversation_id).map_err(status)?;
        self.0.typing(&caller, id, message.typing).await.map_err(status)?;
        Ok(Response::new(SendTypingResponse {}))
    }

    type WatchStream = Frames<WatchResponse>;

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let caller = caller(&request).map_err(status)?;
        let message = request.get_ref();
        let id = decode::id("conversation_id", &message.conversation_id).map_err(status)?;
        let watch = self.0.watch(&caller, id, &message.cursor).await.map_err(status)?;
        let frames = futures::stream::try_unfold(watch, |mut watch| async move {
            let frame = watch.next().await.map_err(status)?;
            Ok(frame.map(|frame| (watch_frame(&watch, &frame), watch)))
        });
        Ok(Response::new(paced(frames)))
    }

    type WatchMineStream = Frames<WatchMineResponse>;

    async fn watch_mine(&self, request: Request<WatchMineRequest>) -> Result<Response<Self::WatchMineStream>, Status> {
        let caller = caller(&request).map_err(status)?;
        let for_users = || {
            Fault::new(
                Reason::CallerNotAllowed,
                "this is for users who logged in, not for guests",
            )
        };
        let user = caller.user().ok_or_else(for_users).map_err(status)?;
        let mine = self.0.watch_mine(&caller, user);
        let frames = futures::stream::try_unfold(mine, |mut mine| async move {
            let frame = mine.next().await.map_err(status)?;
            Ok(frame.map(|frame| (mine_frame(&mine, frame), mine)))
        });
        Ok(Response::new(paced(frames)))
    }

    async fn leave_conversation(
        &self,
        request: Request<LeaveConversationRequest>,
    ) -> Result<Response<LeaveConversationResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = decode::id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        self.0.leave_conversation(&caller, id).await.map_err(status)?;
        Ok(Response::new(LeaveConversationResponse {}))
    }

    async fn set_attributes(
        &self,
        request: Request<proto::SetAttributesRequest>,
    ) -> Result<Response<proto::SetAttributesResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let request = request.into_inner();
        let id = decode::id("conversation_id", &request.conversation_id).map_err(status)?;
        let changes = decode::changes(request).map_err(status)?;
        let seen = self.0.set_attributes(&caller, id, changes).await.map_err(status)?;
        Ok(Response::new(proto::SetAttributesResponse {
            conversation: Some(encode::conversation(&seen)),
        }))
    }

    async fn end_conversation(
        &self,
        request: Request<EndConversationRequest>,
    ) -> Result<Response<EndConversationResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = decode::id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        let seen = self.0.end(&caller, id).await.map_err(status)?;
        Ok(Response::new(EndConversationResponse {
            conversation: Some(encode::conversation(&seen)),
        }))
    }
}

impl Api {
    async fn send(&self, request: &Request<SendMessageRequest>) -> Result<SendMessageResponse, Fault> {
        let (caller, message) = (caller(request)?, request.get_ref());
        let id = decode::id("conversation_id", &message.conversation_id)?;
        let key = ClientMessageId::parse(&message.client_message_id)?;
        let text = Text::parse(&message.text)?;
        let sent = self.0.send(&caller, id, key, text).await?;
        Ok(SendMessageResponse {
            sequence: sent.place,
            at: Some(timestamp(sent.event.at)),
            event_id: sent.event.id.to_string(),
        })
    }

    async fn list(&self, request: &Request<ListConversationsRequest>) -> Result<ListConversationsResponse, Fault> {
        let (caller, message) = (caller(request)?, request.get_ref());
        let limit = decode::page_size(message.page_size, 50, 200)?;
        let divisions = self.0.context.trust.divisions(&caller, permissions::COMMUNICATION_VIEW);
        let mut queues = policies::queues_in(&self.0.store, caller.organisation, &divisions).await?;
        if !message.queue_id.is_empty() {
            let only = decode::id("queue_id", &message.queue_id)?;
            queues.retain(|queue| *queue == only);
        }
        let filter = Filter {
            queues,
            state: state(message.state)?,
            before: decode_token::<ConversationId>(&message.page_token)?,
            limit: limit + 1,
        };
        let mut found = conversations::list(&self.0.store, caller.organisation, &filter).await?;
        let more = found.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let last = found.last().filter(|_| more).map(|last| last.head.conversation);
        let viewer = Viewer {
            class: Class::Supervisor,
            participant: None,
        };
        let mut conversations = Vec::with_capacity(found.len());
        for one in found {
            conversations.push(encode::conversation(&self.0.with_policy(one, viewer).await?));
        }
        Ok(ListConversationsResponse {
            conversations,
            next_page_token: last.map(|last| encode_token(&last)).unwrap_or_default(),
        })
    }
}

/// As the database numbers it; `None` for any.
fn state(number: i32) -> Result<Option<i16>, Fault> {
    match proto::ConversationState::try_from(number) {
        Ok(proto::ConversationState::Unspecified) => Ok(None),
        Ok(state) => Ok(i16::try_from(i32::from(state)).ok()),
        Err(_) => Err(Fault::field("state", "state must be one of ConversationState")),
    }
}

fn watch_frame(watch: &Watch, frame: &watch::Frame) -> WatchResponse {
    use watch_response::Frame as To;
    let frame = match frame {
        watch::Frame::Event(line) => encode::event(&line.event, watch.viewer()).map(To::Event),
        watch::Frame::Typing { participant, typing } => Some(To::Typing(proto::Typing {
            participant_id: participant.to_string(),
            typing: *typing,
        })),
        watch::Frame::Presence(away_since) => Some(To::GuestPresence(proto::GuestPresence {
            away_since: away_since.map(timestamp),
        })),
        watch::Frame::Supervision(supervisors) => Some(To::Supervision(proto::Supervision {
            supervisors: supervisors.iter().cloned().map(supervision::supervisor).collect(),
        })),
        watch::Frame::Heartbeat(at) => Some(To::Heartbeat(heartbeat(*at))),
        watch::Frame::Goodbye(farewell) => Some(To::Goodbye(goodbye(*farewell))),
    };
    WatchResponse {
        frame,
        cursor: watch.cursor(),
    }
}

fn mine_frame(mine: &Following<Mine>, frame: following::Frame<Mine>) -> WatchMineResponse {
    use following::Frame;
    use watch_mine_response::Frame as To;
    let frame = match frame {
        Frame::Added(seen) => To::Added(proto::MineAdded {
            conversation: Some(encode::conversation(&seen)),
            cursor: mine.set().beginning(seen.viewer.class),
        }),
        Frame::Removed(id) => To::Removed(proto::MineRemoved {
            conversation_id: id.to_string(),
        }),
        Frame::CaughtUp => To::CaughtUp(proto::MineCaughtUp {}),
        Frame::Heartbeat(at) => To::Heartbeat(heartbeat(at)),
        Frame::Goodbye(farewell) => To::Goodbye(goodbye(farewell)),
    };
    WatchMineResponse { frame: Some(frame) }
}

pub(super) fn heartbeat(at: Timestamp) -> proto::Heartbeat {
    proto::Heartbeat {
        at: Some(timestamp(at)),
    }
}

pub(super) fn goodbye(farewell: Farewell) -> proto::Goodbye {
    proto::Goodbye {
        reason: farewell.as_str().to_owned(),
    }
}

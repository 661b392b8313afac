//! SupervisionService.

use super::{Api, decode, encode};
use crate::app::access::Seen;
use crate::store::supervisors::{Mode, Supervisor};
use onqueue_chat::{ClientMessageId, Text};
use onqueue_model::Fault;
use onqueue_proto::{
    session::v1::{
        self as proto, BargeInRequest, BargeInResponse, CoachRequest, CoachResponse, MonitorRequest, MonitorResponse,
        SendSideMessageRequest, SendSideMessageResponse, supervision_service_server::SupervisionService,
    },
    timestamp,
};
use onqueue_server::{caller, status};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl SupervisionService for Api {
    async fn monitor(&self, request: Request<MonitorRequest>) -> Result<Response<MonitorResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = decode::id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        let seen = self.0.supervise(&caller, id, Mode::Monitor).await.map_err(status)?;
        let conversation = Some(self.supervised(&seen).await.map_err(status)?);
        Ok(Response::new(MonitorResponse { conversation }))
    }

    async fn coach(&self, request: Request<CoachRequest>) -> Result<Response<CoachResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = decode::id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        let seen = self.0.supervise(&caller, id, Mode::Coach).await.map_err(status)?;
        let conversation = Some(self.supervised(&seen).await.map_err(status)?);
        Ok(Response::new(CoachResponse { conversation }))
    }

    async fn barge_in(&self, request: Request<BargeInRequest>) -> Result<Response<BargeInResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = decode::id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        let seen = self.0.barge_in(&caller, id).await.map_err(status)?;
        let conversation = Some(self.supervised(&seen).await.map_err(status)?);
        Ok(Response::new(BargeInResponse { conversation }))
    }

    async fn send_side_message(
        &self,
        request: Request<SendSideMessageRequest>,
    ) -> Result<Response<SendSideMessageResponse>, Status> {
        self.side_message(&request).await.map(Response::new).map_err(status)
    }
}

impl Api {
    async fn side_message(&self, request: &Request<SendSideMessageRequest>) -> Result<SendSideMessageResponse, Fault> {
        let (caller, message) = (caller(request)?, request.get_ref());
        let id = decode::id("conversation_id", &message.conversation_id)?;
        let key = ClientMessageId::parse(&message.client_message_id)?;
        let text = Text::parse(&message.text)?;
        let sent = self.0.whisper(&caller, id, (key, text)).await?;
        Ok(SendSideMessageResponse {
            sequence: sent.place,
            at: Some(timestamp(sent.event.at)),
            event_id: sent.event.id.to_string(),
        })
    }

    /// The conversation with those who supervise it, as far as its viewer may know.
    pub(super) async fn supervised(&self, seen: &Seen) -> Result<proto::Conversation, Fault> {
        let supervisors = self.0.supervisors_seen(seen).await?;
        Ok(proto::Conversation {
            supervisors: supervisors.into_iter().map(supervisor).collect(),
            ..encode::conversation(seen)
        })
    }
}

pub(super) fn supervisor(one: Supervisor) -> proto::Supervisor {
    proto::Supervisor {
        user_id: one.user.to_string(),
        name: one.name,
        participant_id: one.participant.to_string(),
        mode: mode(one.mode).into(),
        since: Some(timestamp(one.since)),
    }
}

const fn mode(mode: Mode) -> proto::SupervisionMode {
    match mode {
        Mode::Monitor => proto::SupervisionMode::Monitor,
        Mode::Coach => proto::SupervisionMode::Coach,
        Mode::Help => proto::SupervisionMode::Help,
    }
}

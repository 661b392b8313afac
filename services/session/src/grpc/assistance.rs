//! AssistanceService.

use super::{
    Api, Frames,
    conversation::{goodbye, heartbeat},
    decode,
};
use crate::app::{
    assistance::{Ask, Assistance, Which},
    following,
    requests::Requests,
};
use crate::store::assistance::State;
use onqueue_chat::Text;
use onqueue_model::{AssistanceId, ConversationId, Fault, Timestamp};
use onqueue_proto::{
    session::v1::{
        self as proto, CloseAssistanceRequest, CloseAssistanceResponse, ListAssistanceRequest, ListAssistanceResponse,
        RequestAssistanceRequest, RequestAssistanceResponse, TakeAssistanceRequest, TakeAssistanceResponse,
        WatchRequestsRequest, WatchRequestsResponse, assistance_service_server::AssistanceService,
        watch_requests_response::Frame,
    },
    timestamp,
};
use onqueue_server::{caller, paced, resource, status};
use onqueue_store::{decode_token, encode_token};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl AssistanceService for Api {
    async fn request_assistance(
        &self,
        request: Request<RequestAssistanceRequest>,
    ) -> Result<Response<RequestAssistanceResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let ask = ask(request.get_ref()).map_err(status)?;
        let asked = self.0.ask_for_help(&caller, ask).await.map_err(status)?;
        let assistance = Some(encoded(asked));
        Ok(Response::new(RequestAssistanceResponse { assistance }))
    }

    async fn take_assistance(
        &self,
        request: Request<TakeAssistanceRequest>,
    ) -> Result<Response<TakeAssistanceResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = decode::id("assistance_id", &request.get_ref().assistance_id).map_err(status)?;
        let taken = self.0.take_request(&caller, id).await.map_err(status)?;
        let assistance = Some(encoded(taken));
        Ok(Response::new(TakeAssistanceResponse { assistance }))
    }

    async fn close_assistance(
        &self,
        request: Request<CloseAssistanceRequest>,
    ) -> Result<Response<CloseAssistanceResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = decode::id("assistance_id", &request.get_ref().assistance_id).map_err(status)?;
        let closed = self.0.close_request(&caller, id).await.map_err(status)?;
        let assistance = Some(encoded(closed));
        Ok(Response::new(CloseAssistanceResponse { assistance }))
    }

    async fn list_assistance(
        &self,
        request: Request<ListAssistanceRequest>,
    ) -> Result<Response<ListAssistanceResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let which = which(request.get_ref()).map_err(status)?;
        let page = self.0.list_requests(&caller, which).await.map_err(status)?;
        let place = |(at, id): &(Timestamp, AssistanceId)| encode_token(&(at.millis(), *id));
        Ok(Response::new(ListAssistanceResponse {
            next_page_token: page.next.as_ref().map(place).unwrap_or_default(),
            assistance: page.items.into_iter().map(encoded).collect(),
        }))
    }

    type WatchRequestsStream = Frames<WatchRequestsResponse>;

    async fn watch_requests(
        &self,
        request: Request<WatchRequestsRequest>,
    ) -> Result<Response<Self::WatchRequestsStream>, Status> {
        let caller = caller(&request).map_err(status)?;
        let requests = self.0.watch_requests(&caller);
        let frames = futures::stream::try_unfold(requests, |mut requests| async move {
            let frame = requests.next().await.map_err(status)?;
            Ok(frame.map(|frame| (encoded_frame(frame), requests)))
        });
        Ok(Response::new(paced(frames)))
    }
}

fn ask(request: &RequestAssistanceRequest) -> Result<Ask, Fault> {
    Ok(Ask {
        request: decode::uuid("request_id", &request.request_id)?,
        conversation: decode::id("conversation_id", &request.conversation_id)?,
        text: Text::parse(&request.text)?,
    })
}

fn which(request: &ListAssistanceRequest) -> Result<Which, Fault> {
    let state = match proto::AssistanceState::try_from(request.state) {
        Ok(proto::AssistanceState::Unspecified) => None,
        Ok(proto::AssistanceState::Open) => Some(State::Open),
        Ok(proto::AssistanceState::Taken) => Some(State::Taken),
        Ok(proto::AssistanceState::Closed) => Some(State::Closed),
        Err(_) => return Err(Fault::field("state", "state must be one of AssistanceState")),
    };
    let conversation: Option<ConversationId> = resource::optional_id("conversation_id", &request.conversation_id)?;
    let before = decode_token::<(i64, AssistanceId)>(&request.page_token)?;
    Ok(Which {
        state,
        conversation,
        before: before.map(|(at, id)| (Timestamp(at), id)),
        size: resource::page_size(request.page_size)?,
    })
}

fn encoded(one: Assistance) -> proto::Assistance {
    let waiting_ms = i64::try_from(one.waiting().as_millis()).unwrap_or(i64::MAX);
    let Assistance {
        request,
        asked,
        queue_name,
        ..
    } = one;
    let taken_at = request.taken.as_ref().map(|taken| timestamp(taken.at));
    let (taken_by_user_id, taken_by_name) = request
        .taken
        .map(|taken| (taken.user.to_string(), taken.name))
        .unwrap_or_default();
    let closed_at = request.closed.as_ref().map(|(at, _)| timestamp(*at));
    proto::Assistance {
        assistance_id: request.id.to_string(),
        conversation_id: request.conversation.to_string(),
        queue_id: request.queue.to_string(),
        queue_name,
        state: state(request.state).into(),
        text: asked.text,
        requested_by_user_id: asked.user.map(|user| user.to_string()).unwrap_or_default(),
        requested_by_name: asked.name,
        requested_at: Some(timestamp(request.asked_at)),
        taken_by_user_id,
        taken_by_name,
        taken_at,
        closed_at,
        closed_how: request.closed.map(|(_, how)| how).unwrap_or_default(),
        waiting_ms,
    }
}

const fn state(state: State) -> proto::AssistanceState {
    match state {
        State::Open => proto::AssistanceState::Open,
        State::Taken => proto::AssistanceState::Taken,
        State::Closed => proto::AssistanceState::Closed,
    }
}

fn encoded_frame(frame: following::Frame<Requests>) -> WatchRequestsResponse {
    let frame = match frame {
        following::Frame::Added(one) => Frame::Opened(encoded(*one)),
        following::Frame::Removed(id) => Frame::Gone(proto::AssistanceGone {
            assistance_id: id.to_string(),
        }),
        following::Frame::CaughtUp => Frame::CaughtUp(proto::WatchRequestsCaughtUp {}),
        following::Frame::Heartbeat(at) => Frame::Heartbeat(heartbeat(at)),
        following::Frame::Goodbye(farewell) => Frame::Goodbye(goodbye(farewell)),
    };
    WatchRequestsResponse { frame: Some(frame) }
}

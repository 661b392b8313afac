//! AgentService.

use super::encode;
use crate::app::{Next, Routing, Watch};
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use onqueue_model::Fault;
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::agent_service_server::AgentService;
use onqueue_server::{
    caller,
    resource::{id, optional_id, page_size},
    status,
};
use onqueue_store::{decode_token, encode_token};
use tonic::{Request, Response, Status};

/// How many characters of notes there are at most.
const NOTES: usize = 2_000;

/// The rpcs.
pub struct Rpcs(pub Routing);

type Frames = BoxStream<'static, Result<proto::WatchMeResponse, Status>>;

#[tonic::async_trait]
impl AgentService for Rpcs {
    type WatchMeStream = Frames;

    async fn go_on_queue(
        &self,
        request: Request<proto::GoOnQueueRequest>,
    ) -> Result<Response<proto::GoOnQueueResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let agent = self.0.go_on_queue(&caller).await.map_err(status)?;
        let agent = Some(encode::agent(agent));
        Ok(Response::new(proto::GoOnQueueResponse { agent }))
    }

    async fn go_off_queue(
        &self,
        request: Request<proto::GoOffQueueRequest>,
    ) -> Result<Response<proto::GoOffQueueResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let agent = self.0.go_off_queue(&caller).await.map_err(status)?;
        let agent = Some(encode::agent(agent));
        Ok(Response::new(proto::GoOffQueueResponse { agent }))
    }

    async fn get_agent(
        &self,
        request: Request<proto::GetAgentRequest>,
    ) -> Result<Response<proto::GetAgentResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let wanted = optional_id("user_id", &request.get_ref().user_id).map_err(status)?;
        let agent = self.0.get_agent(&caller, wanted).await.map_err(status)?;
        let agent = Some(encode::agent(agent));
        Ok(Response::new(proto::GetAgentResponse { agent }))
    }

    async fn list_agents(
        &self,
        request: Request<proto::ListAgentsRequest>,
    ) -> Result<Response<proto::ListAgentsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let size = page_size(asked.page_size).map_err(status)?;
        let after = decode_token(&asked.page_token).map_err(status)?;
        let queue = optional_id("queue_id", &asked.queue_id).map_err(status)?;
        let page = self.0.list_agents(&caller, queue, after, size).await.map_err(status)?;
        Ok(Response::new(proto::ListAgentsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            agents: page.items.into_iter().map(encode::agent).collect(),
        }))
    }

    async fn complete_wrap_up(
        &self,
        request: Request<proto::CompleteWrapUpRequest>,
    ) -> Result<Response<proto::CompleteWrapUpResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let conversation = id("conversation_id", &asked.conversation_id).map_err(status)?;
        let code = optional_id("wrap_up_code_id", &asked.wrap_up_code_id).map_err(status)?;
        let said = (code, notes(&asked.notes).map_err(status)?);
        let agent = self.0.complete_wrap_up(&caller, conversation, said).await;
        let agent = Some(encode::agent(agent.map_err(status)?));
        Ok(Response::new(proto::CompleteWrapUpResponse { agent }))
    }

    async fn request_wrap_up(
        &self,
        request: Request<proto::RequestWrapUpRequest>,
    ) -> Result<Response<proto::RequestWrapUpResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let conversation = id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        self.0.request_wrap_up(&caller, conversation).await.map_err(status)?;
        Ok(Response::new(proto::RequestWrapUpResponse {}))
    }

    async fn watch_me(&self, request: Request<proto::WatchMeRequest>) -> Result<Response<Frames>, Status> {
        let caller = caller(&request).map_err(status)?;
        let watch = self.0.watch_me(&caller).await.map_err(status)?;
        Ok(Response::new(frames(watch)))
    }

    async fn heartbeat(
        &self,
        request: Request<proto::HeartbeatRequest>,
    ) -> Result<Response<proto::HeartbeatResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        self.0.heartbeat(&caller).await.map_err(status)?;
        Ok(Response::new(proto::HeartbeatResponse {}))
    }

    async fn accept_offer(
        &self,
        request: Request<proto::AcceptOfferRequest>,
    ) -> Result<Response<proto::AcceptOfferResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let offer = id("offer_id", &request.get_ref().offer_id).map_err(status)?;
        let conversation = self.0.accept_offer(&caller, offer).await.map_err(status)?;
        let conversation_id = conversation.to_string();
        Ok(Response::new(proto::AcceptOfferResponse { conversation_id }))
    }

    async fn decline_offer(
        &self,
        request: Request<proto::DeclineOfferRequest>,
    ) -> Result<Response<proto::DeclineOfferResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let offer = id("offer_id", &request.get_ref().offer_id).map_err(status)?;
        self.0.decline_offer(&caller, offer).await.map_err(status)?;
        Ok(Response::new(proto::DeclineOfferResponse {}))
    }
}

/// What an agent says in their own words: at most 2,000 characters, no control characters but line breaks and tabs.
fn notes(text: &str) -> Result<String, Fault> {
    let is_odd = |one: char| one.is_control() && !matches!(one, '\n' | '\r' | '\t');
    if text.chars().count() > NOTES || text.chars().any(is_odd) {
        let problem = "at most 2,000 characters, none of them a control character";
        return Err(Fault::field("notes", problem));
    }
    Ok(text.to_owned())
}

/// The frames up to the goodbye. Those that are there go out together: nothing is held while they wait to be read.
fn frames(watch: Watch) -> Frames {
    let frames = stream::unfold(Some(watch), |watch| async move {
        let mut watch = watch?;
        let next = watch.next().await;
        let rest = (!matches!(next, Next::Goodbye(_))).then_some(watch);
        Some((Ok(encode::next(next)), rest))
    });
    frames.boxed()
}

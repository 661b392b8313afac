//! DecisionService.

use super::explained;
use crate::app::{Extent, Routing, Sought, Span};
use crate::store::{DecisionPlace, TimePlace};
use crate::wording::words;
use onqueue_model::{Caller, Fault};
use onqueue_proto::millis;
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::decision_service_server::DecisionService;
use onqueue_server::{
    caller,
    resource::{id, optional_id, page_size},
    status,
};
use onqueue_store::{decode_token, encode_token};
use tonic::{Request, Response, Status};

/// The rpcs.
pub struct Rpcs(pub Routing);

#[tonic::async_trait]
impl DecisionService for Rpcs {
    async fn list_decisions(
        &self,
        request: Request<proto::ListDecisionsRequest>,
    ) -> Result<Response<proto::ListDecisionsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let listed = match sought(&asked).map_err(status)? {
            None => self.of_conversation(&caller, &asked).await,
            Some(sought) => self.by_time(&caller, (sought, span(&asked)), &asked).await,
        };
        listed.map(Response::new).map_err(status)
    }

    async fn get_decision(
        &self,
        request: Request<proto::GetDecisionRequest>,
    ) -> Result<Response<proto::GetDecisionResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let decision = id("decision_id", &asked.decision_id).map_err(status)?;
        let extent = match asked.all_candidates {
            true => Extent::Everybody,
            false => Extent::AsRecorded,
        };
        let found = self.0.get_decision(&caller, decision, extent).await.map_err(status)?;
        Ok(Response::new(explained::found(&found, words(&asked.language))))
    }

    async fn explain_waiting(
        &self,
        request: Request<proto::ExplainWaitingRequest>,
    ) -> Result<Response<proto::ExplainWaitingResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let conversation = id("conversation_id", &asked.conversation_id).map_err(status)?;
        let now = self.0.explain_waiting(&caller, conversation).await.map_err(status)?;
        let explanation = Some(explained::waiting(&now, words(&asked.language)));
        Ok(Response::new(proto::ExplainWaitingResponse { explanation }))
    }

    async fn explain_agent(
        &self,
        request: Request<proto::ExplainAgentRequest>,
    ) -> Result<Response<proto::ExplainAgentResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let conversation = id("conversation_id", &asked.conversation_id).map_err(status)?;
        let user = id("user_id", &asked.user_id).map_err(status)?;
        let standing = self
            .0
            .explain_agent(&caller, conversation, user)
            .await
            .map_err(status)?;
        let explanation = Some(explained::agent(&standing, words(&asked.language)));
        Ok(Response::new(proto::ExplainAgentResponse { explanation }))
    }
}

impl Rpcs {
    async fn of_conversation(
        &self,
        caller: &Caller,
        asked: &proto::ListDecisionsRequest,
    ) -> Result<proto::ListDecisionsResponse, Fault> {
        if asked.since.is_some() || asked.until.is_some() {
            return Err(Fault::field("since", "this and until go with queue_id or user_id only"));
        }
        let conversation = id("conversation_id", &asked.conversation_id)?;
        let size = page_size(asked.page_size)?;
        let after = decode_token::<DecisionPlace>(&asked.page_token)?;
        let page = self
            .0
            .list_decisions(caller, conversation, after.unwrap_or(0), size)
            .await?;
        let say = words(&asked.language);
        Ok(proto::ListDecisionsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            decisions: page.items.iter().map(|found| explained::decision(found, say)).collect(),
        })
    }

    async fn by_time(
        &self,
        caller: &Caller,
        which: (Sought, Span),
        asked: &proto::ListDecisionsRequest,
    ) -> Result<proto::ListDecisionsResponse, Fault> {
        let size = page_size(asked.page_size)?;
        let before = decode_token::<TimePlace>(&asked.page_token)?;
        let page = self.0.list_decisions_by_time(caller, which, before, size).await?;
        let say = words(&asked.language);
        Ok(proto::ListDecisionsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            decisions: page.items.iter().map(|found| explained::decision(found, say)).collect(),
        })
    }
}

/// What is listed by time; `None` for what is about a conversation.
fn sought(asked: &proto::ListDecisionsRequest) -> Result<Option<Sought>, Fault> {
    let alone = |field| match asked.conversation_id.is_empty() {
        true => Ok(()),
        false => Err(Fault::field(field, "this or conversation_id, not both")),
    };
    let queue = optional_id("queue_id", &asked.queue_id)?;
    let agent = optional_id("user_id", &asked.user_id)?;
    match (queue, agent) {
        (None, None) => Ok(None),
        (Some(queue), agent) => alone("queue_id").map(|()| Some(Sought::Queue(queue, agent))),
        (None, Some(agent)) => alone("user_id").map(|()| Some(Sought::Agent(agent))),
    }
}

fn span(asked: &proto::ListDecisionsRequest) -> Span {
    let since = asked.since.as_ref().map_or(i64::MIN, |at| millis(at).millis());
    let until = asked.until.as_ref().map_or(i64::MAX, |at| millis(at).millis());
    since..until
}

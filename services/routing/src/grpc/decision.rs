//! DecisionService.

use super::encode;
use crate::app::Routing;
use crate::store::DecisionPlace;
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::decision_service_server::DecisionService;
use onqueue_server::{
    caller,
    resource::{id, page_size},
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
        let conversation = id("conversation_id", &asked.conversation_id).map_err(status)?;
        let size = page_size(asked.page_size).map_err(status)?;
        let after = decode_token::<DecisionPlace>(&asked.page_token).map_err(status)?;
        let page = self.0.list_decisions(&caller, conversation, after.unwrap_or(0), size);
        let page = page.await.map_err(status)?;
        Ok(Response::new(proto::ListDecisionsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            decisions: page.items.into_iter().map(encode::decision).collect(),
        }))
    }
}

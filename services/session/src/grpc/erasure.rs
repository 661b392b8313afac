//! ErasureService.

use super::Api;
use crate::app::erase::Receipt;
use onqueue_proto::{
    session::v1::{
        EraseContactRequest, EraseContactResponse, ErasedCount, Erasure, GetErasureRequest, GetErasureResponse,
        ListErasuresRequest, ListErasuresResponse, erasure_service_server::ErasureService,
    },
    timestamp,
};
use onqueue_server::resource::{id, page_size};
use onqueue_server::{caller, status};
use onqueue_store::{decode_token, encode_token};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl ErasureService for Api {
    async fn erase_contact(
        &self,
        request: Request<EraseContactRequest>,
    ) -> Result<Response<EraseContactResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("contact_id", &asked.contact_id).map_err(status)?;
        let erased = self.0.erase_contact(&caller, id, asked.etag).await;
        let erasure = Some(encode(erased.map_err(status)?));
        Ok(Response::new(EraseContactResponse { erasure }))
    }

    async fn get_erasure(&self, request: Request<GetErasureRequest>) -> Result<Response<GetErasureResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = id("erasure_id", &request.get_ref().erasure_id).map_err(status)?;
        let erasure = Some(encode(self.0.receipt(&caller, id).await.map_err(status)?));
        Ok(Response::new(GetErasureResponse { erasure }))
    }

    async fn list_erasures(
        &self,
        request: Request<ListErasuresRequest>,
    ) -> Result<Response<ListErasuresResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let before = decode_token(&asked.page_token).map_err(status)?;
        let size = page_size(asked.page_size).map_err(status)?;
        let page = self.0.receipts(&caller, (before, size)).await.map_err(status)?;
        Ok(Response::new(ListErasuresResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            erasures: page.items.into_iter().map(encode).collect(),
        }))
    }
}

fn encode(receipt: Receipt) -> Erasure {
    let erasure = receipt.erasure;
    let counts = erasure.counts.0.into_iter().map(|(what, count)| ErasedCount {
        what,
        count: i64::try_from(count).unwrap_or(i64::MAX),
    });
    Erasure {
        erasure_id: erasure.id.to_string(),
        contact_id: erasure.contact.to_string(),
        alias_ids: erasure.aliases.iter().map(ToString::to_string).collect(),
        division_id: erasure.division.to_string(),
        at: Some(timestamp(erasure.at)),
        actor: erasure.actor,
        conversation_ids: erasure.conversations.iter().map(ToString::to_string).collect(),
        erased: counts.collect(),
        purged_at: erasure.purged_at.map(timestamp),
        remaining: i32::try_from(receipt.remaining).unwrap_or(i32::MAX),
        remaining_in_content: i32::try_from(receipt.remaining_in_content).unwrap_or(i32::MAX),
    }
}

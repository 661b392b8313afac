//! WrapUpCodeService.

use crate::app::Routing;
use crate::store::{Change, CodeContent, CodePlace, WrapUpCode};
use onqueue_model::{Fault, QueueId};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::wrap_up_code_service_server::WrapUpCodeService;
use onqueue_proto::timestamp;
use onqueue_server::{
    caller,
    resource::{Mask, Once, description, division, given, id, name, optional_id, page_size},
    status,
};
use onqueue_store::{decode_token, encode_token};
use std::{collections::BTreeSet, sync::Arc};
use tonic::{Request, Response, Status};

/// How many queues use a code at most.
const QUEUES: usize = 1_000;

/// What can be changed about a code.
const FIELDS: [&str; 4] = ["name", "description", "division_id", "queue_ids"];

/// The rpcs.
pub struct Rpcs(pub Routing);

#[tonic::async_trait]
impl WrapUpCodeService for Rpcs {
    async fn create_wrap_up_code(
        &self,
        request: Request<proto::CreateWrapUpCodeRequest>,
    ) -> Result<Response<proto::CreateWrapUpCodeResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let code = given("wrap_up_code", asked.wrap_up_code.as_ref()).map_err(status)?;
        let once = Once::of(&asked.request_id, code).map_err(status)?;
        let content = content(code).map_err(status)?;
        let code = self.0.create_code(&caller, once, content).await.map_err(status)?;
        let wrap_up_code = Some(encoded(&code));
        Ok(Response::new(proto::CreateWrapUpCodeResponse { wrap_up_code }))
    }

    async fn get_wrap_up_code(
        &self,
        request: Request<proto::GetWrapUpCodeRequest>,
    ) -> Result<Response<proto::GetWrapUpCodeResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let code = id("wrap_up_code_id", &request.get_ref().wrap_up_code_id).map_err(status)?;
        let code = self.0.get_code(&caller, code).await.map_err(status)?;
        let wrap_up_code = Some(encoded(&code));
        Ok(Response::new(proto::GetWrapUpCodeResponse { wrap_up_code }))
    }

    async fn list_wrap_up_codes(
        &self,
        request: Request<proto::ListWrapUpCodesRequest>,
    ) -> Result<Response<proto::ListWrapUpCodesResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let size = page_size(asked.page_size).map_err(status)?;
        let after = decode_token::<CodePlace>(&asked.page_token).map_err(status)?;
        let queue = optional_id("queue_id", &asked.queue_id).map_err(status)?;
        let page = self.0.list_codes(&caller, queue, after, size).await.map_err(status)?;
        Ok(Response::new(proto::ListWrapUpCodesResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            wrap_up_codes: page.items.iter().map(encoded).collect(),
        }))
    }

    async fn update_wrap_up_code(
        &self,
        request: Request<proto::UpdateWrapUpCodeRequest>,
    ) -> Result<Response<proto::UpdateWrapUpCodeResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let code = given("wrap_up_code", request.get_ref().wrap_up_code.as_ref()).map_err(status)?;
        let which = id("wrap_up_code.wrap_up_code_id", &code.wrap_up_code_id).map_err(status)?;
        let which = (which, code.etag.clone());
        let change = change(request.get_ref(), code).map_err(status)?;
        let code = self.0.update_code(&caller, which, change).await.map_err(status)?;
        let wrap_up_code = Some(encoded(&code));
        Ok(Response::new(proto::UpdateWrapUpCodeResponse { wrap_up_code }))
    }

    async fn delete_wrap_up_code(
        &self,
        request: Request<proto::DeleteWrapUpCodeRequest>,
    ) -> Result<Response<proto::DeleteWrapUpCodeResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let code = id("wrap_up_code_id", &asked.wrap_up_code_id).map_err(status)?;
        self.0.delete_code(&caller, code, asked.etag).await.map_err(status)?;
        Ok(Response::new(proto::DeleteWrapUpCodeResponse {}))
    }
}

fn content(code: &proto::WrapUpCode) -> Result<CodeContent, Fault> {
    const DIVISION: &str = "wrap_up_code.division_id";
    let division = match code.division_id.as_str() {
        "" => None,
        given => Some(division(DIVISION, given)?),
    };
    Ok(CodeContent {
        name: name("wrap_up_code.name", &code.name)?,
        description: description("wrap_up_code.description", &code.description)?,
        division,
        queues: queues(&code.queue_ids)?,
    })
}

fn queues(ids: &[String]) -> Result<BTreeSet<QueueId>, Fault> {
    const FIELD: &str = "wrap_up_code.queue_ids";
    if ids.len() > QUEUES {
        return Err(Fault::field(FIELD, "at most 1,000 queues"));
    }
    ids.iter().map(|text| id(FIELD, text)).collect()
}

fn change(request: &proto::UpdateWrapUpCodeRequest, code: &proto::WrapUpCode) -> Result<Change<CodeContent>, Fault> {
    let mask = Mask::of(request.update_mask.as_ref(), &FIELDS)?;
    let new = code.clone();
    Ok(Arc::new(move |before| {
        let (new, before) = (new.clone(), described(before));
        content(&proto::WrapUpCode {
            name: mask.choose("name", new.name, before.name),
            description: mask.choose("description", new.description, before.description),
            division_id: mask.choose("division_id", new.division_id, before.division_id),
            queue_ids: mask.choose("queue_ids", new.queue_ids, before.queue_ids),
            ..proto::WrapUpCode::default()
        })
    }))
}

fn described(content: &CodeContent) -> proto::WrapUpCode {
    proto::WrapUpCode {
        name: content.name.clone(),
        description: content.description.clone(),
        division_id: content
            .division
            .map(|division| division.to_string())
            .unwrap_or_default(),
        queue_ids: content.queues.iter().map(ToString::to_string).collect(),
        ..proto::WrapUpCode::default()
    }
}

fn encoded(code: &WrapUpCode) -> proto::WrapUpCode {
    proto::WrapUpCode {
        wrap_up_code_id: code.id.to_string(),
        etag: code.revision.to_string(),
        created_at: Some(timestamp(code.created_at)),
        ..described(&code.content)
    }
}

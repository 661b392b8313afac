//! ResponseService.

use super::{decode, encode};
use crate::app::{Content, Rendered, Wanted};
use crate::store::Usage;
use onqueue_client::Behalf;
use onqueue_model::Fault;
use onqueue_proto::content::v1 as proto;
use onqueue_proto::content::v1::response_service_server::ResponseService;
use onqueue_server::resource::{Once, given, id, optional_id};
use onqueue_server::{caller, status};
use onqueue_store::encode_token;
use tonic::{Request, Response, Status};

/// The rpcs.
pub struct Rpcs(pub Content);

#[tonic::async_trait]
impl ResponseService for Rpcs {
    async fn create_response(
        &self,
        request: Request<proto::CreateResponseRequest>,
    ) -> Result<Response<proto::CreateResponseResponse>, Status> {
        let made = self.create(&request).await.map_err(status)?;
        let response = Some(made);
        Ok(Response::new(proto::CreateResponseResponse { response }))
    }

    async fn get_response(
        &self,
        request: Request<proto::GetResponseRequest>,
    ) -> Result<Response<proto::GetResponseResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = id("response_id", &request.get_ref().response_id).map_err(status)?;
        let response = self.0.get_response(&caller, id).await.map_err(status)?;
        let response = Some(encode::response(response));
        Ok(Response::new(proto::GetResponseResponse { response }))
    }

    async fn list_responses(
        &self,
        request: Request<proto::ListResponsesRequest>,
    ) -> Result<Response<proto::ListResponsesResponse>, Status> {
        self.list(&request).await.map(Response::new).map_err(status)
    }

    async fn update_response(
        &self,
        request: Request<proto::UpdateResponseRequest>,
    ) -> Result<Response<proto::UpdateResponseResponse>, Status> {
        let changed = self.update(&request).await.map_err(status)?;
        let response = Some(changed);
        Ok(Response::new(proto::UpdateResponseResponse { response }))
    }

    async fn delete_response(
        &self,
        request: Request<proto::DeleteResponseRequest>,
    ) -> Result<Response<proto::DeleteResponseResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("response_id", &asked.response_id).map_err(status)?;
        self.0.delete_response(&caller, id, asked.etag).await.map_err(status)?;
        Ok(Response::new(proto::DeleteResponseResponse {}))
    }

    async fn search_responses(
        &self,
        request: Request<proto::SearchResponsesRequest>,
    ) -> Result<Response<proto::SearchResponsesResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let sought = decode::sought(request.get_ref()).map_err(status)?;
        let behalf = Behalf::of_request(&request);
        let found = self.0.search(&caller, behalf, &sought).await.map_err(status)?;
        let responses = found.into_iter().map(encode::found).collect();
        Ok(Response::new(proto::SearchResponsesResponse { responses }))
    }

    async fn render_response(
        &self,
        request: Request<proto::RenderResponseRequest>,
    ) -> Result<Response<proto::RenderResponseResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let behalf = Behalf::of_request(&request);
        let asked = decode::render(request.into_inner()).map_err(status)?;
        let Rendered { text, language } = self.0.render(&caller, behalf, asked).await.map_err(status)?;
        let language = language.to_string();
        Ok(Response::new(proto::RenderResponseResponse { text, language }))
    }

    async fn record_use(
        &self,
        request: Request<proto::RecordUseRequest>,
    ) -> Result<Response<proto::RecordUseResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let behalf = Behalf::of_request(&request);
        let used = decode::used(request.get_ref()).map_err(status)?;
        let uses = self.0.record_use(&caller, behalf, used).await.map_err(status)?;
        Ok(Response::new(proto::RecordUseResponse { uses }))
    }
}

impl Rpcs {
    async fn create(&self, request: &Request<proto::CreateResponseRequest>) -> Result<proto::Response, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let response = given("response", asked.response.as_ref())?;
        let once = Once::of(&asked.request_id, response)?;
        let content = decode::response_content(response)?;
        let made = self.0.create_response(&caller, content, once).await?;
        Ok(encode::response(made))
    }

    async fn list(
        &self,
        request: &Request<proto::ListResponsesRequest>,
    ) -> Result<proto::ListResponsesResponse, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let listing = decode::listing(asked.page_size, &asked.page_token, &asked.text)?;
        let wanted = Wanted {
            library: optional_id("library_id", &asked.library_id)?,
            tag: asked.tag.clone(),
            usage: if asked.never_used { Usage::Never } else { Usage::Any },
        };
        let page = self.0.list_responses(&caller, &wanted, &listing).await?;
        Ok(proto::ListResponsesResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            responses: page.items.into_iter().map(encode::response).collect(),
        })
    }

    async fn update(&self, request: &Request<proto::UpdateResponseRequest>) -> Result<proto::Response, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let response = given("response", asked.response.as_ref())?;
        let which = (
            id("response.response_id", &response.response_id)?,
            response.etag.clone(),
        );
        let wanted = decode::response_change(asked)?;
        let changed = self.0.update_response(&caller, which, wanted).await?;
        Ok(encode::response(changed))
    }
}

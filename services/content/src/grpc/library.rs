//! LibraryService.

use super::{decode, encode};
use crate::app::Content;
use onqueue_model::Fault;
use onqueue_proto::content::v1 as proto;
use onqueue_proto::content::v1::library_service_server::LibraryService;
use onqueue_server::resource::{Once, given, id};
use onqueue_server::{caller, status};
use onqueue_store::encode_token;
use tonic::{Request, Response, Status};

/// The rpcs.
pub struct Rpcs(pub Content);

#[tonic::async_trait]
impl LibraryService for Rpcs {
    async fn create_library(
        &self,
        request: Request<proto::CreateLibraryRequest>,
    ) -> Result<Response<proto::CreateLibraryResponse>, Status> {
        let made = self.create(&request).await.map_err(status)?;
        let library = Some(made);
        Ok(Response::new(proto::CreateLibraryResponse { library }))
    }

    async fn get_library(
        &self,
        request: Request<proto::GetLibraryRequest>,
    ) -> Result<Response<proto::GetLibraryResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = id("library_id", &request.get_ref().library_id).map_err(status)?;
        let library = self.0.get_library(&caller, id).await.map_err(status)?;
        let library = Some(encode::library(library));
        Ok(Response::new(proto::GetLibraryResponse { library }))
    }

    async fn list_libraries(
        &self,
        request: Request<proto::ListLibrariesRequest>,
    ) -> Result<Response<proto::ListLibrariesResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let listing = decode::listing(asked.page_size, &asked.page_token, &asked.text).map_err(status)?;
        let page = self.0.list_libraries(&caller, &listing).await.map_err(status)?;
        Ok(Response::new(proto::ListLibrariesResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            libraries: page.items.into_iter().map(encode::library).collect(),
        }))
    }

    async fn update_library(
        &self,
        request: Request<proto::UpdateLibraryRequest>,
    ) -> Result<Response<proto::UpdateLibraryResponse>, Status> {
        let changed = self.update(&request).await.map_err(status)?;
        let library = Some(changed);
        Ok(Response::new(proto::UpdateLibraryResponse { library }))
    }

    async fn delete_library(
        &self,
        request: Request<proto::DeleteLibraryRequest>,
    ) -> Result<Response<proto::DeleteLibraryResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("library_id", &asked.library_id).map_err(status)?;
        self.0.delete_library(&caller, id, asked.etag).await.map_err(status)?;
        Ok(Response::new(proto::DeleteLibraryResponse {}))
    }
}

impl Rpcs {
    async fn create(&self, request: &Request<proto::CreateLibraryRequest>) -> Result<proto::Library, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let library = given("library", asked.library.as_ref())?;
        let once = Once::of(&asked.request_id, library)?;
        let content = decode::library_content(library)?;
        let made = self.0.create_library(&caller, content, once).await?;
        Ok(encode::library(made))
    }

    async fn update(&self, request: &Request<proto::UpdateLibraryRequest>) -> Result<proto::Library, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let library = given("library", asked.library.as_ref())?;
        let which = (id("library.library_id", &library.library_id)?, library.etag.clone());
        let wanted = decode::library_change(asked)?;
        let changed = self.0.update_library(&caller, which, wanted).await?;
        Ok(encode::library(changed))
    }
}

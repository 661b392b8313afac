//! ScriptService.

use super::{decode, script_decode, script_encode as encode};
use crate::app::Content;
use onqueue_model::Fault;
use onqueue_proto::content::v1 as proto;
use onqueue_proto::content::v1::script_service_server::ScriptService;
use onqueue_server::resource::{Once, division, given, id, name, optional_id, page_size};
use onqueue_server::{caller, status};
use onqueue_store::{decode_token, encode_token};
use tonic::{Request, Response, Status};

/// The rpcs.
pub struct Rpcs(pub Content);

#[tonic::async_trait]
impl ScriptService for Rpcs {
    async fn create_script(
        &self,
        request: Request<proto::CreateScriptRequest>,
    ) -> Result<Response<proto::CreateScriptResponse>, Status> {
        let script = Some(self.create(&request).await.map_err(status)?);
        Ok(Response::new(proto::CreateScriptResponse { script }))
    }

    async fn get_script(
        &self,
        request: Request<proto::GetScriptRequest>,
    ) -> Result<Response<proto::GetScriptResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = id("script_id", &request.get_ref().script_id).map_err(status)?;
        let script = self.0.get_script(&caller, id).await.map_err(status)?;
        let script = Some(encode::script(script));
        Ok(Response::new(proto::GetScriptResponse { script }))
    }

    async fn list_scripts(
        &self,
        request: Request<proto::ListScriptsRequest>,
    ) -> Result<Response<proto::ListScriptsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let listing = decode::listing(asked.page_size, &asked.page_token, &asked.text).map_err(status)?;
        let page = self.0.list_scripts(&caller, &listing).await.map_err(status)?;
        Ok(Response::new(proto::ListScriptsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            scripts: page.items.into_iter().map(encode::script).collect(),
        }))
    }

    async fn update_script(
        &self,
        request: Request<proto::UpdateScriptRequest>,
    ) -> Result<Response<proto::UpdateScriptResponse>, Status> {
        let script = Some(self.update(&request).await.map_err(status)?);
        Ok(Response::new(proto::UpdateScriptResponse { script }))
    }

    async fn delete_script(
        &self,
        request: Request<proto::DeleteScriptRequest>,
    ) -> Result<Response<proto::DeleteScriptResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("script_id", &asked.script_id).map_err(status)?;
        self.0.delete_script(&caller, id, asked.etag).await.map_err(status)?;
        Ok(Response::new(proto::DeleteScriptResponse {}))
    }

    async fn validate_script(
        &self,
        request: Request<proto::ValidateScriptRequest>,
    ) -> Result<Response<proto::ValidateScriptResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = optional_id("script_id", &asked.script_id).map_err(status)?;
        let looked = self
            .0
            .validate_script(&caller, id, asked.document)
            .await
            .map_err(status)?;
        Ok(Response::new(proto::ValidateScriptResponse {
            problems: looked.problems.into_iter().map(encode::problem).collect(),
            mentions: looked.mentions.into_iter().map(encode::mention).collect(),
        }))
    }

    async fn publish_script(
        &self,
        request: Request<proto::PublishScriptRequest>,
    ) -> Result<Response<proto::PublishScriptResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("script_id", &asked.script_id).map_err(status)?;
        let published = self.0.publish_script(&caller, id, asked.etag).await;
        let (script, version) = published.map_err(status)?;
        Ok(Response::new(proto::PublishScriptResponse {
            script: Some(encode::script(script)),
            version: Some(encode::version(version)),
        }))
    }

    async fn list_script_versions(
        &self,
        request: Request<proto::ListScriptVersionsRequest>,
    ) -> Result<Response<proto::ListScriptVersionsResponse>, Status> {
        let answer = self.list_versions(&request).await.map_err(status)?;
        Ok(Response::new(answer))
    }

    async fn get_script_version(
        &self,
        request: Request<proto::GetScriptVersionRequest>,
    ) -> Result<Response<proto::GetScriptVersionResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let id = id("script_id", &asked.script_id).map_err(status)?;
        let version = self.0.script_version(&caller, id, asked.version).await;
        let version = Some(encode::version(version.map_err(status)?));
        Ok(Response::new(proto::GetScriptVersionResponse { version }))
    }

    async fn export_script(
        &self,
        request: Request<proto::ExportScriptRequest>,
    ) -> Result<Response<proto::ExportScriptResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let id = id("script_id", &asked.script_id).map_err(status)?;
        let exported = self.0.export_script(&caller, id, asked.version).await;
        let (file_name, content) = exported.map_err(status)?;
        Ok(Response::new(proto::ExportScriptResponse { file_name, content }))
    }

    async fn import_script(
        &self,
        request: Request<proto::ImportScriptRequest>,
    ) -> Result<Response<proto::ImportScriptResponse>, Status> {
        let script = Some(self.import(&request).await.map_err(status)?);
        Ok(Response::new(proto::ImportScriptResponse { script }))
    }
}

impl Rpcs {
    async fn create(&self, request: &Request<proto::CreateScriptRequest>) -> Result<proto::Script, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let script = given("script", asked.script.as_ref())?;
        let once = Once::of(&asked.request_id, script)?;
        let content = script_decode::content(script)?;
        let made = self.0.create_script(&caller, content, once).await?;
        Ok(encode::script(made))
    }

    async fn update(&self, request: &Request<proto::UpdateScriptRequest>) -> Result<proto::Script, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let script = given("script", asked.script.as_ref())?;
        let which = (id("script.script_id", &script.script_id)?, script.etag.clone());
        let wanted = script_decode::change(asked)?;
        let changed = self.0.update_script(&caller, which, wanted).await?;
        Ok(encode::script(changed))
    }

    async fn import(&self, request: &Request<proto::ImportScriptRequest>) -> Result<proto::Script, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let once = Once::of(&asked.request_id, asked)?;
        let division = division("division_id", &asked.division_id)?;
        let called = match asked.name.as_str() {
            "" => None,
            text => Some(name("name", text)?),
        };
        let made = self
            .0
            .import_script(&caller, (division, called), asked.content.clone(), once)
            .await?;
        Ok(encode::script(made))
    }

    async fn list_versions(
        &self,
        request: &Request<proto::ListScriptVersionsRequest>,
    ) -> Result<proto::ListScriptVersionsResponse, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let id = id("script_id", &asked.script_id)?;
        let place = (decode_token(&asked.page_token)?, page_size(asked.page_size)?);
        let page = self.0.script_versions(&caller, id, place).await?;
        Ok(proto::ListScriptVersionsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            versions: page.items.into_iter().map(encode::version).collect(),
        })
    }
}

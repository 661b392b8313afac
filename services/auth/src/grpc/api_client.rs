//! ApiClientService.

use crate::{
    app::{ApiClientDraft, ApiClients},
    store::{ApiClient, Listed},
};
use onqueue_model::{ApiClientId, Divisions, Fault};
use onqueue_proto::{
    auth::v1::{
        self as proto, CreateApiClientRequest, CreateApiClientResponse, DeleteApiClientRequest,
        DeleteApiClientResponse, GetApiClientRequest, GetApiClientResponse, ListApiClientsRequest,
        ListApiClientsResponse, RotateApiClientSecretRequest, RotateApiClientSecretResponse, UpdateApiClientRequest,
        UpdateApiClientResponse, api_client_service_server::ApiClientService,
    },
    timestamp,
};
use onqueue_server::{
    caller,
    resource::{self, Mask, Once, given, page_size},
    status,
};
use onqueue_store::{decode_token, encode_token};
use std::sync::Arc;
use tonic::{Request, Response, Status};

const FIELDS: &[&str] = &["name", "description", "division_id", "enabled"];

/// Its handlers.
pub struct ApiClientHandlers(Arc<ApiClients>);

impl ApiClientHandlers {
    /// Over the use cases.
    pub const fn new(clients: Arc<ApiClients>) -> Self {
        Self(clients)
    }
}

#[async_trait::async_trait]
impl ApiClientService for ApiClientHandlers {
    async fn create_api_client(
        &self,
        request: Request<CreateApiClientRequest>,
    ) -> Result<Response<CreateApiClientResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let (draft, once) = creation(request.get_ref()).map_err(status)?;
        let (client, secret) = self.0.create(&caller, draft, once).await.map_err(status)?;
        Ok(Response::new(CreateApiClientResponse {
            api_client: Some(encode(client)),
            secret: secret.map(|secret| secret.text()).unwrap_or_default(),
        }))
    }

    async fn get_api_client(
        &self,
        request: Request<GetApiClientRequest>,
    ) -> Result<Response<GetApiClientResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = id(&request.get_ref().client_id).map_err(status)?;
        let found = self.0.get(&caller, id).await.map_err(status)?;
        let api_client = Some(encode(found));
        Ok(Response::new(GetApiClientResponse { api_client }))
    }

    async fn list_api_clients(
        &self,
        request: Request<ListApiClientsRequest>,
    ) -> Result<Response<ListApiClientsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let listed = listed(request.into_inner()).map_err(status)?;
        let page = self.0.list(&caller, listed).await.map_err(status)?;
        Ok(Response::new(ListApiClientsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            api_clients: page.items.into_iter().map(encode).collect(),
        }))
    }

    async fn update_api_client(
        &self,
        request: Request<UpdateApiClientRequest>,
    ) -> Result<Response<UpdateApiClientResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let (id, etag, draft) = change(request.get_ref()).map_err(status)?;
        let changed = self.0.update(&caller, id, etag, draft).await.map_err(status)?;
        let api_client = Some(encode(changed));
        Ok(Response::new(UpdateApiClientResponse { api_client }))
    }

    async fn delete_api_client(
        &self,
        request: Request<DeleteApiClientRequest>,
    ) -> Result<Response<DeleteApiClientResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id(&asked.client_id).map_err(status)?;
        self.0.delete(&caller, id, asked.etag).await.map_err(status)?;
        Ok(Response::new(DeleteApiClientResponse {}))
    }

    async fn rotate_api_client_secret(
        &self,
        request: Request<RotateApiClientSecretRequest>,
    ) -> Result<Response<RotateApiClientSecretResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id(&asked.client_id).map_err(status)?;
        let (client, secret) = self.0.rotate(&caller, id, asked.etag).await.map_err(status)?;
        Ok(Response::new(RotateApiClientSecretResponse {
            api_client: Some(encode(client)),
            secret: secret.text(),
        }))
    }
}

fn id(text: &str) -> Result<ApiClientId, Fault> {
    resource::id("client_id", text)
}

fn creation(request: &CreateApiClientRequest) -> Result<(ApiClientDraft, Once), Fault> {
    let wanted = given("api_client", request.api_client.as_ref())?;
    Ok((draft(wanted, |_| true)?, Once::of(&request.request_id, wanted)?))
}

fn change(request: &UpdateApiClientRequest) -> Result<(ApiClientId, String, ApiClientDraft), Fault> {
    let wanted = given("api_client", request.api_client.as_ref())?;
    let mask = Mask::of(request.update_mask.as_ref(), FIELDS)?;
    let draft = draft(wanted, |field| mask.has(field))?;
    Ok((id(&wanted.client_id)?, wanted.etag.clone(), draft))
}

/// Of the fields that are wanted; the others may hold anything.
fn draft(client: &proto::ApiClient, is_wanted: impl Fn(&str) -> bool) -> Result<ApiClientDraft, Fault> {
    let mut draft = ApiClientDraft::default();
    if is_wanted("name") {
        draft.name = Some(resource::name("api_client.name", &client.name)?);
    }
    if is_wanted("description") {
        let description = resource::description("api_client.description", &client.description)?;
        draft.description = Some(description);
    }
    if is_wanted("division_id") {
        draft.division = Some(resource::division("api_client.division_id", &client.division_id)?);
    }
    if is_wanted("enabled") {
        draft.enabled = Some(client.enabled);
    }
    Ok(draft)
}

fn listed(request: ListApiClientsRequest) -> Result<Listed, Fault> {
    Ok(Listed {
        divisions: Divisions::NONE,
        division: None,
        after: decode_token(&request.page_token)?,
        size: page_size(request.page_size)?,
        text: request.text,
    })
}

fn encode(client: ApiClient) -> proto::ApiClient {
    proto::ApiClient {
        client_id: client.id.to_string(),
        etag: client.revision.to_string(),
        name: client.name,
        description: client.description,
        division_id: client.division.to_string(),
        enabled: client.enabled,
        created_at: Some(timestamp(client.created_at)),
    }
}

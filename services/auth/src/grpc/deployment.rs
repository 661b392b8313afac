//! DeploymentService.

use super::deployment_draft::draft;
use crate::{
    app::{DeploymentDraft, Deployments, Former},
    store::{Deployment, Listed},
};
use onqueue_model::{DeploymentId, Divisions, Fault, Reason};
use onqueue_proto::{
    auth::v1::{
        self as proto, CreateDeploymentRequest, CreateDeploymentResponse, DeleteDeploymentRequest,
        DeleteDeploymentResponse, GetDeploymentRequest, GetDeploymentResponse, GetPublicDeploymentRequest,
        GetPublicDeploymentResponse, ListDeploymentsRequest, ListDeploymentsResponse, RotateIdentityKeyRequest,
        RotateIdentityKeyResponse, UpdateDeploymentRequest, UpdateDeploymentResponse,
        deployment_service_server::DeploymentService,
    },
    timestamp,
};
use onqueue_server::{
    caller,
    resource::{self, Mask, Once, given, page_size},
    status,
};
use onqueue_store::{decode_token, encode_token};
use onqueue_trust::{Bundle, IdentityKey, Trust};
use tonic::{Request, Response, Status};

const FIELDS: &[&str] = &["name", "division_id", "enabled", "origins", "queues", "greetings"];

/// Its handlers.
pub struct DeploymentHandlers {
    deployments: Deployments,
    trust: Trust,
}

impl DeploymentHandlers {
    /// Over the use cases, and over what this process knows of deployments, which every chat page asks for: no call of
    /// theirs goes to the database.
    pub const fn new(deployments: Deployments, trust: Trust) -> Self {
        Self { deployments, trust }
    }

    fn public(&self, id: &str) -> Result<onqueue_trust::Deployment, Fault> {
        self.trust
            .deployment(deployment_id(id)?)
            .filter(|deployment| deployment.enabled)
            .ok_or_else(|| Fault::new(Reason::DeploymentNotFound, "there is no such chat page"))
    }
}

#[async_trait::async_trait]
impl DeploymentService for DeploymentHandlers {
    async fn get_public_deployment(
        &self,
        request: Request<GetPublicDeploymentRequest>,
    ) -> Result<Response<GetPublicDeploymentResponse>, Status> {
        let deployment = self.public(&request.get_ref().deployment_id).map_err(status)?;
        Ok(Response::new(GetPublicDeploymentResponse {
            deployment_id: deployment.id.to_string(),
            queues: Bundle::wire_queues(&deployment.queues),
            name: deployment.name,
            greetings: deployment.greetings,
        }))
    }

    async fn create_deployment(
        &self,
        request: Request<CreateDeploymentRequest>,
    ) -> Result<Response<CreateDeploymentResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let (draft, once) = creation(request.get_ref()).map_err(status)?;
        let made = self.deployments.create(&caller, draft, once).await.map_err(status)?;
        let deployment = Some(encode(made));
        Ok(Response::new(CreateDeploymentResponse { deployment }))
    }

    async fn get_deployment(
        &self,
        request: Request<GetDeploymentRequest>,
    ) -> Result<Response<GetDeploymentResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = deployment_id(&request.get_ref().deployment_id).map_err(status)?;
        let found = self.deployments.get(&caller, id).await.map_err(status)?;
        let deployment = Some(encode(found));
        Ok(Response::new(GetDeploymentResponse { deployment }))
    }

    async fn list_deployments(
        &self,
        request: Request<ListDeploymentsRequest>,
    ) -> Result<Response<ListDeploymentsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let listed = listed(request.into_inner()).map_err(status)?;
        let page = self.deployments.list(&caller, listed).await.map_err(status)?;
        Ok(Response::new(ListDeploymentsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            deployments: page.items.into_iter().map(encode).collect(),
        }))
    }

    async fn update_deployment(
        &self,
        request: Request<UpdateDeploymentRequest>,
    ) -> Result<Response<UpdateDeploymentResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let (id, etag, draft) = change(request.get_ref()).map_err(status)?;
        let changed = self.deployments.update(&caller, id, etag, draft).await;
        let deployment = Some(encode(changed.map_err(status)?));
        Ok(Response::new(UpdateDeploymentResponse { deployment }))
    }

    async fn delete_deployment(
        &self,
        request: Request<DeleteDeploymentRequest>,
    ) -> Result<Response<DeleteDeploymentResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = deployment_id(&asked.deployment_id).map_err(status)?;
        self.deployments.delete(&caller, id, asked.etag).await.map_err(status)?;
        Ok(Response::new(DeleteDeploymentResponse {}))
    }

    async fn rotate_identity_key(
        &self,
        request: Request<RotateIdentityKeyRequest>,
    ) -> Result<Response<RotateIdentityKeyResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = deployment_id(&asked.deployment_id).map_err(status)?;
        let former = if asked.end_former { Former::Ends } else { Former::Stays };
        let rotated = self.deployments.rotate(&caller, id, asked.etag, former).await;
        let (deployment, secret) = rotated.map_err(status)?;
        let current = deployment.identity_keys.last();
        Ok(Response::new(RotateIdentityKeyResponse {
            kid: current.map(|key| key.kid.clone()).unwrap_or_default(),
            private_key: secret.pem(),
            deployment: Some(encode(deployment)),
        }))
    }
}

fn deployment_id(text: &str) -> Result<DeploymentId, Fault> {
    resource::id("deployment_id", text)
}

fn creation(request: &CreateDeploymentRequest) -> Result<(DeploymentDraft, Once), Fault> {
    let wanted = given("deployment", request.deployment.as_ref())?;
    Ok((draft(wanted, |_| true)?, Once::of(&request.request_id, wanted)?))
}

fn change(request: &UpdateDeploymentRequest) -> Result<(DeploymentId, String, DeploymentDraft), Fault> {
    let wanted = given("deployment", request.deployment.as_ref())?;
    let mask = Mask::of(request.update_mask.as_ref(), FIELDS)?;
    let draft = draft(wanted, |field| mask.has(field))?;
    Ok((deployment_id(&wanted.deployment_id)?, wanted.etag.clone(), draft))
}

fn listed(request: ListDeploymentsRequest) -> Result<Listed, Fault> {
    Ok(Listed {
        divisions: Divisions::NONE,
        division: resource::optional_id("division_id", &request.division_id)?,
        after: decode_token(&request.page_token)?,
        size: page_size(request.page_size)?,
        text: request.text,
    })
}

fn encode(deployment: Deployment) -> proto::Deployment {
    proto::Deployment {
        deployment_id: deployment.id.to_string(),
        etag: deployment.revision.to_string(),
        name: deployment.name,
        division_id: deployment.division.to_string(),
        enabled: deployment.enabled,
        origins: deployment.origins,
        queues: Bundle::wire_queues(&deployment.queues),
        greetings: deployment.greetings,
        created_at: Some(timestamp(deployment.created_at)),
        identity_keys: deployment.identity_keys.into_iter().map(identity_key).collect(),
    }
}

fn identity_key(key: IdentityKey) -> proto::IdentityKey {
    proto::IdentityKey {
        kid: key.kid,
        created_at: Some(timestamp(key.created_at)),
        ends_at: key.ends_at.map(timestamp),
    }
}

//! DeploymentService.

use onqueue_model::{DeploymentId, Fault, Reason};
use onqueue_proto::auth::v1::{
    GetPublicDeploymentRequest, GetPublicDeploymentResponse, deployment_service_server::DeploymentService,
};
use onqueue_server::status;
use onqueue_trust::{Bundle, Deployment, Trust};
use tonic::{Request, Response, Status};

/// Its handlers.
pub struct DeploymentHandlers(Trust);

impl DeploymentHandlers {
    /// Over what this process knows of deployments, which every chat page asks for: no call goes to the database.
    pub const fn new(trust: Trust) -> Self {
        Self(trust)
    }

    fn public(&self, id: &str) -> Result<Deployment, Fault> {
        let id: DeploymentId = id.parse().map_err(|_| Fault::id("deployment_id"))?;
        self.0
            .deployment(id)
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
        }))
    }
}

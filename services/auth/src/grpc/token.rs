//! TokenService.

use crate::app::{ApiClients, Issued, Tokens};
use onqueue_proto::{
    auth::v1::{
        self as proto, ClientCredentialsRequest, ClientCredentialsResponse, LoginRequest, LoginResponse,
        RefreshRequest, RefreshResponse, RevokeRequest, RevokeResponse, token_service_server::TokenService,
    },
    timestamp,
};
use onqueue_server::status;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// Its handlers.
pub struct TokenHandlers {
    tokens: Tokens,
    clients: Arc<ApiClients>,
}

impl TokenHandlers {
    /// Over the use cases.
    pub const fn new(tokens: Tokens, clients: Arc<ApiClients>) -> Self {
        Self { tokens, clients }
    }
}

#[async_trait::async_trait]
impl TokenService for TokenHandlers {
    async fn login(&self, request: Request<LoginRequest>) -> Result<Response<LoginResponse>, Status> {
        let login = request.into_inner();
        let issued = self
            .tokens
            .login(&login.organisation, &login.email, login.password)
            .await;
        let (tokens, identity) = encode(issued.map_err(status)?);
        Ok(Response::new(LoginResponse { tokens, identity }))
    }

    async fn client_credentials(
        &self,
        request: Request<ClientCredentialsRequest>,
    ) -> Result<Response<ClientCredentialsResponse>, Status> {
        let asked = request.into_inner();
        let token = self.clients.token(&asked.client_id, &asked.client_secret).await;
        let token = token.map_err(status)?;
        Ok(Response::new(ClientCredentialsResponse {
            access_token: token.text,
            access_expires_at: Some(timestamp(token.expires_at)),
        }))
    }

    async fn refresh(&self, request: Request<RefreshRequest>) -> Result<Response<RefreshResponse>, Status> {
        let issued = self.tokens.refresh(&request.into_inner().refresh_token).await;
        let (tokens, identity) = encode(issued.map_err(status)?);
        Ok(Response::new(RefreshResponse { tokens, identity }))
    }

    async fn revoke(&self, request: Request<RevokeRequest>) -> Result<Response<RevokeResponse>, Status> {
        let revoked = self.tokens.revoke(&request.into_inner().refresh_token).await;
        revoked.map_err(status)?;
        Ok(Response::new(RevokeResponse {}))
    }
}

fn encode(issued: Issued) -> (Option<proto::Tokens>, Option<proto::Identity>) {
    let tokens = proto::Tokens {
        access_token: issued.access_token,
        access_expires_at: Some(timestamp(issued.access_expires_at)),
        refresh_token: issued.refresh_token,
        refresh_expires_at: Some(timestamp(issued.refresh_expires_at)),
    };
    let identity = proto::Identity {
        user_id: issued.user.id.to_string(),
        organisation_id: issued.user.organisation.to_string(),
        name: issued.user.name,
        email: issued.user.email,
        language: issued.user.language,
        permissions: issued.permissions,
    };
    (Some(tokens), Some(identity))
}

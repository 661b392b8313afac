//! TokenService.

use crate::app::{Issued, Tokens};
use onqueue_proto::{
    auth::v1::{
        self as proto, LoginRequest, LoginResponse, RefreshRequest, RefreshResponse, RevokeRequest, RevokeResponse,
        token_service_server::TokenService,
    },
    timestamp,
};
use onqueue_server::status;
use tonic::{Request, Response, Status};

/// Its handlers.
pub struct TokenHandlers(Tokens);

impl TokenHandlers {
    /// Over the use cases.
    pub const fn new(tokens: Tokens) -> Self {
        Self(tokens)
    }
}

#[async_trait::async_trait]
impl TokenService for TokenHandlers {
    async fn login(&self, request: Request<LoginRequest>) -> Result<Response<LoginResponse>, Status> {
        let login = request.into_inner();
        let issued = self.0.login(&login.organisation, &login.email, login.password).await;
        let (tokens, identity) = encode(issued.map_err(status)?);
        Ok(Response::new(LoginResponse { tokens, identity }))
    }

    async fn refresh(&self, request: Request<RefreshRequest>) -> Result<Response<RefreshResponse>, Status> {
        let issued = self.0.refresh(&request.into_inner().refresh_token).await;
        let (tokens, identity) = encode(issued.map_err(status)?);
        Ok(Response::new(RefreshResponse { tokens, identity }))
    }

    async fn revoke(&self, request: Request<RevokeRequest>) -> Result<Response<RevokeResponse>, Status> {
        let revoked = self.0.revoke(&request.into_inner().refresh_token).await;
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

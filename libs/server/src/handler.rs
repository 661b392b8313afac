//! What answers requests, whatever it is made of.

use crate::InProcess;
use axum::Router;
use http::{Request, Response};
use std::{future::Future, sync::Arc};
use tonic::{body::Body, service::Routes};
use tower::{ServiceExt as _, service_fn};

/// Answers requests: a tower service that is shared instead of cloned, and never fails.
pub trait Handler: Send + Sync + 'static {
    /// The answer; a refusal is one too.
    fn handle(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send;
}

/// A handler as generated clients and listeners call it.
pub fn in_process(handler: impl Handler) -> InProcess {
    let handler = Arc::new(handler);
    InProcess::new(service_fn(move |request: Request<Body>| {
        let handler = Arc::clone(&handler);
        async move { Ok(handler.handle(request).await) }
    }))
}

impl Handler for Routes {
    async fn handle(&self, request: Request<Body>) -> Response<Body> {
        let Ok(answer) = self.clone().oneshot(request).await;
        answer
    }
}

impl Handler for Router {
    async fn handle(&self, request: Request<Body>) -> Response<Body> {
        let Ok(answer) = self.clone().oneshot(request).await;
        answer.map(Body::new)
    }
}

impl<H: Handler> Handler for Arc<H> {
    fn handle(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send {
        H::handle(self, request)
    }
}

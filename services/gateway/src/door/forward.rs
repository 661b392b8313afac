//! Forwards any gRPC call to the service that its package names, as bytes: an unknown field arrives as it was sent, and a
//! new rpc needs no change here. Who may call an rpc that this build does not know is for its owner to say.

use super::{
    nearness::{CONVERSATION, nearness},
    whole::{Kind, whole},
};
use crate::Upstreams;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Version, header};
use http_body_util::{BodyExt as _, Full};
use onqueue_model::{Fault, Reason};
use onqueue_proto::method;
use onqueue_server::{Deadline, FROM_OUTSIDE, InProcess, status};
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tonic::{Status, body::Body};
use tower::{Service, ServiceExt as _};

/// Headers that are about the connection that a call came by, about its way, or about the browser; none of the services'
/// business.
const DROPPED: [HeaderName; 13] = [
    CONVERSATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::COOKIE,
    header::FORWARDED,
    header::HOST,
    header::ORIGIN,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("x-forwarded-for"),
];

/// Sends calls on.
#[derive(Clone)]
pub(super) struct Forward(Upstreams);

impl Forward {
    pub(super) fn new(upstreams: &Upstreams) -> Self {
        Self(upstreams.clone())
    }

    /// The owner of `/onqueue.<name>.v<number>.<Service>/<Method>`.
    fn upstream(&self, path: &str) -> Option<InProcess> {
        let (service, method) = path.strip_prefix("/onqueue.")?.split_once('/')?;
        let (name, rest) = service.split_once('.')?;
        let (version, service) = rest.split_once('.')?;
        let numbered = version
            .strip_prefix('v')
            .is_some_and(|number| number.parse::<u8>().is_ok());
        if !numbered || service.is_empty() || method.is_empty() || method.contains('/') {
            return None;
        }
        match name {
            "auth" => Some(self.0.auth.clone()),
            "routing" => Some(self.0.routing.clone()),
            "session" => Some(self.0.session.clone()),
            "content" => Some(self.0.content.clone()),
            _ => None,
        }
    }

    async fn forward(self, request: Request<axum::body::Body>) -> Result<Response<Body>, Status> {
        let Some(upstream) = self.upstream(request.uri().path()) else {
            return Err(status(Fault::new(Reason::Unimplemented, "there is no such service")));
        };
        let nearness = is_sessions(request.uri().path()).then(|| nearness(&request)).flatten();
        let (parts, body) = request.into_parts();
        // Public requests are single small messages, limited already: held as a whole, they can be sent again.
        let message = Body::new(body).collect().await?.to_bytes();
        let mut out = Request::new(Body::new(Full::<Bytes>::new(message)));
        *out.method_mut() = parts.method;
        *out.version_mut() = Version::HTTP_2;
        *out.uri_mut() = parts.uri.path().parse().map_err(Fault::internal).map_err(status)?;
        *out.headers_mut() = forwarded(parts.headers, parts.extensions.get::<Deadline>());
        if let Some(nearness) = nearness {
            out.extensions_mut().insert(nearness);
        }
        let kind = kind(out.uri().path());
        Ok(whole(upstream.oneshot(out).await?, kind))
    }
}

/// Whether it matters which replica answers: only session holds conversations.
fn is_sessions(path: &str) -> bool {
    path.starts_with("/onqueue.session.")
}

/// What this build does not know may be a stream.
fn kind(path: &str) -> Kind {
    match method(path) {
        Some(method) if !method.streams => Kind::Single,
        _ => Kind::Stream,
    }
}

fn forwarded(mut headers: HeaderMap, deadline: Option<&Deadline>) -> HeaderMap {
    for name in DROPPED {
        headers.remove(name);
    }
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    headers.insert(FROM_OUTSIDE, HeaderValue::from_static("1"));
    if let Some(deadline) = deadline {
        deadline.write(&mut headers);
    }
    headers
}

impl Service<Request<axum::body::Body>> for Forward {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<axum::body::Body>) -> Self::Future {
        let forward = self.clone().forward(request);
        Box::pin(async move { Ok(forward.await.unwrap_or_else(Status::into_http)) })
    }
}

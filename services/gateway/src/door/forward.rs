//! Forwards any gRPC call to the service that its package names, as bytes: an unknown field arrives as it was sent, and a
//! new rpc needs no change here. Who may call an rpc that this build does not know is for its owner to say.

use super::{
    nearness::{CONVERSATION, nearness},
    whole::{Kind, whole},
};
use crate::Upstreams;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version, header};
use http_body_util::Full;
use onqueue_client::message;
use onqueue_model::Fault;
use onqueue_proto::method;
use onqueue_server::{Deadline, FROM_OUTSIDE, InProcess, status};
use tonic::{Status, body::Body};
use tower::ServiceExt as _;

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
pub(super) struct Forward(Upstreams);

impl Forward {
    pub(super) fn new(upstreams: &Upstreams) -> Self {
        Self(upstreams.clone())
    }

    /// The owner of `/onqueue.<name>.v<number>.<Service>/<Method>`; `None` for what is no other service's.
    pub(super) fn upstream(&self, path: &str) -> Option<&InProcess> {
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
            "auth" => Some(&self.0.auth),
            "routing" => Some(&self.0.routing),
            "session" => Some(&self.0.session),
            "content" => Some(&self.0.content),
            _ => None,
        }
    }
}

/// The owner's answer.
pub(super) async fn forward(upstream: &InProcess, request: Request<Body>) -> Result<Response<Body>, Status> {
    let nearness = is_sessions(request.uri().path()).then(|| nearness(&request)).flatten();
    let (mut parts, body) = request.into_parts();
    let deadline = parts.extensions.get::<Deadline>().copied();
    let kind = kind(parts.uri.path());
    parts.version = Version::HTTP_2;
    parts.uri = path_only(&parts.uri).map_err(status)?;
    parts.headers = forwarded(parts.headers, deadline.as_ref());
    parts.extensions = Extensions::new();
    if let Some(nearness) = nearness {
        parts.extensions.insert(nearness);
    }
    // Public requests are single small messages, limited already: held as a whole, they can be sent again.
    let message = message(body).await?;
    let request = Request::from_parts(parts, Body::new(Full::new(message)));
    Ok(whole(upstream.clone().oneshot(request).await?, kind))
}

/// Which host was asked is none of the services' business, and gRPC has no queries.
fn path_only(uri: &Uri) -> Result<Uri, Fault> {
    uri.path().parse().map_err(Fault::internal)
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

//! Everything that the public port answers, put together: who is it, which origin, gRPC or a page.

mod attachments;
mod calls;
mod client_address;
mod disposition;
mod forward;
mod nearness;
mod origin;
mod pages;
mod rates;
mod streams;
mod whole;

use crate::{NAME, Settings, Upstreams};
use axum::{
    Router,
    extract::{Request as Asked, State},
    middleware,
    response::{IntoResponse as _, Response as Said},
};
use calls::Calls;
use client_address::Addresses;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Version, header};
use http_body_util::{BodyStream, StreamBody};
use onqueue_model::Fault;
use onqueue_server::{Context, Handler, InProcess, Readiness, as_peer, in_process, listener::Remote};
use origin::Origins;
use rates::Rates;
use std::{sync::Arc, time::Duration};
use tonic::body::Body;
use tonic_web::GrpcWebLayer;
use tower::{Layer as _, ServiceExt as _};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer, ExposeHeaders};

/// What the gateway tells the services about a caller; nobody outside may.
const OWN_HEADERS: &str = "x-onqueue-";
const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("x-onqueue-client-address");
const ORIGIN: HeaderName = HeaderName::from_static("x-onqueue-origin");

/// How long a browser may remember that an origin is allowed.
const PREFLIGHT_AGE: Duration = Duration::from_secs(600);

/// The whole door. Calls of programs go straight to the gRPC half; what browsers send has more to pass.
pub(crate) struct Door {
    addresses: Addresses,
    origins: Origins,
    calls: Arc<Calls>,
    browsers: Router,
}

impl Door {
    pub(crate) fn new(
        settings: &Settings,
        context: &Context,
        upstreams: &Upstreams,
        readiness: Readiness,
    ) -> Result<Self, Fault> {
        let origins = Origins::new(&settings.origins, &context.trust);
        let rates = Arc::new(Rates::new(settings, &context.clock));
        let calls = Calls::new(settings, context, upstreams, readiness, Arc::clone(&rates))?;
        let calls = Arc::new(calls);
        // In the gateway's own name, which no call from outside carries.
        let session = as_peer(upstreams.session.clone(), NAME);
        let for_browsers = ForBrowsers {
            calls: InProcess::new(GrpcWebLayer::new().layer(in_process(Arc::clone(&calls)))),
            pages: pages::router(settings, &context.trust).merge(attachments::router(settings, session)),
        };
        let browsers = Router::new()
            .fallback(answer)
            .with_state(for_browsers)
            .layer(cors(origins.clone()))
            .layer(middleware::from_fn_with_state(rates, rates::limit_pages));
        Ok(Self {
            addresses: Addresses::new(&settings.trusted_proxies),
            origins,
            calls,
            browsers,
        })
    }

    /// Takes what only we may say off the request, and says it.
    fn introduce(&self, request: &mut Request<Body>) {
        remove_claims(request.headers_mut());
        let remote = request.extensions().get::<Remote>().map(|remote| remote.0.ip());
        if let Some(client) = remote.map(|remote| self.addresses.client(remote, request.headers())) {
            if let Ok(value) = HeaderValue::from_str(&client.0.to_string()) {
                request.headers_mut().insert(CLIENT_ADDRESS, value);
            }
            request.extensions_mut().insert(client);
        }
        if let Some(foreign) = self.origins.foreign(request) {
            request.headers_mut().insert(ORIGIN, foreign);
        }
    }
}

impl Handler for Door {
    async fn handle(&self, mut request: Request<Body>) -> Response<Body> {
        self.introduce(&mut request);
        if is_programs(&request) {
            self.calls.handle(request).await
        } else {
            self.browsers.handle(request).await
        }
    }
}

fn remove_claims(headers: &mut HeaderMap) {
    let claimed = |name: &&HeaderName| name.as_str().starts_with(OWN_HEADERS);
    while let Some(name) = headers.keys().find(claimed).cloned() {
        headers.remove(name);
    }
}

/// What answers browsers, behind what protects them.
#[derive(Clone)]
struct ForBrowsers {
    calls: InProcess,
    pages: Router,
}

async fn answer(State(to): State<ForBrowsers>, request: Asked) -> Said {
    if !is_call(&request) {
        return to.pages.oneshot(request).await.into_response();
    }
    match to.calls.oneshot(request.map(Body::new)).await {
        Ok(response) => response.map(of_untold_length),
        Err(status) => status.into_http(),
    }
}

/// What browsers get goes on behind the messages, with the status: a length that an answer tells of itself is too short.
fn of_untold_length(body: Body) -> axum::body::Body {
    axum::body::Body::new(StreamBody::new(BodyStream::new(body)))
}

/// Whether it is a call as gRPC itself has them. Browsers cannot make such, and say of which origin they are.
fn is_programs<B>(request: &Request<B>) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let is_web = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc-web"));
    is_call(request)
        && !is_web
        && request.version() == Version::HTTP_2
        && !request.headers().contains_key(header::ORIGIN)
}

/// Whether it is for the gRPC half. Preflights are not, whatever they say they are.
fn is_call<B>(request: &Request<B>) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    request.method() != Method::OPTIONS && kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

fn cors(origins: Origins) -> CorsLayer {
    let allowed = [
        "authorization",
        "content-type",
        "grpc-timeout",
        "onqueue-conversation",
        "x-grpc-web",
        "x-user-agent",
        "traceparent",
        "tracestate",
    ];
    let exposed = ["grpc-status", "grpc-message", "grpc-status-details-bin"];
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, parts| {
            origins.may_read(origin, parts)
        }))
        .allow_methods(AllowMethods::list([Method::GET, Method::POST, Method::PUT]))
        .allow_headers(AllowHeaders::list(allowed.map(HeaderName::from_static)))
        .expose_headers(ExposeHeaders::list(exposed.map(HeaderName::from_static)))
        .max_age(PREFLIGHT_AGE)
}

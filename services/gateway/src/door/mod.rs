//! Everything that the public port answers, put together: who is it, which origin, gRPC or a page.

mod client_address;
mod forward;
mod nearness;
mod origin;
mod pages;
mod rates;
mod streams;
mod whole;

use crate::{Settings, Upstreams, grpc};
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use client_address::Addresses;
use forward::Forward;
use http::{HeaderName, HeaderValue, Method, header};
use onqueue_model::Fault;
use onqueue_proto::methods;
use onqueue_server::{
    Bound, Context, InProcess, Readiness, layered_door, listener::Remote, with_health, with_reflection,
};
use origin::Origins;
use rates::Rates;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use streams::Streams;
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

/// The parts of the door.
pub(crate) struct Door {
    settings: Settings,
    context: Context,
    upstreams: Upstreams,
    addresses: Addresses,
    origins: Origins,
}

/// What the parts in front of both halves need.
#[derive(Clone)]
struct Front {
    addresses: Addresses,
    origins: Origins,
    grpc: InProcess,
    pages: Router,
}

impl Door {
    pub(crate) fn new(settings: &Settings, context: &Context, upstreams: &Upstreams) -> Self {
        Self {
            addresses: Addresses::new(&settings.trusted_proxies),
            origins: Origins::new(&settings.origins, &context.trust),
            settings: settings.clone(),
            context: context.clone(),
            upstreams: upstreams.clone(),
        }
    }

    pub(crate) fn router(self, readiness: Readiness) -> Result<Router, Fault> {
        let rates = Arc::new(Rates::new(&self.settings, &self.context.clock));
        let front = Front {
            grpc: self.grpc(readiness, &rates)?,
            pages: pages::router(&self.settings, &self.context.trust),
            addresses: self.addresses,
            origins: self.origins,
        };
        let cors = cors(front.origins.clone());
        Ok(Router::new()
            .fallback(answer)
            .with_state(front.clone())
            .layer(cors)
            .layer(middleware::from_fn_with_state(rates, rates::limit_pages))
            .layer(middleware::from_fn_with_state(front, introduce)))
    }

    /// The gRPC half: our own services, and everybody else's behind rates and the forwarding.
    fn grpc(&self, readiness: Readiness, rates: &Arc<Rates>) -> Result<InProcess, Fault> {
        let desk = grpc::desk(&self.context, &self.upstreams);
        let names: BTreeSet<_> = methods()
            .iter()
            .filter(|method| method.is_public())
            .map(|method| method.service())
            .collect();
        let mut routes = with_health(desk, names, readiness, &self.context.tasks);
        if self.settings.reflection {
            routes = with_reflection(routes)?;
        }
        let streams = Streams::new(self.settings.streams_per_caller);
        let router = routes
            .into_axum_router()
            .reset_fallback()
            .fallback_service(Forward::new(&self.upstreams))
            .layer(middleware::from_fn_with_state(streams, streams::limit))
            .layer(middleware::from_fn_with_state(Arc::clone(rates), rates::limit));
        let bound = Bound {
            name: crate::NAME,
            routes: router.into(),
        };
        let door = layered_door(bound, &self.context, &self.settings.limits());
        let door = rates::limit_refusals(door, Arc::clone(rates));
        Ok(InProcess::new(GrpcWebLayer::new().layer(door)))
    }
}

/// Takes what only we may say off the request, and says it.
async fn introduce(State(front): State<Front>, mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    let claimed: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with(OWN_HEADERS))
        .cloned()
        .collect();
    for name in claimed {
        headers.remove(name);
    }
    let remote = request.extensions().get::<Remote>().map(|remote| remote.0.ip());
    if let Some(client) = remote.map(|remote| front.addresses.client(remote, request.headers())) {
        if let Ok(value) = HeaderValue::from_str(&client.0.to_string()) {
            request.headers_mut().insert(CLIENT_ADDRESS, value);
        }
        request.extensions_mut().insert(client);
    }
    if let Some(foreign) = front.origins.foreign(&request) {
        request.headers_mut().insert(ORIGIN, foreign);
    }
    next.run(request).await
}

async fn answer(State(front): State<Front>, request: Request) -> Response {
    if !is_call(&request) {
        return front.pages.oneshot(request).await.into_response();
    }
    match front.grpc.oneshot(request.map(Body::new)).await {
        Ok(response) => response.map(axum::body::Body::new),
        Err(status) => status.into_http(),
    }
}

/// Whether it is for the gRPC half. Preflights are not, whatever they say they are.
fn is_call(request: &Request) -> bool {
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
        .allow_methods(AllowMethods::list([Method::GET, Method::POST]))
        .allow_headers(AllowHeaders::list(allowed.map(HeaderName::from_static)))
        .expose_headers(ExposeHeaders::list(exposed.map(HeaderName::from_static)))
        .max_age(PREFLIGHT_AGE)
}

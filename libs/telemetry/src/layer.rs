//! The tower layer that puts each rpc into a span, carries its context and measures it, on the serving and on the calling side.

use crate::{
    TracedBody,
    call::Call,
    context,
    ids::{self, Ids},
    metrics::{CLIENT_CALLS, OTHER, SERVER_CALLS},
};
use http::{Request, Response};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span, field::Empty};

/// The target of the spans of calls that are made: no line shows them, so where none are sent there are none, and the
/// current span is named to the other side.
pub(crate) const CALLS: &str = "onqueue_telemetry::calls";

/// Gives the path (`/package.Service/Method`) of an rpc back, if this build knows it. Only such names become names of
/// spans and labels of metrics.
pub type Known = fn(&str) -> Option<&'static str>;

/// Puts rpcs into spans and measures them (`rpc.server.call.duration`, `rpc.client.call.duration`). A stream lasts until its
/// end, not until its headers.
#[derive(Clone, Copy, Debug)]
pub struct TraceLayer {
    side: Side,
    known: Known,
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Server,
    Client,
}

impl TraceLayer {
    /// In front of a service: the span is a child of the one named in the request's headers.
    pub const fn server(known: Known) -> Self {
        let side = Side::Server;
        Self { side, known }
    }

    /// In front of a channel: the span is a child of the current one, and the headers name it.
    pub const fn client(known: Known) -> Self {
        let side = Side::Client;
        Self { side, known }
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Traced<S>;

    fn layer(&self, inner: S) -> Traced<S> {
        Traced { inner, layer: *self }
    }
}

/// A service behind a [`TraceLayer`].
#[derive(Clone, Copy, Debug)]
pub struct Traced<S> {
    inner: S,
    layer: TraceLayer,
}

impl<S, Q, A> Service<Request<Q>> for Traced<S>
where
    S: Service<Request<Q>, Response = Response<A>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    A: 'static,
{
    type Response = Response<TracedBody<A>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        let call = self.layer.begin(&mut request);
        let answer = call.span().in_scope(|| self.inner.call(request));
        Box::pin(traced(call, answer))
    }
}

impl TraceLayer {
    /// The answer that `inner` gives to the request: what the layer does, for who is no [`Service`]. The span is entered
    /// around the future, not around `inner`, which does no more than make it.
    pub async fn around<Q, A, E, F>(
        self,
        mut request: Request<Q>,
        inner: impl FnOnce(Request<Q>) -> F,
    ) -> Result<Response<TracedBody<A>>, E>
    where
        F: Future<Output = Result<Response<A>, E>>,
        E: 'static,
    {
        let call = self.begin(&mut request);
        traced(call, inner(request)).await
    }

    fn begin<Q>(self, request: &mut Request<Q>) -> Call {
        let method = (self.known)(request.uri().path()).map(|path| path.trim_start_matches('/'));
        let name = method.unwrap_or(OTHER);
        match self.side {
            Side::Server => Call::begin(serving(request, name), method, &SERVER_CALLS),
            Side::Client => Call::begin(calling(request, name), method, &CLIENT_CALLS),
        }
    }
}

async fn traced<A, E: 'static>(
    mut call: Call,
    answer: impl Future<Output = Result<Response<A>, E>>,
) -> Result<Response<TracedBody<A>>, E> {
    let answered = answer.instrument(call.span().clone()).await;
    let response = answered.inspect_err(|error| call.failed(error))?;
    call.ended_by(response.headers());
    Ok(response.map(|body| TracedBody::new(body, call)))
}

fn serving<Q>(request: &Request<Q>, name: &'static str) -> Span {
    if ids::are_kept() {
        return held(Ids::caused_by(request.headers()), name);
    }
    let span = tracing::info_span!(
        parent: None,
        "rpc",
        otel.name = name,
        otel.kind = "server",
        rpc.system.name = "grpc",
        rpc.method = name,
        rpc.response.status_code = Empty,
        otel.status_code = Empty,
        trace_id = Empty,
    );
    context::set_parent_from(&span, request.headers());
    if let Some(trace) = context::trace_id(&span) {
        span.record("trace_id", trace);
    }
    span
}

/// One that is sent nowhere: what lines show of it, and its ids.
fn held(ids: Ids, name: &'static str) -> Span {
    let span = tracing::info_span!(parent: None, "rpc", rpc.method = name, trace_id = ids.trace());
    ids.keep_with(&span);
    span
}

fn calling<Q>(request: &mut Request<Q>, name: &'static str) -> Span {
    let span = tracing::info_span!(
        target: CALLS,
        "call",
        otel.name = name,
        otel.kind = "client",
        rpc.system.name = "grpc",
        rpc.method = name,
        rpc.response.status_code = Empty,
        otel.status_code = Empty,
    );
    if span.is_disabled() {
        context::inject(&Span::current(), request.headers_mut());
    } else {
        context::inject(&span, request.headers_mut());
    }
    span
}

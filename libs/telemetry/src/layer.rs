//! The tower layer that puts each rpc into a span and carries its context, on the serving and on the calling side.

use crate::{TracedBody, context};
use http::{Request, Response};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span, field::Empty};

/// Puts rpcs into spans. The span of a stream ends with the stream, not with its headers.
#[derive(Clone, Copy, Debug)]
pub struct TraceLayer(Side);

#[derive(Clone, Copy, Debug)]
enum Side {
    Server,
    Client,
}

impl TraceLayer {
    /// In front of a service: the span is a child of the one named in the request's headers.
    pub const fn server() -> Self {
        Self(Side::Server)
    }

    /// In front of a channel: the span is a child of the current one, and the headers name it.
    pub const fn client() -> Self {
        Self(Side::Client)
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Traced<S>;

    fn layer(&self, inner: S) -> Traced<S> {
        Traced { inner, side: self.0 }
    }
}

/// A service behind a [`TraceLayer`].
#[derive(Clone, Copy, Debug)]
pub struct Traced<S> {
    inner: S,
    side: Side,
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
        let span = match self.side {
            Side::Server => serving(&request),
            Side::Client => calling(&mut request),
        };
        let answer = span.in_scope(|| self.inner.call(request));
        let of_body = span.clone();
        Box::pin(
            async move {
                let response = answer.await?;
                crate::body::record_status(&of_body, response.headers());
                Ok(response.map(|body| TracedBody::new(body, of_body)))
            }
            .instrument(span),
        )
    }
}

fn serving<Q>(request: &Request<Q>) -> Span {
    let path = request.uri().path();
    let span = tracing::info_span!(
        parent: None,
        "rpc",
        otel.name = path,
        otel.kind = "server",
        rpc.system = "grpc",
        rpc.grpc.status_code = Empty,
        otel.status_code = Empty,
        trace_id = Empty,
    );
    context::set_parent_from(&span, request.headers());
    if let Some(trace) = context::trace_id(&span) {
        span.record("trace_id", trace);
    }
    span
}

fn calling<Q>(request: &mut Request<Q>) -> Span {
    let span = tracing::info_span!(
        "call",
        otel.name = request.uri().path(),
        otel.kind = "client",
        rpc.system = "grpc",
        rpc.grpc.status_code = Empty,
        otel.status_code = Empty,
    );
    context::inject(&span, request.headers_mut());
    span
}

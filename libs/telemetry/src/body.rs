//! A response body that keeps its rpc's span open until the last frame.

use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tracing::Span;

/// A body within a span.
#[derive(Debug)]
pub struct TracedBody<B> {
    inner: B,
    span: Span,
}

impl<B> TracedBody<B> {
    pub(crate) const fn new(inner: B, span: Span) -> Self {
        Self { inner, span }
    }
}

impl<B: Body + Unpin> Body for TracedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = &mut *self;
        let _entered = this.span.enter();
        let frame = Pin::new(&mut this.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            record_status(&this.span, trailers);
        }
        frame
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }
}

/// Notes how the rpc ended, if the headers or trailers say so.
pub(crate) fn record_status(span: &Span, headers: &HeaderMap) {
    let Some(code) = headers.get("grpc-status").and_then(|code| code.to_str().ok()) else {
        return;
    };
    span.record("rpc.grpc.status_code", code);
    // The codes that mean a defect or an outage on the serving side, as OpenTelemetry's RPC conventions list them.
    if matches!(code, "2" | "4" | "12" | "13" | "14" | "15") {
        span.record("otel.status_code", "ERROR");
    }
}

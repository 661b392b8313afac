//! One call, from its beginning to its last frame: its span, how it ended and how long it took.

use crate::{
    ids,
    metrics::{CANCELLED, Calls, UNKNOWN, code_name},
    stopwatch::Stopwatch,
};
use http::HeaderMap;
use std::any::Any;
use tracing::Span;

/// A call that goes on; it is measured when this is dropped. Who drops it before it ended has left: CANCELLED.
#[derive(Debug)]
pub(crate) struct Call {
    span: Span,
    method: Option<&'static str>,
    calls: &'static Calls,
    began: Stopwatch,
    code: Option<u8>,
}

impl Call {
    pub(crate) fn begin(span: Span, method: Option<&'static str>, calls: &'static Calls) -> Self {
        Self {
            span,
            method,
            calls,
            began: Stopwatch::start(),
            code: None,
        }
    }

    pub(crate) const fn span(&self) -> &Span {
        &self.span
    }

    /// Notes how it ended, if the headers or trailers say so.
    pub(crate) fn ended_by(&mut self, headers: &HeaderMap) {
        let Some(code) = headers.get("grpc-status").and_then(|code| code.to_str().ok()) else {
            return;
        };
        self.ended(code.parse().unwrap_or(UNKNOWN));
    }

    /// Notes that it ended with an error instead of an answer.
    pub(crate) fn failed(&mut self, error: &dyn Any) {
        let status = error.downcast_ref::<tonic::Status>();
        let code = status.and_then(|status| u8::try_from(i32::from(status.code())).ok());
        self.ended(code.unwrap_or(UNKNOWN));
    }

    /// Notes that nothing more comes; without a code before, that is a defect of who answered.
    pub(crate) fn is_over(&mut self) {
        if self.code.is_none() {
            self.ended(UNKNOWN);
        }
    }

    fn ended(&mut self, code: u8) {
        self.code = Some(code);
        if ids::are_kept() {
            // No line shows what follows: it is for those who are sent spans.
            return;
        }
        self.span.record("rpc.response.status_code", code_name(code));
        // The codes that mean a defect or an outage on the serving side, as OpenTelemetry's RPC conventions list them.
        if matches!(code, 2 | 4 | 12 | 13 | 14 | 15) {
            self.span.record("otel.status_code", "ERROR");
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let code = self.code.unwrap_or(CANCELLED);
        self.calls.record(self.method, code, self.began.elapsed().as_secs_f64());
    }
}

//! The ids of traces where none are sent anywhere: made here and kept with the spans, so that logs and stored events of one
//! trace are found all the same, without the cost of recording what nobody reads.

use http::HeaderMap;
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::Span;
use tracing_subscriber::{Registry, registry::LookupSpan as _};

/// Set once, when telemetry begins.
static KEPT: AtomicBool = AtomicBool::new(false);

/// From now on ids are kept here.
pub(crate) fn keep() {
    KEPT.store(true, Ordering::Relaxed);
}

/// Whether ids are kept here; otherwise they are OpenTelemetry's.
pub(crate) fn are_kept() -> bool {
    KEPT.load(Ordering::Relaxed)
}

/// Which trace a span belongs to, and which of its spans it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ids {
    trace: TraceId,
    span: SpanId,
}

impl Ids {
    /// For a span that the call with these headers causes.
    pub(crate) fn caused_by(headers: &HeaderMap) -> Self {
        let parent = headers
            .get("traceparent")
            .and_then(|text| Self::parse(text.to_str().ok()?));
        parent.map_or_else(Self::new, Self::child)
    }

    /// For a span of the same trace.
    pub(crate) fn child(self) -> Self {
        let span = RandomIdGenerator::default().new_span_id();
        Self { span, ..self }
    }

    fn new() -> Self {
        let random = RandomIdGenerator::default();
        Self {
            trace: random.new_trace_id(),
            span: random.new_span_id(),
        }
    }

    /// Of a `traceparent`; `None` if it is malformed.
    pub(crate) fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let lengths = (version.len(), trace.len(), span.len(), flags.len());
        let is_whole = match version {
            "00" => parts.next().is_none(),
            // Later ones may say more.
            later => later != "ff",
        };
        if !is_whole || lengths != (2, 32, 16, 2) {
            return None;
        }
        if ![version, trace, span, flags].into_iter().all(is_hex) {
            return None;
        }
        let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
        let is_valid = trace != TraceId::INVALID && span != SpanId::INVALID;
        is_valid.then_some(Self { trace, span })
    }

    /// Those of the span, or of the nearest around it that has some; made now if there are none. `None` outside of any span.
    pub(crate) fn of(span: &Span) -> Option<Self> {
        let found = span.with_subscriber(|(id, dispatch)| {
            let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
            let known = span.scope().find_map(|span| span.extensions().get::<Self>().copied());
            Some(known.unwrap_or_else(|| {
                let new = Self::new();
                span.extensions_mut().replace(new);
                new
            }))
        });
        found.flatten()
    }

    /// Keeps them with the span.
    pub(crate) fn keep_with(self, span: &Span) {
        span.with_subscriber(|(id, dispatch)| {
            let span = dispatch
                .downcast_ref::<Registry>()
                .and_then(|registry| registry.span(id));
            if let Some(span) = span {
                span.extensions_mut().replace(self);
            }
        });
    }

    /// As logs carry it.
    pub(crate) fn trace(self) -> String {
        self.trace.to_string()
    }

    /// As headers and stored events carry it: not recorded.
    pub(crate) fn traceparent(self) -> String {
        format!("00-{}-{}-00", self.trace, self.span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn traceparents_are_read_strictly() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        for (text, expected) in [
            (format!("00-{trace}-b7ad6b7169203331-01"), true),
            (format!("01-{trace}-b7ad6b7169203331-01-more"), true),
            (format!("00-{trace}-b7ad6b7169203331-01-more"), false),
            (format!("ff-{trace}-b7ad6b7169203331-01"), false),
            (format!("00-{trace}-b7ad6b7169203331"), false),
            (format!("00-{trace}-0000000000000000-00"), false),
            (format!("00-{}-b7ad6b7169203331-00", "0".repeat(32)), false),
            (format!("00-{}-b7ad6b7169203331-00", trace.to_uppercase()), false),
            (format!("00-{}-b7ad6b7169203331-00", "é".repeat(16)), false),
            (String::new(), false),
        ] {
            assert_eq!(Ids::parse(&text).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn spans_have_those_of_their_parents_or_their_own() {
        tracing::subscriber::with_default(tracing_subscriber::registry(), || {
            assert_eq!(Ids::of(&Span::current()), None);
            let root = tracing::info_span!("root");
            let stored = Ids::of(&root).expect("made now");
            assert_eq!(Ids::of(&root), Some(stored));
            let inner = root.in_scope(|| tracing::info_span!("inner"));
            assert_eq!(Ids::of(&inner), Some(stored));
            let read = Ids::parse(&stored.traceparent()).expect("well formed");
            assert_eq!((read, read.trace()), (stored, stored.trace()));
            let child = read.child();
            child.keep_with(&inner);
            assert_eq!(Ids::of(&inner), Some(child));
            assert!(child.trace == stored.trace && child.span != stored.span);
            assert_ne!(Ids::of(&tracing::info_span!(parent: None, "other")), Some(stored));
        });
    }
}

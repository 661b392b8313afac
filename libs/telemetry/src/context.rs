//! W3C trace context: out of and into headers, and as the text that is stored beside an event.

use crate::ids::{self, Ids};
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context, global,
    propagation::{Extractor, Injector, TextMapPropagator as _},
    trace::TraceContextExt as _,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The current span as a `traceparent` (`00-<trace>-<span>-<flags>`), to be stored with what it causes; `None` outside of
/// any span, or before [`crate::init`].
pub fn current_traceparent() -> Option<String> {
    if ids::are_kept() {
        return Ids::of(&Span::current()).map(Ids::traceparent);
    }
    let context = Span::current().context();
    let span = context.span();
    let ids = span.span_context();
    ids.is_valid().then(|| {
        format!(
            "00-{}-{}-{:02x}",
            ids.trace_id(),
            ids.span_id(),
            ids.trace_flags().to_u8()
        )
    })
}

/// Makes `span` a child of the stored `traceparent`. Call it before the span is entered; a malformed text changes nothing.
pub fn set_parent(span: &Span, traceparent: &str) {
    if ids::are_kept() {
        if let Some(parent) = Ids::parse(traceparent) {
            parent.child().keep_with(span);
        }
        return;
    }
    adopt(span, parse(traceparent));
}

/// Links `span` to the stored `traceparent`: it was caused by it but is not a part of it. A malformed text changes nothing.
pub fn link(span: &Span, traceparent: &str) {
    if ids::are_kept() {
        // Nobody would read it.
        return;
    }
    span.add_link(parse(traceparent).span().span_context().clone());
}

/// Makes `span` a child of what the headers name.
pub(crate) fn set_parent_from(span: &Span, headers: &HeaderMap) {
    adopt(
        span,
        global::get_text_map_propagator(|propagator| propagator.extract(&Headers(headers))),
    );
}

/// Writes `span` into the headers.
pub(crate) fn inject(span: &Span, headers: &mut HeaderMap) {
    if ids::are_kept() {
        if let Some(ids) = Ids::of(span) {
            HeadersMut(headers).set("traceparent", ids.traceparent());
        }
        return;
    }
    let context = span.context();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut HeadersMut(headers)));
}

/// The trace that `span` belongs to, as logs carry it.
pub(crate) fn trace_id(span: &Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let ids = span.span_context();
    ids.is_valid().then(|| ids.trace_id().to_string())
}

fn adopt(span: &Span, parent: Context) {
    if parent.span().span_context().is_valid() {
        // Fails only where nobody records spans: then there is nothing to be a child of either.
        let _ = span.set_parent(parent);
    }
}

fn parse(traceparent: &str) -> Context {
    TraceContextPropagator::new().extract(&Stored(traceparent))
}

struct Stored<'a>(&'a str);

impl Extractor for Stored<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == "traceparent").then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(key), Ok(mut value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            // Never the same twice: nobody on the way is to remember it.
            value.set_sensitive(true);
            self.0.insert(key, value);
        }
    }
}

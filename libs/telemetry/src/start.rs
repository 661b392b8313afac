//! Begins a process's telemetry and ends it without losing what was recorded last.

use crate::{fields::JsonFields, ids, layer::CALLS, reports, spans::Spans};
use onqueue_model::Fault;
use opentelemetry::{KeyValue, global, trace::TracerProvider as _};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    metrics::SdkMeterProvider,
    propagation::TraceContextPropagator,
    trace::{IdGenerator as _, RandomIdGenerator, Sampler, SdkTracerProvider},
};
use serde::Deserialize;
use std::time::Duration;
use tracing::{Level, Metadata};
use tracing_subscriber::{
    Layer, Registry,
    filter::{LevelFilter, ParseError, Targets, filter_fn},
    layer::SubscriberExt as _,
    util::{SubscriberInitExt as _, TryInitError},
};

/// What exporting a span may itself log is kept out of what is exported: otherwise it feeds on itself.
const EXPORTED: &str = "info,hyper=off,hyper_util=off,h2=off,tonic=off,tower=off,opentelemetry=off,opentelemetry_sdk=off,opentelemetry-otlp=off";

/// How the targets of what we say ourselves begin.
const OURS: &str = "onqueue";

/// How long the collector may take to answer.
const ANSWER: Duration = Duration::from_secs(3);

/// How long the end of the process may be held up by what is still to be sent.
const LAST: Duration = Duration::from_secs(3);

/// What is logged, how, and where traces and metrics go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,onqueue_routing=debug`. Of crates that are not
    /// ours nothing below `info` is written, whatever this says: they show what people write.
    pub level: String,
    /// How lines look.
    pub format: Format,
    /// Where to send traces and metrics by OTLP over gRPC, such as `http://127.0.0.1:4317`; empty sends none.
    pub endpoint: String,
}

/// How log lines look on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: Format::Json,
            endpoint: String::new(),
        }
    }
}

impl Settings {
    /// Refuses what [`init`] could not use; the field and what is wrong with it.
    pub fn check(&self) -> Result<(), Fault> {
        level(&self.level).map_err(|problem| Fault::field("telemetry.level", problem))?;
        let endpoint: Option<http::Uri> = self.endpoint.parse().ok();
        let is_address =
            endpoint.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
        if self.endpoint.is_empty() || is_address {
            return Ok(());
        }
        // Not repeated: it may hold a password.
        let problem = "must be an address such as http://127.0.0.1:4317, or empty";
        Err(Fault::field("telemetry.endpoint", problem))
    }
}

/// Keeps the telemetry of the process; give it back with [`Guard::shutdown`].
#[derive(Debug)]
pub struct Guard {
    spans: SdkTracerProvider,
    reports: Option<SdkMeterProvider>,
}

impl Guard {
    /// Sends what is still to be sent, for at most a few seconds. Blocks: call it through `spawn_blocking`, when nothing
    /// serves any more.
    pub fn shutdown(self) {
        if let Err(error) = self.spans.shutdown_with_timeout(LAST) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
        let reported = self.reports.map(|reports| reports.shutdown_with_timeout(LAST));
        if let Some(Err(error)) = reported {
            tracing::warn!(%error, "the last metrics could not be sent");
        }
    }
}

/// Starts logs, traces and the export of metrics for this process, named `service` (`onqueue`, or `onqueue-session` where the
/// process is one service only), with an id of its own beside it. Call it once, inside a Tokio runtime (the exporters need
/// one). Without an endpoint traces get ids and are propagated too, marked as not recorded: name one in all processes of an
/// installation or in none. The error says which setting is wrong, or that another subscriber is there already.
pub fn init(service: &'static str, settings: &Settings) -> Result<Guard, String> {
    let shown = level(&settings.level).map_err(|problem| format!("telemetry.level: {problem}"))?;
    let shown = shown.with_target(CALLS, LevelFilter::OFF);
    let sent = level(EXPORTED)?.with_target(CALLS, calls_sent(settings));
    let resource = resource(service);
    let provider = tracer(resource.clone(), &settings.endpoint)?;
    global::set_text_map_propagator(TraceContextPropagator::new());
    global::set_tracer_provider(provider.clone());
    let lines = match settings.format {
        Format::Json => fmt().json().fmt_fields(JsonFields).boxed(),
        Format::Pretty => fmt().with_target(false).boxed(),
    };
    if settings.endpoint.is_empty() {
        // One filter for all: layers with one each are asked anew each time that a span is entered.
        let registry = tracing_subscriber::registry().with(lines);
        let most = Layer::<Registry>::max_level_hint(&shown).max(Layer::<Registry>::max_level_hint(&sent));
        let shown = filter_fn(shown_or_held(shown, sent)).with_max_level_hint(most.unwrap_or(LevelFilter::TRACE));
        begun(registry.with(shown).try_init())?;
        ids::keep();
    } else {
        let spans = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(service))
            .with_location(false)
            .with_threads(false)
            // What nobody reads: contexts are taken from spans, and entering one happens many times a call.
            .with_context_activation(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_filter(sent);
        let most = Layer::<Registry>::max_level_hint(&shown).unwrap_or(LevelFilter::TRACE);
        let shown = filter_fn(move |it| is_shown(&shown, it)).with_max_level_hint(most);
        let registry = tracing_subscriber::registry().with(lines.with_filter(shown));
        begun(registry.with(spans).try_init())?;
    }
    let reports = reports(resource, &settings.endpoint)?;
    let spans = provider;
    Ok(Guard { spans, reports })
}

fn begun(outcome: Result<(), TryInitError>) -> Result<(), String> {
    outcome.map_err(|error| format!("telemetry: {error}"))
}

/// Whether a line may be written. What other people's crates say in passing may hold bytes of requests and values of
/// statements, and so what people wrote: of that nothing is written, however much is asked for.
fn is_shown(shown: &Targets, it: &Metadata<'_>) -> bool {
    let is_ours = it.target().starts_with(OURS);
    (is_ours || *it.level() <= Level::INFO) && shown.would_enable(it.target(), it.level())
}

/// What lines are to show, and spans that belong to a trace: they carry its ids even where no line shows them.
fn shown_or_held(shown: Targets, held: Targets) -> impl Fn(&Metadata<'_>) -> bool {
    move |it| is_shown(&shown, it) || it.is_span() && held.would_enable(it.target(), it.level())
}

const fn calls_sent(settings: &Settings) -> LevelFilter {
    match settings.endpoint.is_empty() {
        true => LevelFilter::OFF,
        false => LevelFilter::INFO,
    }
}

/// What these directives name. By target alone, because who looks into spans is asked each time that one is entered.
fn level(directives: &str) -> Result<Targets, String> {
    directives.parse().map_err(|error: ParseError| error.to_string())
}

fn fmt() -> tracing_subscriber::fmt::Layer<
    Registry,
    tracing_subscriber::fmt::format::DefaultFields,
    tracing_subscriber::fmt::format::Format,
    fn() -> std::io::Stderr,
> {
    tracing_subscriber::fmt::layer().with_writer(std::io::stderr as fn() -> std::io::Stderr)
}

/// Who sends: the service, its version, and an id that tells this process from its replicas.
fn resource(service: &'static str) -> Resource {
    let instance = RandomIdGenerator::default().new_trace_id().to_string();
    Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("service.instance.id", instance))
        .build()
}

fn tracer(resource: Resource, endpoint: &str) -> Result<SdkTracerProvider, String> {
    let builder = SdkTracerProvider::builder().with_resource(resource);
    if endpoint.is_empty() {
        // Spans have ids all the same, but nobody keeps what is said of them.
        return Ok(builder.with_sampler(Sampler::AlwaysOff).build());
    }
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(ANSWER)
        .build()
        .map_err(|error| format!("telemetry.endpoint: {error}"))?;
    Ok(builder.with_span_processor(Spans::to(exporter)).build())
}

fn reports(resource: Resource, endpoint: &str) -> Result<Option<SdkMeterProvider>, String> {
    if endpoint.is_empty() {
        return Ok(None);
    }
    let exporter = MetricExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(ANSWER)
        .build()
        .map_err(|error| format!("telemetry.endpoint: {error}"))?;
    Ok(Some(reports::through(exporter, resource)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex, PoisonError};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Written {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn others_say_little_however_much_is_asked_for() {
        let written = Written::default();
        let (shown, held) = (level("trace").expect("a level"), level("off").expect("a level"));
        let layer = tracing_subscriber::fmt::layer().with_writer(written.clone());
        let registry = tracing_subscriber::registry().with(layer);
        let registry = registry.with(filter_fn(shown_or_held(shown, held)));
        tracing::subscriber::with_default(registry, || {
            tracing::trace!(target: "onqueue_session::app", "ours");
            tracing::info!(target: "h2::server", "theirs, worth knowing");
            tracing::debug!(target: "h2::codec", "theirs, with bytes");
            tracing::trace!(target: "sqlx::query", "theirs, with values");
        });
        let text = String::from_utf8(written.0.lock().expect("written").clone()).expect("text");
        assert!(text.contains("ours") && text.contains("worth knowing"), "{text}");
        assert!(!text.contains("bytes") && !text.contains("values"), "{text}");
    }
}

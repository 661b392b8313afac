//! A collector for tests: takes what is sent by OTLP and shows it in plain words.

use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    common::v1::{AnyValue, KeyValue, any_value::Value},
    metrics::v1::{Metric, metric, number_data_point},
    resource::v1::Resource,
    trace::v1::span,
};
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// Attributes by name, as text.
pub type Attributes = BTreeMap<String, String>;

/// What arrived so far.
#[derive(Clone, Debug, Default)]
pub struct Sink(Arc<Mutex<Arrived>>);

#[derive(Debug, Default)]
struct Arrived {
    spans: Vec<Span>,
    samples: Vec<Sample>,
}

/// One span.
#[derive(Clone, Debug)]
pub struct Span {
    /// The sender: `service.name`, `service.instance.id` and so on.
    pub resource: Attributes,
    /// What was done.
    pub name: String,
    /// `Server`, `Client`, `Internal` …
    pub kind: &'static str,
    /// Its trace, in hexadecimal digits.
    pub trace: String,
    /// Its own id, in hexadecimal digits.
    pub id: String,
    /// The id of its parent; empty for the root of a trace.
    pub parent: String,
    /// The trace and span that each link names.
    pub links: Vec<(String, String)>,
    /// What else is known.
    pub attributes: Attributes,
    /// How long it took.
    pub took: Duration,
}

/// One series of a metric, as it was sent last.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The sender: `service.name`, `service.instance.id` and so on.
    pub resource: Attributes,
    /// The metric's name.
    pub metric: String,
    /// Its labels.
    pub attributes: Attributes,
    /// Its value; of a histogram, how often something was recorded.
    pub value: f64,
}

impl Sink {
    /// A sink on a free port of this machine, its address as settings take it, and what serves it until dropped.
    pub async fn open() -> io::Result<(Self, String, impl Future<Output = ()> + Send + 'static)> {
        let sink = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let server = Server::builder()
            .add_service(TraceServiceServer::new(sink.clone()))
            .add_service(MetricsServiceServer::new(sink.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        let serve = async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the sink failed");
            }
        };
        Ok((sink, address, serve))
    }

    /// Every span that arrived, in that order.
    pub fn spans(&self) -> Vec<Span> {
        self.with(|arrived| arrived.spans.clone())
    }

    /// The newest state of every series.
    pub fn samples(&self) -> Vec<Sample> {
        self.with(|arrived| arrived.samples.clone())
    }

    fn with<T>(&self, f: impl FnOnce(&mut Arrived) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[tonic::async_trait]
impl TraceService for Sink {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for group in request.into_inner().resource_spans {
            let resource = sender(group.resource);
            let spans = group.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.with(|arrived| arrived.spans.extend(spans.map(|span| plain(span, &resource))));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Sink {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        for group in request.into_inner().resource_metrics {
            let resource = sender(group.resource);
            let metrics = group.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
            let samples: Vec<Sample> = metrics.flat_map(|metric| series(metric, &resource)).collect();
            self.with(|arrived| {
                arrived.samples.retain(|old| old.resource != resource);
                arrived.samples.extend(samples);
            });
        }
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

fn sender(resource: Option<Resource>) -> Attributes {
    attributes(resource.unwrap_or_default().attributes)
}

fn plain(span: opentelemetry_proto::tonic::trace::v1::Span, resource: &Attributes) -> Span {
    let link = |link: span::Link| (hex(&link.trace_id), hex(&link.span_id));
    let nanoseconds = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano);
    Span {
        resource: resource.clone(),
        kind: match span.kind() {
            span::SpanKind::Server => "Server",
            span::SpanKind::Client => "Client",
            span::SpanKind::Producer => "Producer",
            span::SpanKind::Consumer => "Consumer",
            span::SpanKind::Internal | span::SpanKind::Unspecified => "Internal",
        },
        name: span.name,
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        links: span.links.into_iter().map(link).collect(),
        attributes: attributes(span.attributes),
        took: Duration::from_nanos(nanoseconds),
    }
}

fn series(metric: Metric, resource: &Attributes) -> Vec<Sample> {
    let sample = |of: Vec<KeyValue>, value: f64| Sample {
        resource: resource.clone(),
        metric: metric.name.clone(),
        attributes: attributes(of),
        value,
    };
    let numbers = match metric.data {
        Some(metric::Data::Sum(sum)) => sum.data_points,
        Some(metric::Data::Gauge(gauge)) => gauge.data_points,
        Some(metric::Data::Histogram(histogram)) => {
            let points = histogram.data_points.into_iter();
            return points
                .map(|point| sample(point.attributes, point.count as f64))
                .collect();
        }
        _ => Vec::new(),
    };
    let value = |value| match value {
        Some(number_data_point::Value::AsInt(value)) => value as f64,
        Some(number_data_point::Value::AsDouble(value)) => value,
        None => f64::NAN,
    };
    let points = numbers.into_iter();
    points
        .map(|point| sample(point.attributes, value(point.value)))
        .collect()
}

fn attributes(list: Vec<KeyValue>) -> Attributes {
    let text = |value: Option<AnyValue>| match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    };
    list.into_iter().map(|pair| (pair.key, text(pair.value))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

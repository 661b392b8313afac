//! The way of spans to the collector: bounded, and a collector that is away costs nothing but the spans themselves, which
//! are counted.

use crate::metrics::TELEMETRY_DROPPED;
use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

/// How many spans wait for the collector or are on their way to it.
const WAITING: usize = 2048;

/// How many are sent at once.
const BATCH: usize = 512;

/// Takes spans as long as there is room and has another thread send them.
#[derive(Debug)]
pub(crate) struct Spans {
    waiting: Arc<AtomicUsize>,
    batches: BatchSpanProcessor,
}

impl Spans {
    pub(crate) fn to(exporter: impl SpanExporter + 'static) -> Self {
        let waiting = Arc::new(AtomicUsize::new(0));
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING)
            .with_max_export_batch_size(BATCH)
            .build();
        let counted = Counted {
            waiting: Arc::clone(&waiting),
            exporter,
        };
        let batches = BatchSpanProcessor::builder(counted).with_batch_config(config).build();
        Self { waiting, batches }
    }
}

impl SpanProcessor for Spans {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.waiting.fetch_add(1, Relaxed) < WAITING {
            return self.batches.on_end(span);
        }
        self.waiting.fetch_sub(1, Relaxed);
        TELEMETRY_DROPPED.add(1, &["spans"]);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// Makes room again for what was sent, or given up.
#[derive(Debug)]
struct Counted<E> {
    waiting: Arc<AtomicUsize>,
    exporter: E,
}

impl<E: SpanExporter> SpanExporter for Counted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let outcome = self.exporter.export(batch).await;
        self.waiting.fetch_sub(spans, Relaxed);
        if outcome.is_err() {
            TELEMETRY_DROPPED.add(spans as u64, &["spans"]);
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

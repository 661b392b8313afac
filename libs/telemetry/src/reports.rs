//! The way of metrics to the collector: a report every few seconds; one that does not arrive is counted, and the next
//! holds everything anyway.

use crate::metrics::{TELEMETRY_DROPPED, export};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    metrics::{PeriodicReader, SdkMeterProvider, Temporality, data::ResourceMetrics, exporter::PushMetricExporter},
};
use std::time::Duration;

/// How often metrics are sent.
const EVERY: Duration = Duration::from_secs(15);

/// Sends every instrument through `exporter` from now on.
pub(crate) fn through(exporter: impl PushMetricExporter, resource: Resource) -> SdkMeterProvider {
    let reader = PeriodicReader::builder(Counted(exporter)).with_interval(EVERY).build();
    let provider = SdkMeterProvider::builder()
        .with_reader(reader)
        .with_resource(resource)
        .build();
    export(&provider.meter("onqueue"));
    provider
}

struct Counted<E>(E);

impl<E: PushMetricExporter> PushMetricExporter for Counted<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let outcome = self.0.export(metrics).await;
        if outcome.is_err() {
            TELEMETRY_DROPPED.add(1, &["metrics"]);
        }
        outcome
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.0.temporality()
    }
}

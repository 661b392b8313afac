//! What instruments have in common: what is known about each, and the cells that their values are kept in.

use opentelemetry::{KeyValue, metrics::Meter};
use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// How many series one instrument has: its label's values and `other`.
pub(super) const SERIES: usize = 8;

/// The upper bounds of the buckets, in seconds: about what OpenTelemetry's RPC conventions advise, finer below, and with one
/// at each of the service levels (250 ms, 1 s, 2 s).
pub(super) const BOUNDS: Bounds = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 2.0, 5.0, 7.5, 10.0,
];

/// The same for how long people wait.
pub(super) const WAITS: Bounds = [
    1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 1_200.0, 3_600.0,
];

/// How many buckets have an upper bound.
pub(super) const BUCKETS: usize = 16;

/// Upper bounds of buckets, in seconds, rising.
pub(super) type Bounds = [f64; BUCKETS];

/// One instrument, as it is shown and sent.
pub(super) trait Instrument: Sync {
    /// What is known about it.
    #[cfg(test)]
    fn about(&self) -> &About;
    /// Appends it in Prometheus' text format.
    fn write(&self, out: &mut String);
    /// Makes it known to a meter that exports.
    fn export(&'static self, meter: &Meter);
}

/// What is known about an instrument.
#[derive(Debug)]
pub struct About {
    /// As OpenTelemetry has it: words with dots.
    pub(super) name: &'static str,
    /// A UCUM unit.
    pub(super) unit: &'static str,
    /// Sentences for people.
    pub(super) help: &'static str,
    /// What its series differ in, if it has more than one.
    pub(super) label: Option<Label>,
    /// The buckets of a histogram.
    pub(super) bounds: &'static Bounds,
}

/// What the series of an instrument differ in.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) name: &'static str,
    pub(super) values: &'static [&'static str],
}

impl About {
    /// The series of these label values: in order of the list, then `other`, which takes what the list does not name.
    pub(super) fn series(&self, labels: &[&'static str]) -> usize {
        let Some(label) = &self.label else {
            debug_assert!(labels.is_empty(), "{} has no label", self.name);
            return 0;
        };
        let place = label.values.iter().position(|value| labels == [*value]);
        debug_assert!(place.is_some(), "{} is not declared with {labels:?}", self.name);
        place.unwrap_or(label.values.len())
    }

    /// Each series with its label and value; without a label there is one.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, Option<(&'static str, &'static str)>)> {
        let (name, values) = self.label.as_ref().map_or(("", &[][..]), |l| (l.name, l.values));
        let labelled = values.iter().chain(self.label.as_ref().map(|_| &"other"));
        let lone = self.label.is_none().then_some((0, None));
        let labelled = labelled.enumerate().map(move |(at, value)| (at, Some((name, *value))));
        labelled.chain(lone)
    }

    /// Whether a series is the one for what the list does not name.
    pub(super) fn is_other(&self, series: usize) -> bool {
        self.label.as_ref().is_some_and(|label| series == label.values.len())
    }
}

/// A label as OpenTelemetry has it.
pub(super) fn attributes(label: Option<(&'static str, &'static str)>) -> Vec<KeyValue> {
    label
        .into_iter()
        .map(|(name, value)| KeyValue::new(name, value))
        .collect()
}

/// How often something took how long.
#[derive(Debug)]
pub(super) struct Distribution {
    /// In each bucket, and above the last bound.
    counts: [AtomicU64; BUCKETS + 1],
    nanoseconds: AtomicU64,
}

impl Distribution {
    pub(super) const fn new() -> Self {
        Self {
            counts: [const { AtomicU64::new(0) }; BUCKETS + 1],
            nanoseconds: AtomicU64::new(0),
        }
    }

    pub(super) fn record(&self, seconds: f64, bounds: &Bounds) {
        let nanoseconds = Duration::try_from_secs_f64(seconds).unwrap_or_default().as_nanos();
        let bucket = bounds.partition_point(|bound| *bound < seconds);
        self.counts[bucket].fetch_add(1, Relaxed);
        self.nanoseconds
            .fetch_add(u64::try_from(nanoseconds).unwrap_or_default(), Relaxed);
    }

    /// How often anything was recorded within each bound, and at all.
    pub(super) fn cumulated(&self) -> [u64; BUCKETS + 1] {
        let mut total = 0;
        std::array::from_fn(|bucket| {
            total += self.counts[bucket].load(Relaxed);
            total
        })
    }

    pub(super) fn count(&self) -> u64 {
        self.cumulated()[BUCKETS]
    }

    /// In seconds.
    pub(super) fn sum(&self) -> f64 {
        Duration::from_nanos(self.nanoseconds.load(Relaxed)).as_secs_f64()
    }
}

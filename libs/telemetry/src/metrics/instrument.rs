//! The instruments: constants of atomics, so that counting is one addition, without a lock, a hash or an allocation.

use super::{
    series::{About, Distribution, Instrument, SERIES, attributes},
    text::Page,
};
use opentelemetry::metrics::Meter;
use std::sync::{
    OnceLock,
    atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
};

/// Counts what happened.
#[derive(Debug)]
pub struct Counter {
    about: About,
    series: [AtomicU64; SERIES],
}

impl Counter {
    pub(super) const fn new(about: About) -> Self {
        Self {
            about: checked(about),
            series: [const { AtomicU64::new(0) }; SERIES],
        }
    }

    /// Counts `n` more. `labels` holds one of the label's declared values, or nothing where there is no label.
    pub fn add(&self, n: u64, labels: &[&'static str]) {
        self.series[self.about.series(labels)].fetch_add(n, Relaxed);
    }

    /// How many were counted since the process began.
    pub fn get(&self, labels: &[&'static str]) -> u64 {
        self.series[self.about.series(labels)].load(Relaxed)
    }
}

impl Instrument for Counter {
    #[cfg(test)]
    fn about(&self) -> &About {
        &self.about
    }

    fn write(&self, out: &mut String) {
        let mut page = Page::begin(out, &self.about, "counter");
        for (at, label) in self.about.all() {
            let value = self.series[at].load(Relaxed);
            if value > 0 || !self.about.is_other(at) {
                page.sample("", label.as_slice(), value);
            }
        }
    }

    fn export(&'static self, meter: &Meter) {
        meter
            .u64_observable_counter(self.about.name)
            .with_unit(self.about.unit)
            .with_description(self.about.help)
            .with_callback(|observer| {
                for (at, label) in self.about.all() {
                    observer.observe(self.series[at].load(Relaxed), &attributes(label));
                }
            })
            .build();
    }
}

/// How many there are now.
#[derive(Debug)]
pub struct UpDown {
    about: About,
    series: [AtomicI64; SERIES],
}

impl UpDown {
    pub(super) const fn new(about: About) -> Self {
        Self {
            about: checked(about),
            series: [const { AtomicI64::new(0) }; SERIES],
        }
    }

    /// `n` more, or fewer. `labels` holds one of the label's declared values, or nothing where there is no label.
    pub fn add(&self, n: i64, labels: &[&'static str]) {
        self.series[self.about.series(labels)].fetch_add(n, Relaxed);
    }

    /// How many there are.
    pub fn get(&self, labels: &[&'static str]) -> i64 {
        self.series[self.about.series(labels)].load(Relaxed)
    }

    /// A part of the whole that its holder keeps up to date, and that is gone with it.
    pub fn share(&'static self, labels: &[&'static str]) -> Share {
        Share {
            series: &self.series[self.about.series(labels)],
            held: 0,
        }
    }
}

impl Instrument for UpDown {
    #[cfg(test)]
    fn about(&self) -> &About {
        &self.about
    }

    fn write(&self, out: &mut String) {
        let mut page = Page::begin(out, &self.about, "gauge");
        for (at, label) in self.about.all() {
            let value = self.series[at].load(Relaxed);
            if value != 0 || !self.about.is_other(at) {
                page.sample("", label.as_slice(), value);
            }
        }
    }

    fn export(&'static self, meter: &Meter) {
        meter
            .i64_observable_up_down_counter(self.about.name)
            .with_unit(self.about.unit)
            .with_description(self.about.help)
            .with_callback(|observer| {
                for (at, label) in self.about.all() {
                    observer.observe(self.series[at].load(Relaxed), &attributes(label));
                }
            })
            .build();
    }
}

/// One holder's part of an [`UpDown`]: zero at first, and taken back when dropped.
#[derive(Debug)]
pub struct Share {
    series: &'static AtomicI64,
    held: i64,
}

impl Share {
    /// Makes the part this large.
    pub fn set(&mut self, n: i64) {
        self.series.fetch_add(n - self.held, Relaxed);
        self.held = n;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// How often something took how long.
#[derive(Debug)]
pub struct Histogram {
    about: About,
    series: [Distribution; SERIES],
    /// OpenTelemetry has no histogram that is asked; so it is told, once somebody exports.
    exported: OnceLock<opentelemetry::metrics::Histogram<f64>>,
}

impl Histogram {
    pub(super) const fn new(about: About) -> Self {
        Self {
            about: checked(about),
            series: [const { Distribution::new() }; SERIES],
            exported: OnceLock::new(),
        }
    }

    /// It took this long once more. `labels` holds one of the label's declared values, or nothing where there is no label.
    pub fn record(&self, seconds: f64, labels: &[&'static str]) {
        let at = self.about.series(labels);
        self.series[at].record(seconds, self.about.bounds);
        if let Some(exported) = self.exported.get() {
            let label = self.about.all().find(|(series, _)| *series == at);
            exported.record(seconds, &attributes(label.and_then(|(_, label)| label)));
        }
    }

    /// How often something was recorded since the process began.
    pub fn count(&self, labels: &[&'static str]) -> u64 {
        self.series[self.about.series(labels)].count()
    }
}

impl Instrument for Histogram {
    #[cfg(test)]
    fn about(&self) -> &About {
        &self.about
    }

    fn write(&self, out: &mut String) {
        let mut page = Page::begin(out, &self.about, "histogram");
        for (at, label) in self.about.all() {
            if self.series[at].count() > 0 || !self.about.is_other(at) {
                page.distribution(label.as_slice(), &self.series[at], self.about.bounds);
            }
        }
    }

    fn export(&'static self, meter: &Meter) {
        self.exported.get_or_init(|| exported(&self.about, meter));
    }
}

/// The same histogram where it is exported from.
pub(super) fn exported(about: &About, meter: &Meter) -> opentelemetry::metrics::Histogram<f64> {
    meter
        .f64_histogram(about.name)
        .with_unit(about.unit)
        .with_description(about.help)
        .with_boundaries(about.bounds.to_vec())
        .build()
}

/// Fails to compile where a label has more values than there is room for.
pub(super) const fn checked(about: About) -> About {
    if let Some(label) = &about.label {
        assert!(label.values.len() < SERIES);
    }
    about
}

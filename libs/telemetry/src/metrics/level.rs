//! An instrument for what is as it is, and not a sum over those who have a part in it.

use super::{
    instrument::checked,
    series::{About, Instrument, SERIES, attributes},
    text::Page,
};
use opentelemetry::metrics::Meter;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What cannot be measured at the moment; shown nowhere.
const NOTHING: u64 = f64::NAN.to_bits();

/// How much something is now, as whoever knows it last said. A series that nobody has set is not shown.
#[derive(Debug)]
pub struct Gauge {
    about: About,
    series: [AtomicU64; SERIES],
}

impl Gauge {
    pub(super) const fn new(about: About) -> Self {
        Self {
            about: checked(about),
            series: [const { AtomicU64::new(NOTHING) }; SERIES],
        }
    }

    /// It is this much from now on. `labels` holds one of the label's declared values, or nothing where there is no label.
    pub fn set(&self, value: f64, labels: &[&'static str]) {
        self.series[self.about.series(labels)].store(value.to_bits(), Relaxed);
    }

    /// Nobody knows it any more.
    pub fn clear(&self, labels: &[&'static str]) {
        self.set(f64::from_bits(NOTHING), labels);
    }

    /// How much it is; `None` if nobody knows.
    pub fn get(&self, labels: &[&'static str]) -> Option<f64> {
        self.known(self.about.series(labels))
    }

    fn known(&self, series: usize) -> Option<f64> {
        Some(f64::from_bits(self.series[series].load(Relaxed))).filter(|value| !value.is_nan())
    }
}

impl Instrument for Gauge {
    #[cfg(test)]
    fn about(&self) -> &About {
        &self.about
    }

    fn write(&self, out: &mut String) {
        let mut page = Page::begin(out, &self.about, "gauge");
        for (at, label) in self.about.all() {
            if let Some(value) = self.known(at) {
                page.sample("", label.as_slice(), value);
            }
        }
    }

    fn export(&'static self, meter: &Meter) {
        meter
            .f64_observable_gauge(self.about.name)
            .with_unit(self.about.unit)
            .with_description(self.about.help)
            .with_callback(|observer| {
                for (at, label) in self.about.all() {
                    if let Some(value) = self.known(at) {
                        observer.observe(value, &attributes(label));
                    }
                }
            })
            .build();
    }
}

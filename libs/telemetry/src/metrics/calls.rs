//! How long calls took, by rpc and by how they ended. Only rpcs that this build knows have a name here: whoever calls made-up
//! ones makes no series.

use super::{
    instrument::exported,
    series::{About, BOUNDS, Distribution, Instrument},
    text::Page,
};
use opentelemetry::{
    KeyValue,
    metrics::{Histogram, Meter},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

/// The code of a call whose caller left.
pub(crate) const CANCELLED: u8 = 1;

/// The code of a call that ended without one.
pub(crate) const UNKNOWN: u8 = 2;

/// gRPC's name of a code.
pub(crate) fn code_name(code: u8) -> &'static str {
    CODES.get(usize::from(code)).unwrap_or(&CODES[usize::from(UNKNOWN)])
}

/// The names of gRPC's codes.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// What OpenTelemetry calls a method that is not known.
pub(crate) const OTHER: &str = "_OTHER";

/// A histogram of calls. Series are made when they are first needed: most rpcs end in two or three ways.
#[derive(Debug)]
pub(crate) struct Calls {
    about: About,
    series: RwLock<BTreeMap<(&'static str, u8), Arc<Series>>>,
    exported: OnceLock<Histogram<f64>>,
}

#[derive(Debug)]
struct Series {
    labels: [(&'static str, &'static str); 3],
    attributes: [KeyValue; 3],
    distribution: Distribution,
}

impl Calls {
    pub(super) const fn new(name: &'static str, help: &'static str) -> Self {
        Self {
            about: About {
                name,
                unit: "s",
                help,
                label: None,
                bounds: &BOUNDS,
            },
            series: RwLock::new(BTreeMap::new()),
            exported: OnceLock::new(),
        }
    }

    /// A call of `method` (`package.Service/Method`; `None` for one that is not known) ended with that gRPC code.
    pub(crate) fn record(&self, method: Option<&'static str>, code: u8, seconds: f64) {
        let code = if usize::from(code) < CODES.len() { code } else { UNKNOWN };
        let series = self.series((method.unwrap_or(OTHER), code));
        series.distribution.record(seconds, self.about.bounds);
        if let Some(exported) = self.exported.get() {
            exported.record(seconds, &series.attributes);
        }
    }

    /// How many calls of `method` ended with that code.
    #[cfg(test)]
    pub(crate) fn count(&self, method: &'static str, code: u8) -> u64 {
        self.series((method, code)).distribution.count()
    }

    fn series(&self, key: (&'static str, u8)) -> Arc<Series> {
        let known = self
            .series
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        known.unwrap_or_else(|| {
            let mut all = self.series.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(key).or_insert_with(|| Arc::new(Series::new(key))))
        })
    }
}

impl Series {
    fn new((method, code): (&'static str, u8)) -> Self {
        let labels = [
            ("rpc.method", method),
            ("rpc.response.status_code", code_name(code)),
            ("rpc.system.name", "grpc"),
        ];
        Self {
            labels,
            attributes: labels.map(|(name, value)| KeyValue::new(name, value)),
            distribution: Distribution::new(),
        }
    }
}

impl Instrument for Calls {
    #[cfg(test)]
    fn about(&self) -> &About {
        &self.about
    }

    fn write(&self, out: &mut String) {
        let mut page = Page::begin(out, &self.about, "histogram");
        for series in self.series.read().unwrap_or_else(PoisonError::into_inner).values() {
            page.distribution(&series.labels, &series.distribution, self.about.bounds);
        }
    }

    fn export(&'static self, meter: &Meter) {
        self.exported.get_or_init(|| exported(&self.about, meter));
    }
}

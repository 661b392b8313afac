//! Prometheus' text format, version 0.0.4.

use super::{
    TABLE,
    series::{About, BUCKETS, Bounds, Distribution},
};
use std::fmt::{Display, Write as _};

/// Every instrument as Prometheus scrapes it (`text/plain; version=0.0.4`).
pub fn text() -> String {
    let mut out = String::with_capacity(16 * 1024);
    for instrument in TABLE {
        instrument.write(&mut out);
    }
    out
}

/// One instrument's part of the text.
pub(super) struct Page<'a> {
    out: &'a mut String,
    name: String,
}

impl<'a> Page<'a> {
    pub(super) fn begin(out: &'a mut String, about: &About, kind: &str) -> Self {
        let name = name(about, kind);
        let help = about.help.trim();
        put(out, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        Self { out, name }
    }

    pub(super) fn sample(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let Self { out, name } = self;
        put(out, format_args!("{name}{suffix}"));
        for (at, (label, value)) in labels.iter().enumerate() {
            let separator = if at == 0 { '{' } else { ',' };
            put(out, format_args!("{separator}{}=\"{value}\"", label.replace('.', "_")));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        put(out, format_args!("{end} {value}\n"));
    }

    pub(super) fn distribution(&mut self, labels: &[(&str, &str)], distribution: &Distribution, bounds: &Bounds) {
        let counts = distribution.cumulated();
        let bounds = bounds.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(counts) {
            let mut labels = labels.to_vec();
            labels.push(("le", &bound));
            self.sample("_bucket", &labels, count);
        }
        self.sample("_sum", labels, distribution.sum());
        self.sample("_count", labels, counts[BUCKETS]);
    }
}

/// As OpenTelemetry's names become Prometheus': underscores, the unit's name if it has one, `_total` for counters.
fn name(about: &About, kind: &str) -> String {
    let unit = if about.unit == "s" { "_seconds" } else { "" };
    let total = if kind == "counter" { "_total" } else { "" };
    format!("{}{unit}{total}", about.name.replace('.', "_"))
}

fn put(out: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing into a string can not fail.
    let _ = out.write_fmt(what);
}

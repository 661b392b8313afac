//! Hands every instrument to a meter that exports.

use super::TABLE;
use opentelemetry::metrics::Meter;

/// From now on `meter` sees everything. Counters show what they counted before too, histograms only what comes.
pub(crate) fn export(meter: &Meter) {
    for instrument in TABLE {
        instrument.export(meter);
    }
}

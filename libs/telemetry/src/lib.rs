//! Logs, traces, metrics and their propagation: how a process begins and ends its telemetry, the one tower layer that carries
//! W3C trace context in and out of every rpc and measures it, and the instruments of everything else. The only crate that
//! knows tracing-subscriber and OpenTelemetry.
#![deny(missing_docs)]

mod body;
mod call;
mod context;
mod fields;
mod ids;
mod layer;
pub mod metrics;
mod reports;
#[cfg(feature = "sink")]
pub mod sink;
mod spans;
mod start;
mod stopwatch;

pub use body::TracedBody;
pub use context::{current_traceparent, link, set_parent};
pub use layer::{Known, TraceLayer, Traced};
pub use start::{Format, Guard, Settings, init};
pub use stopwatch::Stopwatch;

//! Logs, traces and their propagation: how a process begins and ends its telemetry, and the one tower layer that carries
//! W3C trace context in and out of every rpc. The only crate that knows tracing-subscriber and OpenTelemetry.
#![deny(missing_docs)]

mod body;
mod context;
mod layer;
mod start;

pub use body::TracedBody;
pub use context::{current_traceparent, link, set_parent};
pub use layer::{TraceLayer, Traced};
pub use start::{Format, Guard, Settings, init};

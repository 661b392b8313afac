//! Telemetry of real processes: what is in logs and what never is, and whether metrics, their guide, the dashboard and the alert
//! rules speak of the same things.
#![allow(clippy::disallowed_methods)]

#[path = "telemetry/logs.rs"]
mod logs;
#[path = "telemetry/prometheus.rs"]
mod prometheus;
#[path = "telemetry/shown.rs"]
mod shown;
#[path = "telemetry/stage.rs"]
mod stage;

//! The service through its rpcs, with all layers, on a real database, beside a session that only records.
// A call that hangs on purpose runs beside its test, and waiting for reports looks again and again.
#![allow(missing_docs, clippy::disallowed_methods)]

mod access;
mod administrator;
mod choices;
mod cost;
mod crowds;
mod decisions;
mod deeds;
mod explain;
mod external;
mod fake_session;
mod history;
mod interactions;
mod lost;
mod methods;
mod observations;
mod offers;
mod opening;
mod ownership;
mod queue_changes;
mod queue_settings;
mod queues;
mod replicas;
mod reports;
mod revisions;
mod schedules;
mod settings;
mod skills;
mod slow;
mod utilization;
mod waits;
mod world;
mod wrap_up;

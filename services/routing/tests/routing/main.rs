//! The service through its rpcs, with all layers, on a real database, beside a session that only records.
// A call that hangs on purpose runs beside its test, and waiting for reports looks again and again.
#![allow(missing_docs, clippy::disallowed_methods)]

mod access;
mod administrator;
mod explain;
mod fake_session;
mod offers;
mod ownership;
mod queue_changes;
mod queues;
mod replicas;
mod skills;
mod slow;
mod utilization;
mod world;

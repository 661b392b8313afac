//! What would happen: a seeded simulation of a contact centre in which the routing engine itself decides. A scenario (TOML)
//! says who comes, how long they are talked to, how long they have patience, and who is there to answer; what comes out are
//! service level, waits, abandonment and occupancy, with intervals of confidence, as a table, as data and as plots.
//!
//! Pure like the engine that it drives: text in, [`Report`] out; reading files, keeping cores busy and telling people how far
//! it is are left to its shell. The same scenario and seed give the same figures everywhere.
#![deny(missing_docs)]

mod calendar;
mod chance;
mod contacts;
mod crew;
mod gauges;
mod mistake;
mod model;
mod observer;
mod plot;
mod report;
mod run;
mod scenario;
mod statistics;
mod table;
mod tally;

pub use mistake::Mistake;
pub use model::Model;
pub use observer::Observer;
pub use plot::{Plot, plots};
pub use report::{Interval, Line, Outcome, Report, Staff};
pub use scenario::{Scenario, Variant};
pub use statistics::{CONFIDENCE, Estimate};
pub use table::table;
pub use tally::Tally;

/// Time within a simulation: nanoseconds since it began. The engine is told whole milliseconds, rounded down; what happens
/// within one keeps its order, and everything that is measured is measured in these.
pub type Nanos = u64;

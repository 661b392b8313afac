//! The chassis: what a service gets so that it is only a name, a settings type and a bind function. Time, ids, tasks,
//! settings, authentication, limits, error mapping, health and lifecycle live here; what a service means lives in it.
#![deny(missing_docs)]

mod call;
mod clock;
mod context;
mod handler;
mod health;
mod ids;
mod layers;
mod lifecycle;
pub mod listener;
mod network;
mod paced;
pub mod resource;
pub mod settings;
mod status;
mod tally;
mod tasks;

pub use call::{Peer, caller, optional_caller, service_caller};
pub use clock::{Clock, ManualClock};
pub use context::{Bound, Context, InProcess};
pub use handler::{Handler, in_process};
pub use health::{LIVENESS, Probes, READINESS, with_health, with_reflection};
pub use ids::Ids;
pub use layers::{
    Deadline, FROM_OUTSIDE, Layered, Limits, Remaining, admit, as_peer, bearer, deadline, layered, layered_door,
    layered_within, parse_timeout,
};
pub use lifecycle::{Ending, Latch, Readiness, ending, follow_database, follow_machine, serve_health, show_readiness};
pub use network::{Network, subscriber};
pub use paced::paced;
pub use status::{status, too_large};
pub use tally::{Held, Tally};
pub use tasks::Tasks;

//! A service in other processes, as its callers see it: real listeners with real certificates, each on a thread of its own,
//! so that it can be killed and paused like a process.
#![allow(clippy::disallowed_methods)] // Peers need threads of their own, and what is measured is measured by another clock.

mod affinity;
mod carried;
mod credentials;
mod deadlines;
mod faults;
mod peer;
mod streams;
mod world;

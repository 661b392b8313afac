//! What the tests of the whole share: the binary as a process, an embedded cluster, and clients of both.
#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::missing_panics_doc
)]

pub mod cluster;
pub mod history;
pub mod installation;
pub mod load;
pub mod memory;
pub mod people;
pub mod process;
pub mod proxy;
pub mod raw;
pub mod scenario;

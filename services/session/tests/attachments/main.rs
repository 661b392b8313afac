//! Files in conversations through real gRPC, with the gateway's and the scanner's part played by the test.
#![allow(clippy::disallowed_methods)] // the scanner is a server of its own

#[path = "../files/mod.rs"]
mod files;
#[path = "../support/mod.rs"]
mod support;

mod serving;
mod uploads;
mod verdicts;

use onqueue_proto::session::v1::{Event, event::Body};

/// The names of the files of which a log tells.
pub fn told(log: &[Event]) -> Vec<String> {
    let name = |event: &Event| match event.body.as_ref() {
        Some(Body::AttachmentAdded(added)) => Some(added.name.clone()),
        _ => None,
    };
    log.iter().filter_map(name).collect()
}

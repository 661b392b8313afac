//! How many streams one caller may have open at once.

use super::rates::Who;
use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt as _;
use onqueue_model::{Fault, Reason};
use onqueue_proto::method;
use onqueue_server::{Tally, status};
use onqueue_telemetry::metrics::{OPEN_STREAMS, SHED};
use std::time::Duration;

/// When to try again: streams end when somebody ends them.
const WAIT: Duration = Duration::from_secs(1);

/// The open streams of each caller.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    most: u32,
    open: Tally<Who>,
}

impl Streams {
    pub(super) fn new(most: u32) -> Self {
        Self {
            most,
            open: Tally::default(),
        }
    }
}

/// RESOURCE_EXHAUSTED / RATE_LIMITED for a caller who has as many streams as they may. A stream counts until its answer is
/// dropped. What this build does not know may be a stream, and counts as one.
pub(super) async fn limit(State(streams): State<Streams>, request: Request, next: Next) -> Response {
    if method(request.uri().path()).is_some_and(|method| !method.streams) {
        return next.run(request).await;
    }
    let Some(held) = streams.open.take(Who::of(request.extensions()), streams.most) else {
        SHED.add(1, &["streams"]);
        return status(too_many(streams.most)).into_http();
    };
    let mut open = OPEN_STREAMS.share(&[]);
    open.set(1);
    let answer = next.run(request).await;
    answer.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _held = (&held, &open);
            frame
        }))
    })
}

fn too_many(most: u32) -> Fault {
    let message = format!("{most} streams are open already; end one first");
    Fault::new(Reason::RateLimited, message).with_retry_after(WAIT)
}

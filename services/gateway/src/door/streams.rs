//! How many streams one caller may have open at once.

use super::rates::Who;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use onqueue_model::{Fault, Reason};
use onqueue_proto::method;
use onqueue_server::{Held, Tally};
use onqueue_telemetry::metrics::{OPEN_STREAMS, SHED, Share};
use std::time::Duration;
use tonic::body::Body;

/// When to try again: streams end when somebody ends them.
const WAIT: Duration = Duration::from_secs(1);

/// The open streams of each caller.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    most: u32,
    open: Tally<Who>,
}

/// A caller's open stream.
pub(super) struct Open {
    _held: Held<Who>,
    _counted: Share,
}

impl Streams {
    pub(super) fn new(most: u32) -> Self {
        Self {
            most,
            open: Tally::default(),
        }
    }

    /// One more for the caller, if the call is a stream: what this build does not know may be one, and counts. RATE_LIMITED
    /// for a caller who has as many as they may.
    pub(super) fn open(&self, request: &Request<Body>) -> Result<Option<Open>, Fault> {
        if method(request.uri().path()).is_some_and(|method| !method.streams) {
            return Ok(None);
        }
        let Some(held) = self.open.take(Who::of(request.extensions()), self.most) else {
            SHED.add(1, &["streams"]);
            return Err(too_many(self.most));
        };
        let mut counted = OPEN_STREAMS.share(&[]);
        counted.set(1);
        Ok(Some(Open {
            _held: held,
            _counted: counted,
        }))
    }
}

impl Open {
    /// It counts until its answer is dropped.
    pub(super) fn until_dropped(self, answer: Response<Body>) -> Response<Body> {
        answer.map(|body| {
            Body::new(body.map_frame(move |frame| {
                let _open = &self;
                frame
            }))
        })
    }
}

fn too_many(most: u32) -> Fault {
    let message = format!("{most} streams are open already; end one first");
    Fault::new(Reason::RateLimited, message).with_retry_after(WAIT)
}

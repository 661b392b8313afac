//! What a caller holds of a call that it has left.

use super::Shared;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use onqueue_proto::carrier::Answer;
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::oneshot;
use tonic::body::Body;

/// What became of a call.
pub(in crate::remote) enum Outcome {
    Answered(http::Response<Body>),
    /// Nothing has been done, and will not.
    Refused,
    /// Nothing has been done; it needs a stream of its own.
    Apart,
    /// Nobody knows.
    Lost,
}

/// Gives the outcome. Dropped before, it takes the call back.
pub(in crate::remote) struct Ticket {
    id: u32,
    answer: oneshot::Receiver<Outcome>,
    /// Gone when there is an outcome.
    left: Option<Arc<Shared>>,
}

impl Ticket {
    pub(super) const fn new(id: u32, answer: oneshot::Receiver<Outcome>, shared: Arc<Shared>) -> Self {
        Self {
            id,
            answer,
            left: Some(shared),
        }
    }
}

impl Future for Ticket {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let this = &mut *self;
        Pin::new(&mut this.answer).poll(cx).map(|outcome| {
            this.left = None;
            outcome.unwrap_or(Outcome::Lost)
        })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(left) = self.left.take() {
            left.cancel(self.id);
        }
    }
}

/// The answer as others take it; `None` if it has no status, as what broke off.
pub(super) fn response(answer: Answer) -> Option<http::Response<Body>> {
    let is_told = |headers: &HeaderMap| headers.contains_key("grpc-status");
    if !is_told(&answer.headers) && !answer.trailers.as_ref().is_some_and(is_told) {
        return None;
    }
    let whole = Whole {
        body: Some(answer.body).filter(|body| !body.is_empty()),
        trailers: answer.trailers,
    };
    let body = match http_body::Body::is_end_stream(&whole) {
        true => Body::empty(),
        false => Body::new(whole),
    };
    let mut response = http::Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    *response.version_mut() = http::Version::HTTP_2;
    Some(response)
}

/// The body of an answer that has come whole.
struct Whole {
    body: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.body.take().map(Frame::data);
        let frame = data.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.body.as_ref().map_or(0, |body| body.len() as u64))
    }
}

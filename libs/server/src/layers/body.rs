//! Bodies under guard: a request that may not grow past its limit, a response that ends with a status when its deadline
//! passes or its stream panics.

use super::{exceeded, panicked};
use crate::{listener::Closing, status::closing, too_large};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Status, body::Body};

/// Bytes in front of each message: a flag and the length.
pub(super) const PREFIX: usize = 5;

/// A request body that fails once it has brought more than its limit, or has not ended in time.
pub(super) struct LimitedRequest {
    inner: Body,
    left: usize,
    limit: usize,
    within: Duration,
    /// Runs from when something was first missing.
    patience: Option<Pin<Box<Sleep>>>,
}

impl LimitedRequest {
    pub(super) fn new(inner: Body, limit: usize, within: Duration) -> Self {
        Self {
            inner,
            left: limit + PREFIX,
            limit,
            within,
            patience: None,
        }
    }
}

impl http_body::Body for LimitedRequest {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) else {
            let patience = this.patience.get_or_insert_with(|| Box::pin(sleep(this.within)));
            return patience.as_mut().poll(cx).map(|()| Some(Err(exceeded())));
        };
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            let Some(left) = this.left.checked_sub(data.len()) else {
                return Poll::Ready(Some(Err(too_large(this.limit))));
            };
            this.left = left;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A response body that is cut, with a status in its trailers, at its deadline, when its connection closes or when producing
/// it panics.
pub(super) struct GuardedResponse {
    /// Gone once it was cut: dropping it is what tells the handler.
    inner: Option<Body>,
    timer: Option<Pin<Box<Sleep>>>,
    closing: Option<Closing>,
    /// Told when it is; as long as something is waited for.
    closed: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    path: String,
}

impl GuardedResponse {
    pub(super) fn new(inner: Body, timer: Option<Pin<Box<Sleep>>>, closing: Option<Closing>, path: String) -> Self {
        Self {
            inner: Some(inner),
            timer,
            closing,
            closed: None,
            path,
        }
    }

    /// Whether its connection closes; the task is told when it does.
    fn closes(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(closing) = &self.closing else {
            return false;
        };
        let closed = || Box::pin(CancellationToken::clone(&closing.0).cancelled_owned());
        self.closed.get_or_insert_with(closed).as_mut().poll(cx).is_ready()
    }

    fn cut(&mut self, status: &Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.inner = None;
        let mut trailers = HeaderMap::new();
        Poll::Ready(Some(
            status.add_header(&mut trailers).map(|()| Frame::trailers(trailers)),
        ))
    }
}

impl http_body::Body for GuardedResponse {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(None);
        };
        if this
            .timer
            .as_mut()
            .is_some_and(|timer| timer.as_mut().poll(cx).is_ready())
        {
            return this.cut(&exceeded());
        }
        if this.closing.as_ref().is_some_and(|closing| closing.0.is_cancelled()) {
            return this.cut(&closing());
        }
        match catch_unwind(AssertUnwindSafe(|| Pin::new(inner).poll_frame(cx))) {
            Ok(Poll::Pending) if this.closes(cx) => this.cut(&closing()),
            Ok(frame) => frame,
            Err(panic) => {
                let status = panicked(&this.path, panic.as_ref());
                this.cut(&status)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

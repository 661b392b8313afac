//! A response body that keeps its call going until the last frame.

use crate::call::Call;
use http_body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// A body within a call.
#[derive(Debug)]
pub struct TracedBody<B> {
    inner: B,
    call: Call,
}

impl<B> TracedBody<B> {
    pub(crate) const fn new(inner: B, call: Call) -> Self {
        Self { inner, call }
    }
}

impl<B: Body + Unpin> Body for TracedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let Self { inner, call } = &mut *self;
        let frame = {
            let _entered = call.span().enter();
            Pin::new(inner).poll_frame(cx)
        };
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    call.ended_by(trailers);
                }
            }
            Poll::Ready(Some(Err(_)) | None) => call.is_over(),
            Poll::Pending => {}
        }
        frame
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }
}

//! Bodies of answers: they hold their place on the connection until they end or nobody wants them, and always end with a
//! status.

use super::connection::Place;
use crate::refusal;
use bytes::Bytes;
use h2::RecvStream;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::time::Sleep;
use tonic::{Status, body::Body};

/// An answer on its way.
pub(super) struct Reply {
    /// Gone when it has ended; dropping the stream is what tells the other side that nobody wants the rest.
    rest: Option<(RecvStream, Place)>,
    timer: Option<Pin<Box<Sleep>>>,
    service: &'static str,
    /// Whether the status has come.
    settled: bool,
}

impl Reply {
    pub(super) fn new(body: RecvStream, place: Place, settled: bool) -> Self {
        let service = place.endpoint().service();
        Self {
            rest: Some((body, place)),
            timer: None,
            service,
            settled,
        }
    }

    /// The same, cut when the timer has run out.
    pub(super) fn until(mut self, timer: Option<Pin<Box<Sleep>>>) -> Self {
        self.timer = timer;
        self
    }

    /// As others take it. What has ended holds no place.
    pub(super) fn into_body(self) -> Body {
        let ended = self.settled && self.rest.as_ref().is_none_or(|(body, _)| body.is_end_stream());
        if ended { Body::empty() } else { Body::new(self) }
    }

    /// The end, with a status of ours.
    fn end_with(&mut self, status: &Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.rest = None;
        let mut trailers = HeaderMap::new();
        let trailers = status.add_header(&mut trailers).map(|()| Frame::trailers(trailers));
        Poll::Ready(Some(trailers))
    }
}

impl http_body::Body for Reply {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let Some((body, _)) = &mut this.rest else {
            return Poll::Ready(None);
        };
        let Poll::Ready(frame) = next(body, cx) else {
            let Some(timer) = &mut this.timer else {
                return Poll::Pending;
            };
            ready!(timer.as_mut().poll(cx));
            return this.end_with(&refusal::exceeded(this.service));
        };
        match frame {
            Some(Ok(frame)) => {
                if frame.is_trailers() {
                    this.rest = None;
                }
                Poll::Ready(Some(Ok(frame)))
            }
            None if this.settled => {
                this.rest = None;
                Poll::Ready(None)
            }
            ended => {
                if let Some(Err(error)) = ended {
                    tracing::debug!(service = this.service, %error, "an answer was lost");
                }
                this.end_with(&refusal::lost(this.service))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.rest {
            None => true,
            Some((body, _)) => self.settled && body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self.rest {
            None => SizeHint::with_exact(0),
            Some(_) => SizeHint::default(),
        }
    }
}

/// What comes next; room is made for as much again.
fn next(body: &mut RecvStream, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
    Poll::Ready(match ready!(body.poll_data(cx)) {
        Some(Ok(data)) => {
            // It is as much as came: the library has nothing to say against it.
            let _ = body.flow_control().release_capacity(data.len());
            Some(Ok(Frame::data(data)))
        }
        Some(Err(error)) => Some(Err(error)),
        None => ready!(body.poll_trailers(cx))
            .map(|trailers| trailers.map(Frame::trailers))
            .transpose(),
    })
}

//! Bodies of answers: they hold their place on the connection until they end or nobody wants them, and always end with a
//! status.

use super::connection::Place;
use crate::refusal;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
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
    rest: Option<(Incoming, Place)>,
    timer: Option<Pin<Box<Sleep>>>,
    service: &'static str,
    /// Whether the status has come.
    settled: bool,
}

impl Reply {
    pub(super) fn new(body: Incoming, place: Place, timer: Option<Pin<Box<Sleep>>>, settled: bool) -> Self {
        let service = place.endpoint().service();
        Self {
            rest: Some((body, place)),
            timer,
            service,
            settled,
        }
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
        let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) else {
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
        self.rest
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), |(body, _)| body.size_hint())
    }
}

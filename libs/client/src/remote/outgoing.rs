//! Bodies of requests: held as a whole where that is possible, so that a request which was never sent can go elsewhere.

use bytes::{Bytes, BytesMut};
use futures::FutureExt as _;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tonic::{Status, body::Body};

/// A request of one message is there at once and not larger than this; whatever is, is sent on as it comes.
const MOST_HELD: usize = 1024 * 1024 + 64;

/// The body of a request on its way.
pub(super) enum Outgoing {
    /// All of it; `None` once it is taken.
    Held(Option<Bytes>),
    /// What had come at first, and the rest.
    Streamed(Option<Bytes>, Body),
}

impl Outgoing {
    /// Takes what `body` has at once. Its error, if that is one.
    // A refusal is the answer itself, not something to hand around.
    #[allow(clippy::result_large_err)]
    pub(super) fn new(mut body: Body) -> Result<Self, Status> {
        let mut held: Option<Bytes> = None;
        loop {
            if body.is_end_stream() {
                return Ok(Self::Held(held));
            }
            if held.as_ref().is_some_and(|held| held.len() > MOST_HELD) {
                return Ok(Self::Streamed(held, body));
            }
            match body.frame().now_or_never() {
                None => return Ok(Self::Streamed(held, body)),
                Some(None) => return Ok(Self::Held(held)),
                Some(Some(frame)) => held = append(held, frame?),
            }
        }
    }

    /// The same once more, if it is all there.
    pub(super) fn again(&self) -> Option<Self> {
        match self {
            Self::Held(all) => Some(Self::Held(all.clone())),
            Self::Streamed(..) => None,
        }
    }
}

/// Requests of gRPC have no trailers.
fn append(held: Option<Bytes>, frame: Frame<Bytes>) -> Option<Bytes> {
    let Ok(data) = frame.into_data() else {
        return held;
    };
    let Some(held) = held else {
        return Some(data);
    };
    let mut joined = BytesMut::with_capacity(held.len() + data.len());
    joined.extend_from_slice(&held);
    joined.extend_from_slice(&data);
    Some(joined.freeze())
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match &mut *self {
            Self::Held(held) => Poll::Ready(held.take().map(|data| Ok(Frame::data(data)))),
            Self::Streamed(first, rest) => match first.take() {
                Some(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
                None => Pin::new(rest).poll_frame(cx),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Held(held) => held.is_none(),
            Self::Streamed(first, rest) => first.is_none() && rest.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Held(held) => SizeHint::with_exact(held.as_ref().map_or(0, |data| data.len() as u64)),
            Self::Streamed(..) => SizeHint::default(),
        }
    }
}

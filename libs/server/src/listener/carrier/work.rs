//! One call of many on a stream: carried out, with its whole answer kept until it can be written.

use bytes::{Bytes, BytesMut};
use futures::{
    FutureExt as _,
    future::{AbortHandle, Abortable, BoxFuture, abortable},
};
use http::{HeaderMap, Response, response::Parts};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use onqueue_proto::carrier::{LARGEST_ANSWER, write_answer, write_lost, write_refused};
use std::{
    convert::Infallible,
    error::Error,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};
use tonic::{Status, body::Body};

/// A call on its way.
pub(super) type Work = Abortable<BoxFuture<'static, Done>>;

/// Ends it.
pub(super) type Leave = AbortHandle;

/// A call that is over.
pub(super) struct Done {
    pub(super) id: u32,
    pub(super) answer: Answer,
}

/// How it ended.
pub(super) enum Answer {
    Whole(Box<Whole>),
    /// Nothing has been done.
    Refused,
    /// It broke off.
    Lost,
}

/// An answer, all of it.
pub(super) struct Whole {
    head: Parts,
    body: Vec<Bytes>,
    trailers: Option<HeaderMap>,
}

/// The call whose answer that future gives.
pub(super) fn begin(
    id: u32,
    answered: impl Future<Output = Result<Response<Body>, Status>> + Send + 'static,
) -> (Work, Leave) {
    let work = async move {
        let answer = AssertUnwindSafe(carry_out(answered)).catch_unwind().await;
        let answer = answer.unwrap_or_else(|_| {
            tracing::error!("a call panicked in front of all layers");
            Answer::Lost
        });
        Done { id, answer }
    };
    abortable(work.boxed())
}

async fn carry_out(answered: impl Future<Output = Result<Response<Body>, Status>>) -> Answer {
    match answered.await {
        Ok(response) => whole(response)
            .await
            .map_or(Answer::Lost, |whole| Answer::Whole(Box::new(whole))),
        Err(status) if is_disowned(&status) => Answer::Refused,
        Err(_) => Answer::Lost,
    }
}

/// `None` if it breaks off, or is more than one answer may be.
async fn whole(response: Response<Body>) -> Option<Whole> {
    let (head, mut body) = response.into_parts();
    let mut whole = Whole {
        head,
        body: Vec::new(),
        trailers: None,
    };
    let mut length = 0;
    while !body.is_end_stream() {
        let Some(frame) = body.frame().await else { break };
        match frame.ok()?.into_data() {
            Ok(data) => {
                length += data.len();
                whole.body.push(data);
            }
            Err(frame) => whole.trailers = frame.into_trailers().ok(),
        }
        if length > LARGEST_ANSWER {
            return None;
        }
    }
    Some(whole)
}

/// Whether it is HTTP/2's promise that nothing has been done.
fn is_disowned(status: &Status) -> bool {
    let source = status.source().and_then(|source| source.downcast_ref::<h2::Error>());
    source.and_then(h2::Error::reason) == Some(h2::Reason::REFUSED_STREAM)
}

impl Answer {
    pub(super) fn write(&self, out: &mut BytesMut, id: u32) {
        match self {
            Self::Refused => write_refused(out, id),
            Self::Lost => write_lost(out, id),
            Self::Whole(whole) => {
                let (head, trailers) = (&whole.head, whole.trailers.as_ref());
                if !write_answer(out, id, head.status, &head.headers, &whole.body, trailers) {
                    tracing::warn!("an answer was too large for one");
                    write_lost(out, id);
                }
            }
        }
    }
}

/// The body of a request that has come whole.
pub(super) struct Asked(Option<Bytes>);

impl Asked {
    pub(super) fn new(body: Bytes) -> Self {
        Self(Some(body).filter(|body| !body.is_empty()))
    }
}

impl http_body::Body for Asked {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|body| Ok(Frame::data(body))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |body| body.len() as u64))
    }
}

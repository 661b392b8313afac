//! Unary calls of another service that come as frames of one stream: each becomes a request like any other, and its answer
//! a frame of the one response, in whatever order they are done. All of it happens where the stream is served: no task per
//! call, and what is done at the same time is written at once.

mod work;

use super::Remote;
use crate::{InProcess, Peer, listener::Closing};
use bytes::{Bytes, BytesMut};
use futures::stream::{FuturesUnordered, StreamExt as _};
use http::{Extensions, Method, Request, Response, Version, header::CONTENT_TYPE};
use http_body::{Body as _, Frame};
use onqueue_proto::{
    carrier::{self, Call, Frame as Word, LARGEST_CALL, MOST_CALLS, Reader, write_apart, write_refused},
    method,
};
use std::{
    collections::HashMap,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tonic::body::Body;
use tower::Service as _;
use work::{Done, Leave, Work};

/// Answers that wait to be written are, before more of them are made.
const ENOUGH: usize = 64 * 1024;

/// What each request of a connection has in its extensions.
#[derive(Clone)]
pub(super) struct Marks {
    pub(super) peer: Peer,
    pub(super) remote: Remote,
    pub(super) closing: Closing,
}

impl Marks {
    pub(super) fn extensions(&self) -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(self.peer);
        extensions.insert(self.remote);
        extensions.insert(self.closing.clone());
        extensions
    }
}

/// Whether it asks for the stream of frames.
pub(super) fn is_for<B>(request: &Request<B>) -> bool {
    request.uri().path() == carrier::PATH
}

/// The answer to that: as long as the other side has calls.
pub(super) fn carry(request: Request<Body>, service: InProcess, marks: Marks) -> Response<Body> {
    let carrier = Carrier {
        heard: Some(request.into_body()),
        reader: Reader::new(LARGEST_CALL),
        service,
        marks,
        work: FuturesUnordered::new(),
        leave: HashMap::new(),
        out: BytesMut::new(),
    };
    let mut response = Response::new(Body::new(carrier));
    let kind = http::HeaderValue::from_static(carrier::CONTENT_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

struct Carrier {
    /// What the other side says; gone when it has nothing more to say.
    heard: Option<Body>,
    reader: Reader,
    service: InProcess,
    marks: Marks,
    work: FuturesUnordered<Work>,
    /// How to end each call that goes on.
    leave: HashMap<u32, Leave>,
    out: BytesMut,
}

impl Carrier {
    /// Starts what has been asked for. Ready when the other side says what cannot be understood.
    fn listen(&mut self, cx: &mut Context<'_>) -> Poll<carrier::Malformed> {
        loop {
            loop {
                // Before a call is taken out of what came.
                if ready!(self.service.poll_ready(cx)).is_err() {
                    return Poll::Ready(carrier::Malformed);
                }
                match self.reader.frame() {
                    Ok(Some(word)) => self.hear(word),
                    Ok(None) => break,
                    Err(malformed) => return Poll::Ready(malformed),
                }
            }
            let Some(heard) = &mut self.heard else {
                return Poll::Pending;
            };
            match ready!(Pin::new(heard).poll_frame(cx)) {
                Some(Ok(frame)) => self.reader.push(frame.into_data().unwrap_or_default()),
                // Whoever has gone waits for nothing.
                Some(Err(_)) => return Poll::Ready(carrier::Malformed),
                None => self.heard = None,
            }
        }
    }

    fn hear(&mut self, word: Word) {
        match word {
            Word::Call(id, call) => self.begin(id, call),
            Word::Cancel(id) => {
                if let Some(leave) = self.leave.remove(&id) {
                    leave.abort();
                }
            }
            // Ours to say.
            Word::Answer(..) | Word::Refused(_) | Word::Apart(_) | Word::Lost(_) => {}
        }
    }

    fn begin(&mut self, id: u32, call: Call) {
        if method(call.uri.path()).is_some_and(|method| method.streams) {
            return write_apart(&mut self.out, id);
        }
        if self.leave.len() >= MOST_CALLS || self.leave.contains_key(&id) {
            return write_refused(&mut self.out, id);
        }
        let request = self.request(call);
        let (work, leave) = work::begin(id, self.service.call(request));
        self.work.push(work);
        self.leave.insert(id, leave);
    }

    fn request(&self, call: Call) -> Request<Body> {
        let body = work::Asked::new(call.body);
        let mut request = Request::new(Body::new(body));
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = call.uri;
        *request.headers_mut() = call.headers;
        *request.extensions_mut() = self.marks.extensions();
        request
    }

    /// Writes what is done; no more at once than is good.
    fn work(&mut self, cx: &mut Context<'_>) {
        while self.out.len() < ENOUGH {
            let Poll::Ready(Some(done)) = self.work.poll_next_unpin(cx) else {
                return;
            };
            // Who was left is not answered.
            if let Ok(Done { id, answer }) = done {
                self.leave.remove(&id);
                answer.write(&mut self.out, id);
            }
        }
    }
}

impl http_body::Body for Carrier {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        if this.listen(cx).is_ready() {
            tracing::debug!(remote = %this.marks.remote.0, "a carrier broke off");
            return Poll::Ready(None);
        }
        this.work(cx);
        if !this.out.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(this.out.split().freeze()))));
        }
        match this.heard.is_none() && this.work.is_empty() {
            true => Poll::Ready(None),
            false => Poll::Pending,
        }
    }
}

//! Answers on their way through: whole messages only, and always a status at the end. Whatever breaks off (the service, the
//! way to it, our own connection) then breaks off between two messages, and the client reads why instead of half a message.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response};
use http_body::{Body as _, Frame};
use onqueue_model::Fault;
use onqueue_server::status;
use onqueue_telemetry::metrics::STREAM_DROPPED;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use tonic::{Code, Status, body::Body};

/// Bytes in front of each message: a flag and the length.
const PREFIX: usize = 5;

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Single,
    Stream,
}

/// The answer in whole messages. One that is nothing but a status stays as it is, and so does one that is all there.
pub(super) fn whole(answer: Response<Body>, kind: Kind) -> Response<Body> {
    let is_there = answer.body().size_hint().exact().is_some_and(|length| length > 0);
    if is_there || answer.headers().contains_key("grpc-status") {
        return answer;
    }
    answer.map(|body| {
        Body::new(Whole {
            rest: Some(body),
            begun: BytesMut::new(),
            kind,
        })
    })
}

struct Whole {
    /// Gone when it has ended.
    rest: Option<Body>,
    /// The beginning of a message whose end has not come. The services bound their messages.
    begun: BytesMut,
    kind: Kind,
}

impl Whole {
    /// The whole messages that are there with these bytes; the rest is kept.
    fn take(&mut self, mut data: Bytes) -> Bytes {
        if self.begun.is_empty() {
            let messages = data.split_to(whole_messages(&data));
            self.begun.extend_from_slice(&data);
            return messages;
        }
        self.begun.extend_from_slice(&data);
        let length = whole_messages(&self.begun);
        self.begun.split_to(length).freeze()
    }

    fn end(&mut self, trailers: HeaderMap) -> Frame<Bytes> {
        self.rest = None;
        let code = trailers
            .get("grpc-status")
            .map(|code| Code::from_bytes(code.as_bytes()));
        if self.kind == Kind::Stream && code == Some(Code::Unavailable) {
            STREAM_DROPPED.add(1, &["moved"]);
        }
        Frame::trailers(trailers)
    }

    fn broke_off(&mut self, why: Option<&Status>) -> Result<Frame<Bytes>, Status> {
        let why = why.map_or("no status", Status::message);
        let told = status(Fault::unavailable(format_args!("an answer broke off: {why}")));
        let mut trailers = HeaderMap::new();
        told.add_header(&mut trailers).map(|()| self.end(trailers))
    }
}

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        loop {
            let Some(rest) = &mut this.rest else {
                return Poll::Ready(None);
            };
            let frame = match ready!(Pin::new(rest).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                None => return Poll::Ready(Some(this.broke_off(None))),
                Some(Err(why)) => return Poll::Ready(Some(this.broke_off(Some(&why)))),
            };
            let data = match frame.into_data() {
                Ok(data) => this.take(data),
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    return Poll::Ready(Some(Ok(this.end(trailers))));
                }
            };
            if !data.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none()
    }
}

/// How many of the bytes are whole messages.
fn whole_messages(bytes: &[u8]) -> usize {
    let mut whole = 0;
    while let Some([_, length @ ..]) = bytes[whole..].first_chunk::<PREFIX>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        match whole.checked_add(PREFIX).and_then(|start| start.checked_add(length)) {
            Some(end) if end <= bytes.len() => whole = end,
            _ => break,
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_up_to_the_last_whole_one() {
        let one = [&[0, 0, 0, 0, 3][..], b"abc"].concat();
        let empty = vec![0, 0, 0, 0, 0];
        for (bytes, whole) in [
            (vec![], 0),
            (vec![0, 0, 0, 0], 0),
            (one[..7].to_vec(), 0),
            (one.clone(), 8),
            (empty.clone(), 5),
            ([one.clone(), empty, one[..6].to_vec()].concat(), 13),
            ([one.clone(), one.clone(), vec![0]].concat(), 16),
            (vec![0, 255, 255, 255, 255, 1], 0),
        ] {
            assert_eq!(whole_messages(&bytes), whole, "{bytes:?}");
        }
    }

    #[test]
    fn however_it_is_cut_the_same_messages_come_out_whole() {
        let messages = [&[0, 0, 0, 0, 3][..], b"abc", &[0, 0, 0, 0, 0], &[0, 0, 0, 0, 1], b"d"].concat();
        for size in 1..=messages.len() {
            let mut whole = Whole {
                rest: None,
                begun: BytesMut::new(),
                kind: Kind::Stream,
            };
            let mut out = Vec::new();
            for part in messages.chunks(size) {
                let taken = whole.take(Bytes::copy_from_slice(part));
                assert_eq!(whole_messages(&taken), taken.len(), "in parts of {size}");
                out.extend_from_slice(&taken);
            }
            assert_eq!(out, messages, "in parts of {size}");
        }
    }
}

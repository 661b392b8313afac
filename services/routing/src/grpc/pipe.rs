//! A forwarded stream, as the bytes that come: it ends with a goodbye, between two messages, when the other side is gone or
//! this side has to end it.

use super::encode;
use bytes::{BufMut as _, Bytes, BytesMut};
use futures::{FutureExt as _, future::BoxFuture, stream};
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt as _, StreamBody};
use onqueue_model::Fault;
use onqueue_server::status;
use std::future::Future;
use tonic::{Status, body::Body};

type Frame = http_body::Frame<Bytes>;

/// The body's frames until `until` says why it ends here. Who watches hears `moved` if the other side breaks off.
pub fn pipe(body: Body, until: impl Future<Output = &'static str> + Send + 'static) -> Body {
    let piping = Piping {
        body,
        until: until.boxed(),
        framing: Framing::default(),
    };
    let frames = stream::unfold(Step::Pipe(piping), |step| async move {
        match step {
            Step::Pipe(piping) => Some(piping.next().await),
            Step::Trailers => Some((Ok(Frame::trailers(ok())), Step::End)),
            Step::End => None,
        }
    });
    Body::new(StreamBody::new(frames))
}

/// What comes next.
enum Step {
    Pipe(Piping),
    Trailers,
    End,
}

struct Piping {
    body: Body,
    until: BoxFuture<'static, &'static str>,
    framing: Framing,
}

impl Piping {
    async fn next(mut self) -> (Result<Frame, Status>, Step) {
        let frame = tokio::select! {
            biased;
            reason = &mut self.until, if self.framing.is_between() => return self.goodbye(reason),
            frame = self.body.frame() => frame,
        };
        match frame {
            Some(Ok(frame)) if frame.is_trailers() => (Ok(frame), Step::End),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.framing.take(data);
                }
                (Ok(frame), Step::Pipe(self))
            }
            Some(Err(_)) | None => self.goodbye("moved"),
        }
    }

    /// In the middle of a message there is nothing to say that would be understood.
    fn goodbye(self, reason: &'static str) -> (Result<Frame, Status>, Step) {
        if self.framing.is_between() {
            (Ok(Frame::data(message(reason))), Step::Trailers)
        } else {
            (
                Err(status(Fault::unavailable("the owner's stream broke off"))),
                Step::End,
            )
        }
    }
}

/// The goodbye as gRPC frames it: not compressed, its length, its bytes.
fn message(reason: &'static str) -> Bytes {
    let encoded = encode::goodbye(reason);
    let mut framed = BytesMut::with_capacity(PREFIX + encoded.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(encoded.len()).unwrap_or(u32::MAX));
    framed.put_slice(&encoded);
    framed.freeze()
}

fn ok() -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
    trailers
}

/// What stands before each message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// Follows where messages begin and end.
#[derive(Debug, Default)]
struct Framing {
    prefix: Vec<u8>,
    /// Bytes of the message still to come.
    rest: usize,
}

impl Framing {
    const fn is_between(&self) -> bool {
        self.prefix.is_empty() && self.rest == 0
    }

    fn take(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let wanted = if self.rest > 0 {
                self.rest
            } else {
                PREFIX - self.prefix.len()
            };
            let (taken, left) = data.split_at(wanted.min(data.len()));
            data = left;
            if self.rest > 0 {
                self.rest -= taken.len();
            } else {
                self.prefix.extend_from_slice(taken);
                self.begin();
            }
        }
    }

    /// Begins the message whose prefix is whole.
    fn begin(&mut self) {
        if let [_, a, b, c, d] = self.prefix[..] {
            self.rest = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
            self.prefix.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(chunks: Vec<Result<Vec<u8>, Status>>) -> Body {
        let frames = chunks
            .into_iter()
            .map(|chunk| chunk.map(|bytes| Frame::data(bytes.into())));
        Body::new(StreamBody::new(stream::iter(frames)))
    }

    async fn collected(body: Body) -> Result<(Vec<u8>, bool), Status> {
        let collected = body.collect().await?;
        let is_ok = collected.trailers().is_some_and(|trailers| *trailers == ok());
        Ok((collected.to_bytes().to_vec(), is_ok))
    }

    #[test]
    fn messages_are_followed_however_they_are_cut() {
        let bytes = [
            &[0, 0, 0, 0, 3, 7, 7, 7][..],
            &[0, 0, 0, 0, 0],
            &[1, 0, 0, 1, 0],
            &[9; 256],
        ]
        .concat();
        for size in 1..bytes.len() {
            let mut framing = Framing::default();
            for (index, chunk) in bytes.chunks(size).enumerate() {
                framing.take(chunk);
                let end = index * size + chunk.len();
                assert_eq!(
                    framing.is_between(),
                    [8, 13, bytes.len()].contains(&end),
                    "{size} {end}"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_stream_that_breaks_off_ends_with_a_goodbye_between_messages_only() {
        let whole = vec![0, 0, 0, 0, 1, 7];
        let broken = || Err(Status::unavailable("gone"));
        let never = std::future::pending;
        let goodbye = [whole.clone(), message("moved").to_vec()].concat();
        for body in [body(vec![Ok(whole.clone()), broken()]), body(vec![Ok(whole.clone())])] {
            assert_eq!(
                collected(pipe(body, never())).await.expect("ends"),
                (goodbye.clone(), true)
            );
        }
        let cut = body(vec![Ok(whole[..3].to_vec()), broken()]);
        assert!(collected(pipe(cut, never())).await.is_err());
    }

    #[tokio::test]
    async fn a_stream_ends_when_this_side_ends_it() {
        let silent = Body::new(StreamBody::new(stream::pending::<Result<Frame, Status>>()));
        let told = collected(pipe(silent, async { "draining" })).await.expect("ends");
        assert_eq!(told, (message("draining").to_vec(), true));
    }
}

//! The half of a carrier that runs with its connection: writes the frames that have gathered, reads those that come.

use super::{
    Carrier, Phase, Shared,
    ticket::{Outcome, response},
};
use bytes::Bytes;
use h2::{
    RecvStream, SendStream,
    client::{ResponseFuture, SendRequest},
};
use http::{Request, Response, StatusCode, Version, header::CONTENT_TYPE};
use onqueue_credentials::server_name;
use onqueue_proto::carrier::{self, Frame, LARGEST_ANSWER, Reader};
use std::{
    future::Future as _,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// Streams of a connection among which one more does not count.
const MANY: usize = 1_000;

/// What runs it. When it is dropped, calls without an answer are lost.
pub(in crate::remote) struct Courier {
    shared: Arc<Shared>,
    /// Gone when there is nothing to say or to hear any more.
    stream: Option<Stream>,
}

struct Stream {
    send: SendStream<Bytes>,
    heard: Heard,
    reader: Reader,
    /// Frames that did not fit into the other side's window yet.
    out: Bytes,
    has_ended: bool,
}

/// The other side's half.
enum Heard {
    /// It has not begun.
    Nothing(ResponseFuture),
    Something(RecvStream),
}

/// It is over, for whatever reason.
struct Over;

/// Opens the stream to the service of that name; it need not understand it. `None` where it would take the place of others:
/// the other side takes `taken` streams.
pub(in crate::remote) fn open(sender: &SendRequest<Bytes>, service: &str, taken: usize) -> Option<(Carrier, Courier)> {
    if taken < MANY {
        return None;
    }
    let uri = format!("https://{}{}", server_name(service).to_str(), carrier::PATH);
    let request = Request::post(uri).version(Version::HTTP_2);
    let request = request.header(CONTENT_TYPE, carrier::CONTENT_TYPE).body(()).ok()?;
    let (answer, send) = sender.clone().send_request(request, false).ok()?;
    let shared = Arc::<Shared>::default();
    let courier = Courier {
        shared: Arc::clone(&shared),
        stream: Some(Stream {
            send,
            heard: Heard::Nothing(answer),
            reader: Reader::new(LARGEST_ANSWER),
            out: Bytes::new(),
            has_ended: false,
        }),
    };
    Some((Carrier(shared), courier))
}

impl Courier {
    /// Moves what can be moved. Poll it before the connection, which then writes what was left here, and after, for what it
    /// has read.
    pub(in crate::remote) fn poll(&mut self, cx: &mut Context<'_>) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        self.shared.courier.register(cx.waker());
        let over = stream.listen(&self.shared, cx).is_ready() || stream.speak(&self.shared, cx).is_ready();
        if over {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        self.stream = None;
        let mut state = self.shared.state();
        state.phase = Phase::Closed;
        state.out.clear();
        // Their receivers learn that nothing comes.
        let lost = std::mem::take(&mut state.waiting);
        drop(state);
        drop(lost);
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl Stream {
    fn listen(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<Over> {
        let heard = match &mut self.heard {
            Heard::Something(heard) => heard,
            Heard::Nothing(answer) => {
                let Some(heard) = ready!(Pin::new(answer).poll(cx)).ok().and_then(understood) else {
                    return Poll::Ready(Over);
                };
                shared.state().open();
                self.heard = Heard::Something(heard);
                return self.listen(shared, cx);
            }
        };
        while let Some(Ok(data)) = ready!(heard.poll_data(cx)) {
            // It is as much as came: the library has nothing to say against it.
            let _ = heard.flow_control().release_capacity(data.len());
            self.reader.push(data);
            loop {
                match self.reader.frame() {
                    Ok(Some(frame)) => hand_out(shared, frame),
                    Ok(None) => break,
                    Err(carrier::Malformed) => return Poll::Ready(Over),
                }
            }
        }
        Poll::Ready(Over)
    }

    /// Writes until nothing is left, or as much as the other side takes.
    fn speak(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<Over> {
        loop {
            if self.out.is_empty() {
                self.out = shared.state().out.split().freeze();
            }
            if self.out.is_empty() {
                return self.end(shared);
            }
            self.send.reserve_capacity(self.out.len());
            let fits = self.send.capacity().min(self.out.len());
            if fits == 0 {
                match ready!(self.send.poll_capacity(cx)) {
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => return Poll::Ready(Over),
                }
            }
            if self.send.send_data(self.out.split_to(fits), false).is_err() {
                return Poll::Ready(Over);
            }
        }
    }

    /// Says that nothing more comes, once that is so.
    fn end(&mut self, shared: &Shared) -> Poll<Over> {
        let is_over = {
            let state = shared.state();
            state.phase == Phase::Closed && state.waiting.is_empty() && state.out.is_empty()
        };
        if !is_over || self.has_ended {
            return Poll::Pending;
        }
        // Who has not even begun is not waited for.
        if matches!(self.heard, Heard::Nothing(_)) {
            return Poll::Ready(Over);
        }
        self.has_ended = true;
        match self.send.send_data(Bytes::new(), true) {
            Ok(()) => Poll::Pending,
            Err(_) => Poll::Ready(Over),
        }
    }
}

impl super::State {
    fn open(&mut self) {
        // Unless it was closed in the meantime.
        if self.phase == Phase::Opening {
            self.phase = Phase::Open;
        }
    }
}

/// What the other side says, if it understands what we do.
fn understood(answer: Response<RecvStream>) -> Option<RecvStream> {
    let kind = answer.headers().get(CONTENT_TYPE)?;
    let understands = answer.status() == StatusCode::OK && kind.as_bytes() == carrier::CONTENT_TYPE.as_bytes();
    understands.then(|| answer.into_body())
}

fn hand_out(shared: &Shared, frame: Frame) {
    let (id, outcome) = match frame {
        Frame::Answer(id, answer) => (id, response(answer).map_or(Outcome::Lost, Outcome::Answered)),
        Frame::Refused(id) => (id, Outcome::Refused),
        Frame::Apart(id) => (id, Outcome::Apart),
        Frame::Lost(id) => (id, Outcome::Lost),
        // Ours to say.
        Frame::Call(..) | Frame::Cancel(_) => return,
    };
    let waiting = shared.state().waiting.remove(&id);
    if let Some(waiting) = waiting {
        // Whoever has gone meanwhile needs no answer.
        let _ = waiting.send(outcome);
    }
}

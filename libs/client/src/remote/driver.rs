//! What runs one connection: moves its frames, notices when it takes no more streams, and gives it up when the other side
//! has not a word to say.

use super::{
    carrier::Courier,
    connection::{Connection, Http2},
};
use crate::deadline::now;
use h2::{Ping, PingPong};
use std::{
    future::{Future as _, poll_fn},
    io,
    pin::Pin,
    sync::Weak,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Sleep, sleep};

pub(super) struct Driver {
    http2: Http2,
    courier: Option<Courier>,
    pulse: Option<Pulse>,
}

impl Driver {
    pub(super) fn new(mut http2: Http2, courier: Option<Courier>, interval: Duration, patience: Duration) -> Self {
        let pings = http2.ping_pong();
        let pulse = pings.map(|pings| Pulse {
            pings,
            interval,
            patience,
            is_waiting: false,
            timer: Box::pin(sleep(interval)),
        });
        Self { http2, courier, pulse }
    }

    /// Runs it until it takes no more streams. Those that are open go on with [`Driver::finish`].
    pub(super) async fn run(&mut self, connection: &Weak<Connection>) -> io::Result<()> {
        poll_fn(|cx| {
            if let Poll::Ready(ended) = self.poll(cx) {
                return Poll::Ready(ended);
            }
            // What it holds for itself would keep it open for ever.
            match connection.upgrade().and_then(|connection| connection.ending()) {
                Some(ending) => Poll::Ready(quietly(ending)),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// Runs it until its last stream has ended.
    pub(super) async fn finish(mut self) {
        let ended = poll_fn(|cx| self.poll(cx)).await;
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke off");
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.carry(cx);
        // First, so that what has arrived is heard before silence is judged.
        if let Poll::Ready(ended) = Pin::new(&mut self.http2).poll(cx) {
            return Poll::Ready(ended.or_else(quietly));
        }
        self.carry(cx);
        match &mut self.pulse {
            Some(pulse) => pulse.poll(cx).map(Err),
            None => Poll::Pending,
        }
    }

    fn carry(&mut self, cx: &mut Context<'_>) {
        if let Some(courier) = &mut self.courier {
            courier.poll(cx);
        }
    }
}

/// An end in order is none that anybody has to hear of.
fn quietly(ended: h2::Error) -> io::Result<()> {
    match ended.reason() {
        Some(h2::Reason::NO_ERROR) => Ok(()),
        _ => Err(io::Error::other(ended)),
    }
}

/// Asks now and then whether the other side is still there.
struct Pulse {
    pings: PingPong,
    interval: Duration,
    patience: Duration,
    is_waiting: bool,
    timer: Pin<Box<Sleep>>,
}

impl Pulse {
    /// Ready when it has not answered in time.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if self.is_waiting && self.pings.poll_pong(cx).is_ready() {
            self.is_waiting = false;
            self.next_in(self.interval);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            if self.is_waiting {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            // Fails only when the connection has ended, which is noticed elsewhere.
            self.is_waiting = self.pings.send_ping(Ping::opaque()).is_ok();
            self.next_in(self.patience);
            // To be told of the answer.
            if self.is_waiting && self.pings.poll_pong(cx).is_ready() {
                self.is_waiting = false;
            }
        }
        Poll::Pending
    }

    fn next_in(&mut self, pause: Duration) {
        self.timer.as_mut().reset(now() + pause);
    }
}

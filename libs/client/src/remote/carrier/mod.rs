//! Unary calls as frames of one stream per connection, where the other side understands that: a call costs a part of what
//! a stream of its own would, and calls that are made at the same time are written at once. Whoever calls leaves a frame
//! here; what runs the connection writes what has gathered and hands out the answers.

mod courier;
mod ticket;

pub(super) use courier::{Courier, open};
pub(super) use ticket::{Outcome, Ticket};

use bytes::{Bytes, BytesMut};
use futures::task::AtomicWaker;
use http::{Method, request::Parts};
use onqueue_proto::{
    carrier::{MOST_CALLS, write_call, write_cancel},
    method,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// Bytes that wait to be written; beyond that, calls go another way.
const MOST_QUEUED: usize = 256 * 1024;

/// What belongs to us has a path that begins so: everything else (health, reflection) may be a stream.
const OURS: &str = "/onqueue.";

/// Where calls of one connection are left. No more are taken once it is dropped.
pub(super) struct Carrier(Arc<Shared>);

/// What those who call and what runs the connection have in common.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Wakes what runs the connection.
    courier: AtomicWaker,
}

#[derive(Default)]
struct State {
    phase: Phase,
    /// Frames to be written.
    out: BytesMut,
    waiting: HashMap<u32, oneshot::Sender<Outcome>>,
    /// The id of the call before.
    last: u32,
}

/// Whether calls are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// The other side has not said whether it understands.
    #[default]
    Opening,
    Open,
    /// It does not, or the connection takes no more calls.
    Closed,
}

impl Carrier {
    /// Leaves the call with that head and body. `None` if it has to have a stream of its own.
    pub(super) fn carry(&self, head: &Parts, body: &Bytes) -> Option<Ticket> {
        if !is_single(head) {
            return None;
        }
        let path = head.uri.path();
        let (id, answer, is_first) = self.0.state().leave(path, head, body)?;
        if is_first {
            self.0.courier.wake();
        }
        Some(Ticket::new(id, answer, Arc::clone(&self.0)))
    }

    /// No more calls from now on; those that were left are still answered.
    pub(super) fn close(&self) {
        self.0.state().phase = Phase::Closed;
        self.0.courier.wake();
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody waits for that one any more.
    fn cancel(&self, id: u32) {
        let is_first = {
            let mut state = self.state();
            if state.waiting.remove(&id).is_none() {
                return;
            }
            let is_first = state.out.is_empty();
            write_cancel(&mut state.out, id);
            is_first
        };
        if is_first {
            self.courier.wake();
        }
    }
}

impl State {
    /// The call's id, what its answer comes by, and whether it is the only thing to be written.
    fn leave(&mut self, path: &str, head: &Parts, body: &Bytes) -> Option<(u32, oneshot::Receiver<Outcome>, bool)> {
        let has_room = self.waiting.len() < MOST_CALLS && self.out.len() < MOST_QUEUED;
        if self.phase != Phase::Open || !has_room {
            return None;
        }
        let (id, is_first) = (self.last.wrapping_add(1), self.out.is_empty());
        if self.waiting.contains_key(&id) || !write_call(&mut self.out, id, path, &head.headers, body) {
            return None;
        }
        self.last = id;
        let (tell, answer) = oneshot::channel();
        self.waiting.insert(id, tell);
        Some((id, answer, is_first))
    }
}

/// Whether it is answered by a single message, as far as this build knows.
fn is_single(head: &Parts) -> bool {
    let path = head.uri.path();
    let streams = || method(path).is_some_and(|method| method.streams);
    head.method == Method::POST && head.uri.query().is_none() && path.starts_with(OURS) && !streams()
}

//! One call: a place on a connection, the request on its way, somewhere else if it never left, and what its answer says of
//! the endpoint.

use super::{
    balancing::{Affinity, Avoid},
    connection::Place,
    endpoint::Endpoint,
    outgoing::Outgoing,
    pool::{Pool, Wish},
    reply::Reply,
};
use crate::{deadline::Deadline, deadline::now, refusal};
use http::{
    HeaderMap, Request, Response, Uri, Version,
    request::Parts,
    uri::{Authority, Scheme},
};
use hyper::{body::Incoming, client::conn::TrySendError};
use std::{
    error::Error as _,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::{Instant, Sleep};
use tonic::{Code, Status, body::Body};

/// How often a request that was never carried out goes elsewhere.
const MOST_MOVES: usize = 8;

/// A call that was given up after this long without an answer speaks against the endpoint.
const SILENCE: Duration = Duration::from_secs(1);

/// The answer, or the refusal that stands for it.
pub(super) async fn call(pool: &Pool, authority: &Authority, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let deadline = Deadline::of(&head.headers);
    let outcome = match Outgoing::new(body) {
        Ok(body) => Call::new(pool, authority, head, deadline).carry_out(body).await,
        Err(refusal) => Err(refusal),
    };
    outcome.unwrap_or_else(Status::into_http)
}

struct Call<'a> {
    pool: &'a Pool,
    head: Parts,
    wish: Wish,
    deadline: Option<Deadline>,
    timer: Option<Pin<Box<Sleep>>>,
}

// A refusal is the answer itself, not something to hand around.
#[allow(clippy::result_large_err)]
impl<'a> Call<'a> {
    fn new(pool: &'a Pool, authority: &Authority, mut head: Parts, deadline: Option<Deadline>) -> Self {
        let avoid = head.extensions.get::<Avoid>().map(|avoid| avoid.0);
        let wish = Wish {
            affinity: head.extensions.get::<Affinity>().copied(),
            avoid: avoid.into_iter().collect(),
        };
        head.extensions.clear();
        head.version = Version::HTTP_2;
        head.uri = absolute(head.uri, authority);
        Self {
            pool,
            head,
            wish,
            deadline,
            timer: deadline.map(|deadline| Box::pin(deadline.timer())),
        }
    }

    async fn carry_out(mut self, mut body: Outgoing) -> Result<Response<Body>, Status> {
        for _ in 0..=MOST_MOVES {
            let place = self.place().await?;
            let flight = Flight::new(place.endpoint(), self.deadline);
            let spare = body.again();
            match self.send(&place, body).await? {
                Sent::Answered(answer) => return Ok(self.answer(answer, place, flight)),
                Sent::Lost => return Ok(self.lost(place.endpoint())),
                Sent::Never(given_back) => {
                    flight.end();
                    self.wish.avoid.push(place.endpoint().id);
                    let Some(same) = given_back.or(spare) else {
                        return Err(refusal::lost(self.pool.service()));
                    };
                    body = same;
                }
            }
        }
        Err(refusal::unreachable(self.pool.service()))
    }

    async fn place(&mut self) -> Result<Place, Status> {
        let within = self.deadline.map_or(Duration::MAX, Deadline::remaining);
        if let Some(place) = self.pool.place(&self.wish, within).await {
            return Ok(place);
        }
        if self.deadline.is_some_and(|deadline| deadline.remaining().is_zero()) {
            return Err(refusal::exceeded(self.pool.service()));
        }
        self.pool.explain();
        Err(refusal::unreachable(self.pool.service()))
    }

    async fn send(&mut self, place: &Place, body: Outgoing) -> Result<Sent, Status> {
        let request = Request::from_parts(self.head.clone(), body);
        let mut sender = place.sender();
        let mut sending = std::pin::pin!(sender.try_send_request(request));
        let timer = &mut self.timer;
        let outcome = poll_fn(|cx| {
            if let std::task::Poll::Ready(outcome) = sending.as_mut().poll(cx) {
                return std::task::Poll::Ready(Some(outcome));
            }
            match timer {
                Some(timer) => timer.as_mut().poll(cx).map(|()| None),
                None => std::task::Poll::Pending,
            }
        });
        match outcome.await {
            Some(Ok(answer)) => Ok(Sent::Answered(answer)),
            Some(Err(failed)) => Ok(failure(failed)),
            None => Err(refusal::exceeded(self.pool.service())),
        }
    }

    fn lost(&self, endpoint: &Endpoint) -> Response<Body> {
        let mut answer = refusal::lost(self.pool.service()).into_http();
        answer.extensions_mut().insert(Avoid(endpoint.id));
        answer
    }

    fn answer(self, answer: Response<Incoming>, place: Place, flight: Flight) -> Response<Body> {
        let endpoint = Arc::clone(place.endpoint());
        flight.end();
        let code = code(answer.headers());
        judge(self.pool, &endpoint, code);
        let refused = matches!(code, Some(Code::Unavailable | Code::Aborted));
        let mut answer = answer.map(|body| Reply::new(body, place, self.timer, code.is_some()).into_body());
        if refused {
            answer.extensions_mut().insert(Avoid(endpoint.id));
        }
        answer
    }
}

/// What became of a request.
enum Sent {
    Answered(Response<Incoming>),
    /// The other side has not carried it out and will not. With its body, where that came back.
    Never(Option<Outgoing>),
    /// Nobody knows.
    Lost,
}

fn failure(mut failed: TrySendError<Request<Outgoing>>) -> Sent {
    if let Some(request) = failed.take_message() {
        return Sent::Never(Some(request.into_body()));
    }
    let error = failed.into_error();
    tracing::debug!(%error, "a call was lost");
    if is_refused(&error) {
        Sent::Never(None)
    } else {
        Sent::Lost
    }
}

/// Whether HTTP/2 promises that the other side has done nothing: the stream was refused, or came after the last one that a
/// GOAWAY names.
fn is_refused(error: &hyper::Error) -> bool {
    let Some(error) = error.source().and_then(|cause| cause.downcast_ref::<h2::Error>()) else {
        return false;
    };
    error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
}

/// The status, if there is nothing else in the answer.
fn code(headers: &HeaderMap) -> Option<Code> {
    let code = headers.get("grpc-status")?;
    Some(Code::from_bytes(code.as_bytes()))
}

fn judge(pool: &Pool, endpoint: &Endpoint, code: Option<Code>) {
    match code {
        Some(Code::Unavailable | Code::DeadlineExceeded) => {
            if endpoint.health.failed() && pool.has_other_than(endpoint) {
                tracing::warn!(service = pool.service(), address = %endpoint.address(), "set aside: it refuses every call");
            }
        }
        _ => endpoint.health.succeeded(),
    }
}

/// The same path at the service's name.
fn absolute(uri: Uri, authority: &Authority) -> Uri {
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(Scheme::HTTPS);
    parts.authority = Some(authority.clone());
    // Fails only without a path, and then the other side says what it thinks of that.
    Uri::from_parts(parts).unwrap_or(uri)
}

/// A call that has not been answered. One that is given up after a long silence, by whoever made it, speaks against its
/// endpoint.
struct Flight {
    endpoint: Arc<Endpoint>,
    began: Instant,
    patience: Duration,
}

impl Flight {
    fn new(endpoint: &Arc<Endpoint>, deadline: Option<Deadline>) -> Self {
        endpoint.count_waiting().fetch_add(1, Ordering::Relaxed);
        // Who made the call may give it up a moment before we would.
        let patience = deadline.map_or(SILENCE, |deadline| deadline.remaining().mul_f64(0.9).min(SILENCE));
        Self {
            endpoint: Arc::clone(endpoint),
            began: now(),
            patience,
        }
    }

    /// It was answered.
    fn end(mut self) {
        self.patience = Duration::MAX;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.endpoint.count_waiting().fetch_sub(1, Ordering::Relaxed);
        if self.patience != Duration::MAX && self.began.elapsed() >= self.patience && self.endpoint.health.failed() {
            tracing::warn!(address = %self.endpoint.address(), "set aside: it does not answer");
        }
    }
}

//! One call: a place on a connection, the request on its way, somewhere else if it never left, and what its answer says of
//! the endpoint.

use super::{
    balancing::{Affinity, Avoid},
    carrier::Outcome,
    connection::Place,
    endpoint::Endpoint,
    pool::{Pool, Wish},
    reply::Reply,
};
use crate::{deadline::Deadline, deadline::now, message, refusal};
use bytes::Bytes;
use h2::RecvStream;
use http::{
    Extensions, HeaderMap, HeaderName, Request, Response, Uri, Version, header,
    request::Parts,
    uri::{Authority, Scheme},
};
use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::Instant;
use tonic::{Code, Status, body::Body};

/// How often a request that was never carried out goes elsewhere.
const MOST_MOVES: usize = 8;

/// A call that was given up after this long without an answer speaks against the endpoint.
const SILENCE: Duration = Duration::from_secs(1);

/// Headers about a connection, which HTTP/2 does not have.
const OF_CONNECTION: [HeaderName; 5] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The answer, or the refusal that stands for it.
pub(super) async fn call(pool: &Pool, authority: &Authority, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let deadline = Deadline::of(&head.headers);
    let mut call = Call::new(pool, authority, head, deadline);
    call.in_time(body).await.unwrap_or_else(|refusal| refusal)
}

struct Call<'a> {
    pool: &'a Pool,
    authority: &'a Authority,
    head: Parts,
    wish: Wish,
    deadline: Option<Deadline>,
}

// A refusal is an answer itself, not something to hand around.
#[allow(clippy::result_large_err)]
impl<'a> Call<'a> {
    fn new(pool: &'a Pool, authority: &'a Authority, mut head: Parts, deadline: Option<Deadline>) -> Self {
        let avoid = head.extensions.get::<Avoid>().map(|avoid| avoid.0);
        let wish = Wish {
            affinity: head.extensions.get::<Affinity>().copied(),
            avoid: avoid.into_iter().collect(),
        };
        head.extensions.clear();
        for name in OF_CONNECTION {
            head.headers.remove(name);
        }
        head.version = Version::HTTP_2;
        Self {
            pool,
            authority,
            head,
            wish,
            deadline,
        }
    }

    /// The answer, which may last no longer than the deadline either.
    async fn in_time(&mut self, body: Body) -> Result<Response<Body>, Response<Body>> {
        let service = self.pool.service();
        let mut timer = self.deadline.map(|deadline| Box::pin(deadline.timer()));
        let mut carried_out = pin!(self.carry_out(body));
        let answer = match &mut timer {
            None => carried_out.await,
            Some(timer) => tokio::select! {
                biased;
                answer = &mut carried_out => answer,
                () = timer.as_mut() => Err(refusal::exceeded(service).into_http()),
            },
        };
        Ok(match answer? {
            Answer::Begun(answer) => answer.map(|reply| reply.until(timer).into_body()),
            Answer::Whole(answer) => answer,
        })
    }

    async fn carry_out(&mut self, body: Body) -> Result<Answer, Response<Body>> {
        let message = message(body).await.map_err(Status::into_http)?;
        for _ in 0..=MOST_MOVES {
            let place = self.place().await?;
            let flight = Flight::new(place.endpoint(), self.deadline);
            match self.send(&place, &message).await {
                Sent::Answered(answer) => return Ok(Answer::Begun(self.answer(answer, place, flight))),
                Sent::Carried(answer) => return Ok(Answer::Whole(self.carried(answer, place.endpoint(), flight))),
                Sent::Lost => return Err(self.lost(place.endpoint())),
                Sent::Never => {
                    flight.end();
                    self.wish.avoid.push(place.endpoint().id);
                }
            }
        }
        Err(refusal::unreachable(self.pool.service()).into_http())
    }

    async fn place(&self) -> Result<Place, Response<Body>> {
        let left = self.deadline.map(Deadline::remaining);
        if let Some(place) = self.pool.place(&self.wish, left).await {
            return Ok(place);
        }
        self.pool.explain();
        Err(refusal::unreachable(self.pool.service()).into_http())
    }

    async fn send(&self, place: &Place, message: &Bytes) -> Sent {
        if let Some(ticket) = place.carry(&self.head, message) {
            match ticket.await {
                Outcome::Answered(answer) => return Sent::Carried(answer),
                Outcome::Refused => return Sent::Never,
                Outcome::Lost => return Sent::Lost,
                Outcome::Apart => {}
            }
        }
        self.send_apart(place, message.clone()).await
    }

    /// On a stream of its own.
    async fn send_apart(&self, place: &Place, message: Bytes) -> Sent {
        let mut head = Request::from_parts(self.head.clone(), ());
        *head.uri_mut() = absolute(self.head.uri.clone(), self.authority);
        match place.send(head, message) {
            Some(answer) => answer.await.map_or_else(|error| failure(&error), Sent::Answered),
            None => Sent::Never,
        }
    }

    fn lost(&self, endpoint: &Endpoint) -> Response<Body> {
        let mut answer = refusal::lost(self.pool.service()).into_http();
        answer.extensions_mut().insert(Avoid(endpoint.id));
        answer
    }

    fn answer(&self, answer: Response<RecvStream>, place: Place, flight: Flight) -> Response<Reply> {
        let code = code(answer.headers());
        let avoid = self.judge(place.endpoint(), code, flight);
        let mut answer = answer.map(|body| Reply::new(body, place, code.is_some()));
        answer.extensions_mut().extend(avoid);
        answer
    }

    fn carried(&self, mut answer: Response<Body>, endpoint: &Endpoint, flight: Flight) -> Response<Body> {
        let avoid = self.judge(endpoint, code(answer.headers()), flight);
        answer.extensions_mut().extend(avoid);
        answer
    }

    /// What the next attempt is to be told, if there is one.
    fn judge(&self, endpoint: &Endpoint, code: Option<Code>, flight: Flight) -> Extensions {
        flight.end();
        judge(self.pool, endpoint, code);
        let mut told = Extensions::new();
        if matches!(code, Some(Code::Unavailable | Code::Aborted)) {
            told.insert(Avoid(endpoint.id));
        }
        told
    }
}

/// What came back.
enum Answer {
    /// Its head; the body follows on its stream.
    Begun(Response<Reply>),
    /// All of it.
    Whole(Response<Body>),
}

/// What became of a request.
enum Sent {
    Answered(Response<RecvStream>),
    Carried(Response<Body>),
    /// The other side has not carried it out and will not.
    Never,
    /// Nobody knows.
    Lost,
}

fn failure(error: &h2::Error) -> Sent {
    tracing::debug!(%error, "a call was lost");
    if is_refused(error) { Sent::Never } else { Sent::Lost }
}

/// Whether HTTP/2 promises that the other side has done nothing: the stream was refused, or came after the last one that a
/// GOAWAY names.
fn is_refused(error: &h2::Error) -> bool {
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

//! Who and what is let in, and what of each call is held on to.

use super::{
    Limits,
    access::{admit, bearer},
    body::{LimitedRequest, PREFIX},
    deadline::{Deadline, parse_timeout},
};
use crate::{Context, Peer, listener::Closing, status, too_large};
use http::{HeaderValue, Request};
use onqueue_model::{Caller, Category, Fault, Reason};
use onqueue_proto::{Access, Idempotency, Method, SizeClass, method};
use onqueue_telemetry::metrics;
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Status, body::Body};

/// gRPC services that every server has and that no proto of ours declares.
const PLAIN: [&str; 3] = [
    "/grpc.health.v1.Health/",
    "/grpc.reflection.v1.ServerReflection/",
    "/grpc.reflection.v1alpha.ServerReflection/",
];

/// What a call that was let in takes along.
pub(super) struct Pass {
    pub(super) deadline: Option<Deadline>,
    /// Held while a unary call runs.
    pub(super) room: Option<OwnedSemaphorePermit>,
    /// Ends a stream with its connection.
    pub(super) closing: Option<Closing>,
}

/// Where a gate stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In front of the service that owns the rpcs.
    Owner,
    /// In front of all of them.
    Door,
}

/// Lets calls in.
pub(super) struct Gate {
    place: Place,
    context: Context,
    unary_default: Duration,
    unary_maximum: Duration,
    room: Arc<Semaphore>,
    arrival: Duration,
}

impl Gate {
    pub(super) fn new(place: Place, context: &Context, limits: &Limits) -> Self {
        Self {
            place,
            context: context.clone(),
            unary_default: Duration::from_millis(limits.unary_default_ms),
            unary_maximum: Duration::from_millis(limits.unary_maximum_ms),
            room: Arc::new(Semaphore::new(limits.unary_calls)),
            arrival: Duration::from_millis(limits.request_ms),
        }
    }

    /// The request as its handler is to see it, and what goes with it; or the refusal.
    // A refusal is the answer itself, not something to hand around.
    #[allow(clippy::result_large_err)]
    pub(super) fn open(&self, mut request: Request<Body>) -> Result<(Request<Body>, Pass), Status> {
        request.extensions_mut().remove::<Caller>();
        let Some(method) = method(request.uri().path()) else {
            return self.open_undeclared(request);
        };
        let admitted = self.admit(method, &request);
        self.count(&admitted);
        if let Some(caller) = admitted.map_err(status)? {
            request.extensions_mut().insert(caller);
        }
        let deadline = self.deadline(method, &request).map_err(status)?;
        if let Some(deadline) = deadline {
            request.extensions_mut().insert(deadline);
        }
        let room = self.room(method).map_err(status)?;
        let closing = request.extensions().get().filter(|_| method.streams).cloned();
        let request = self.limited(request, method.size.bytes())?;
        Ok((
            request,
            Pass {
                deadline,
                room,
                closing,
            },
        ))
    }

    #[allow(clippy::result_large_err)]
    fn open_undeclared(&self, mut request: Request<Body>) -> Result<(Request<Body>, Pass), Status> {
        let path = request.uri().path();
        let plain = PLAIN.iter().any(|service| path.starts_with(service));
        if !plain && self.place == Place::Owner {
            return Err(status(Fault::new(Reason::Unimplemented, "there is no such rpc")));
        }
        if let Ok(Some(token)) = bearer(request.headers())
            && let Ok(caller) = self.context.trust.verify(token, self.context.clock.now())
        {
            request.extensions_mut().insert(caller);
        }
        let deadline = parse_timeout(request.headers()).map_err(status)?.map(Deadline::within);
        if let Some(deadline) = deadline {
            request.extensions_mut().insert(deadline);
        }
        let size = if plain { SizeClass::Small } else { SizeClass::Text };
        let pass = Pass {
            deadline,
            room: None,
            closing: request.extensions().get().cloned(),
        };
        Ok((self.limited(request, size.bytes())?, pass))
    }

    fn admit(&self, method: &Method, request: &Request<Body>) -> Result<Option<Caller>, Fault> {
        let now = self.context.clock.now();
        let peer = request.extensions().get::<Peer>().copied();
        let peer = peer.filter(|_| self.place == Place::Owner);
        let caller = admit(method, request.headers(), peer, &self.context.trust, now)?;
        let decides = method.idempotency != Idempotency::Read && method.access != Some(Access::Anyone);
        if self.place == Place::Owner && caller.is_some() && decides {
            self.context.trust.fresh(now)?;
        }
        Ok(caller)
    }

    /// The door's yes is not counted: who owns the rpc decides again.
    fn count(&self, admitted: &Result<Option<Caller>, Fault>) {
        let result = match admitted {
            Ok(_) if self.place == Place::Door => return,
            Ok(_) => "allowed",
            Err(fault) if fault.reason == Reason::TrustStale => "stale",
            Err(fault) if fault.reason.category() == Category::Unauthenticated => "unauthenticated",
            Err(_) => "denied",
        };
        metrics::AUTHZ_DECISIONS.add(1, &[result]);
    }

    fn deadline(&self, method: &Method, request: &Request<Body>) -> Result<Option<Deadline>, Fault> {
        let asked = parse_timeout(request.headers())?;
        if method.streams {
            return Ok(asked.map(Deadline::within));
        }
        let (usual, most) = match method.deadline_ms {
            0 => (self.unary_default, self.unary_maximum),
            own => (Duration::from_millis(own.into()), Duration::from_millis(own.into())),
        };
        Ok(Some(Deadline::within(asked.unwrap_or(usual).min(most))))
    }

    fn room(&self, method: &Method) -> Result<Option<OwnedSemaphorePermit>, Fault> {
        if method.streams {
            return Ok(None);
        }
        let permit = Arc::clone(&self.room).try_acquire_owned();
        let busy = |_| {
            metrics::SHED.add(1, &["busy"]);
            Fault::new(Reason::Unavailable, "the service has too much to do; try again")
                .with_retry_after(Duration::from_secs(1))
        };
        permit.map(Some).map_err(busy)
    }

    /// The request limited to one message of `limit` bytes that arrives in time.
    #[allow(clippy::result_large_err)]
    fn limited(&self, request: Request<Body>, limit: usize) -> Result<Request<Body>, Status> {
        let said = request.headers().get(http::header::CONTENT_LENGTH);
        let said = said.and_then(|length: &HeaderValue| length.to_str().ok()?.parse::<usize>().ok());
        if said.is_some_and(|length| length > limit + PREFIX) {
            return Err(too_large(limit));
        }
        Ok(request.map(|inner| Body::new(LimitedRequest::new(inner, limit, self.arrival))))
    }
}

//! What stands around every service's routes, whether a listener or a caller in the same process calls them: a span,
//! panics caught, deadlines kept, sizes limited, callers checked. Nothing else enforces these in one process.

mod access;
mod body;
mod deadline;

pub use access::{FROM_OUTSIDE, admit, bearer};
pub use deadline::{Deadline, Remaining, deadline, parse_timeout};

use crate::{Bound, Context, InProcess, Peer, listener::Closing, status, too_large};
use body::{GuardedResponse, LimitedRequest};
use futures::FutureExt as _;
use http::{HeaderValue, Request, Response};
use onqueue_model::{Caller, Category, Fault, Reason};
use onqueue_proto::{Access, Idempotency, Method, SizeClass, method};
use onqueue_telemetry::{TraceLayer, metrics};
use serde::Deserialize;
use std::{any::Any, future::Future, panic::AssertUnwindSafe, pin::Pin, sync::Arc, task::Poll, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Status, body::Body, service::Routes};
use tower::{Layer as _, Service, ServiceExt as _, util::BoxCloneSyncService};

/// gRPC services that every server has and that no proto of ours declares.
const PLAIN: [&str; 3] = [
    "/grpc.health.v1.Health/",
    "/grpc.reflection.v1.ServerReflection/",
    "/grpc.reflection.v1alpha.ServerReflection/",
];

/// How much a service takes on. All of it is per process.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Milliseconds for a unary call whose caller named no deadline.
    pub unary_default_ms: u64,
    /// The most milliseconds a unary call may ask for.
    pub unary_maximum_ms: u64,
    /// Unary calls at once; the next is refused with UNAVAILABLE before it costs anything.
    pub unary_calls: usize,
    /// Milliseconds that a request may take to arrive, streams' requests too.
    pub request_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unary_default_ms: 10_000,
            unary_maximum_ms: 60_000,
            unary_calls: 4_096,
            request_ms: 10_000,
        }
    }
}

impl Limits {
    /// Refuses values with which nothing would be served. The field is named as in the section `[limits]`.
    pub fn check(&self) -> Result<(), Fault> {
        let zero = [
            ("limits.unary_default_ms", self.unary_default_ms == 0),
            ("limits.unary_maximum_ms", self.unary_maximum_ms == 0),
            ("limits.unary_calls", self.unary_calls == 0),
            ("limits.request_ms", self.request_ms == 0),
        ];
        if let Some((field, _)) = zero.into_iter().find(|(_, zero)| *zero) {
            return Err(Fault::field(field, "must be more than 0"));
        }
        if self.unary_default_ms > self.unary_maximum_ms {
            let problem = "must not be more than unary_maximum_ms";
            return Err(Fault::field("limits.unary_default_ms", problem));
        }
        if self.unary_calls > Semaphore::MAX_PERMITS {
            let problem = format!("must be at most {}", Semaphore::MAX_PERMITS);
            return Err(Fault::field("limits.unary_calls", problem));
        }
        Ok(())
    }
}

/// A service with all layers around it, at default limits. To be called through a listener or directly.
pub fn layered(bound: Bound, context: &Context) -> InProcess {
    layered_within(bound, context, &Limits::default())
}

/// A service with all layers around it: a span per rpc that lasts as long as its stream; INTERNAL for panics; the
/// caller's deadline (`grpc-timeout`; unary calls always have one, streams when the caller says so) answered with
/// DEADLINE_EXCEEDED; UNAVAILABLE for streams whose connection closes; RESOURCE_EXHAUSTED for requests above the rpc's size class; the access that the rpc declares, with
/// the verified caller left in the request's extensions; UNIMPLEMENTED for what no proto declares.
pub fn layered_within(bound: Bound, context: &Context, limits: &Limits) -> InProcess {
    around(bound, context, limits, Place::Owner)
}

/// The same layers for the public door, in front of services that have their own: internal rpcs are refused whoever calls;
/// rpcs that this build does not know pass at 64 KiB, so that a new one needs no new door (whether the caller may is then
/// for its owner to say); whether trust is fresh is for the owner to say too, who reads the database.
pub fn layered_door(bound: Bound, context: &Context, limits: &Limits) -> InProcess {
    around(bound, context, limits, Place::Door)
}

fn around(bound: Bound, context: &Context, limits: &Limits, place: Place) -> InProcess {
    let guarded = Guarded {
        routes: bound.routes.prepare(),
        gate: Arc::new(Gate {
            place,
            context: context.clone(),
            unary_default: Duration::from_millis(limits.unary_default_ms),
            unary_maximum: Duration::from_millis(limits.unary_maximum_ms),
            room: Arc::new(Semaphore::new(limits.unary_calls)),
            arrival: Duration::from_millis(limits.request_ms),
        }),
    };
    let traced = TraceLayer::server(onqueue_proto::known).layer(guarded);
    BoxCloneSyncService::new(traced.map_response(|response| response.map(Body::new)))
}

/// The same service as another service of this installation calls it: whatever the request carried beside its headers is
/// replaced by the caller's name. Headers, the user's token and the trace among them, stay.
pub fn as_peer(service: InProcess, name: &'static str) -> InProcess {
    BoxCloneSyncService::new(service.map_request(move |mut request: Request<Body>| {
        *request.extensions_mut() = http::Extensions::new();
        request.extensions_mut().insert(Peer(name));
        request
    }))
}

#[derive(Clone)]
struct Guarded {
    routes: Routes,
    gate: Arc<Gate>,
}

impl Service<Request<Body>> for Guarded {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self { routes, gate } = self.clone();
        Box::pin(async move { Ok(serve(routes, &gate, request).await) })
    }
}

async fn serve(routes: Routes, gate: &Gate, request: Request<Body>) -> Response<Body> {
    match gate.open(request) {
        Ok((request, pass)) => run(routes, request, pass).await,
        Err(refusal) => refusal.into_http(),
    }
}

/// What a call that was let in takes along.
struct Pass {
    deadline: Option<Deadline>,
    /// Held while a unary call runs.
    room: Option<OwnedSemaphorePermit>,
    /// Ends a stream with its connection.
    closing: Option<Closing>,
}

async fn run(routes: Routes, request: Request<Body>, pass: Pass) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let _room = pass.room;
    let mut timer = pass.deadline.map(|deadline| deadline.timer());
    let call = AssertUnwindSafe(routes.oneshot(request)).catch_unwind();
    let outcome = match &mut timer {
        None => call.await,
        Some(timer) => tokio::select! {
            biased;
            outcome = call => outcome,
            () = timer.as_mut() => return exceeded().into_http(),
        },
    };
    match outcome {
        Ok(Ok(response)) => response.map(|body| Body::new(GuardedResponse::new(body, timer, pass.closing, path))),
        Err(panic) => panicked(&path, panic.as_ref()).into_http(),
    }
}

/// The answer to a call whose deadline passed.
fn exceeded() -> Status {
    status(Fault::new(
        Reason::DeadlineExceeded,
        "the deadline passed before this was done",
    ))
}

/// Logs a handler's panic; the answer says nothing of it.
fn panicked(path: &str, panic: &(dyn Any + Send)) -> Status {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic");
    status(Fault::internal(format_args!("{path} panicked: {said}")))
}

/// Where a gate stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In front of the service that owns the rpcs.
    Owner,
    /// In front of all of them.
    Door,
}

/// Lets calls in.
struct Gate {
    place: Place,
    context: Context,
    unary_default: Duration,
    unary_maximum: Duration,
    room: Arc<Semaphore>,
    arrival: Duration,
}

impl Gate {
    // A refusal is the answer itself, not something to hand around.
    #[allow(clippy::result_large_err)]
    fn open(&self, mut request: Request<Body>) -> Result<(Request<Body>, Pass), Status> {
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
        let within = if method.streams {
            asked
        } else {
            Some(asked.unwrap_or(self.unary_default).min(self.unary_maximum))
        };
        Ok(within.map(Deadline::within))
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
        if said.is_some_and(|length| length > limit + body::PREFIX) {
            return Err(too_large(limit));
        }
        Ok(request.map(|inner| Body::new(LimitedRequest::new(inner, limit, self.arrival))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_serve_nothing_are_refused() {
        assert_eq!(Limits::default().check(), Ok(()));
        for (change, field) in [
            (
                (|l| l.unary_default_ms = 0) as fn(&mut Limits),
                "limits.unary_default_ms",
            ),
            (|l| l.unary_default_ms = 60_001, "limits.unary_default_ms"),
            (|l| l.unary_maximum_ms = 0, "limits.unary_maximum_ms"),
            (|l| l.unary_calls = 0, "limits.unary_calls"),
            (|l| l.unary_calls = Semaphore::MAX_PERMITS + 1, "limits.unary_calls"),
            (|l| l.request_ms = 0, "limits.request_ms"),
        ] {
            let mut limits = Limits::default();
            change(&mut limits);
            let told = limits.check().map_err(|fault| fault.metadata);
            assert_eq!(told, Err(vec![("field", field.to_owned())]));
        }
    }
}

//! What stands around every service's routes, whether a listener or a caller in the same process calls them: a span,
//! panics caught, deadlines kept, sizes limited, callers checked. Nothing else enforces these in one process.

mod access;
mod body;
mod deadline;
mod gate;
mod limits;

pub use access::{FROM_OUTSIDE, admit, bearer};
pub use deadline::{Deadline, Remaining, deadline, parse_timeout};
pub use limits::Limits;

use crate::{Bound, Context, Handler, InProcess, Peer, in_process, status};
use body::GuardedResponse;
use futures::FutureExt as _;
use gate::{Gate, Pass, Place};
use http::{Request, Response};
use onqueue_model::{Fault, Reason};
use onqueue_telemetry::TraceLayer;
use std::{any::Any, convert::Infallible, panic::AssertUnwindSafe, pin::pin};
use tonic::{Status, body::Body};
use tower::ServiceExt as _;

/// A service with all layers around it, at default limits. To be called through a listener or directly.
pub fn layered(bound: Bound, context: &Context) -> InProcess {
    layered_within(bound, context, &Limits::default())
}

/// A service with all layers around it: a span per rpc that lasts as long as its stream; INTERNAL for panics; the
/// caller's deadline (`grpc-timeout`; unary calls always have one, streams when the caller says so) answered with
/// DEADLINE_EXCEEDED; UNAVAILABLE for streams whose connection closes; RESOURCE_EXHAUSTED for requests above the rpc's size
/// class; the access that the rpc declares, with the verified caller left in the request's extensions; UNIMPLEMENTED for
/// what no proto declares.
pub fn layered_within(bound: Bound, context: &Context, limits: &Limits) -> InProcess {
    in_process(Layered::new(
        bound.routes.prepare(),
        Gate::new(Place::Owner, context, limits),
    ))
}

/// The same layers for the public door, in front of services that have their own: internal rpcs are refused whoever calls;
/// rpcs that this build does not know pass at 64 KiB, so that a new one needs no new door (whether the caller may is then
/// for its owner to say); whether trust is fresh is for the owner to say too, who reads the database.
pub fn layered_door<H: Handler>(behind: H, context: &Context, limits: &Limits) -> Layered<H> {
    Layered::new(behind, Gate::new(Place::Door, context, limits))
}

/// The same service as another service of this installation calls it: whatever the request carried beside its headers is
/// replaced by the caller's name. Headers, the user's token and the trace among them, stay.
pub fn as_peer(service: InProcess, name: &'static str) -> InProcess {
    InProcess::new(service.map_request(move |mut request: Request<Body>| {
        *request.extensions_mut() = http::Extensions::new();
        request.extensions_mut().insert(Peer(name));
        request
    }))
}

/// A handler with all layers around it.
pub struct Layered<H> {
    behind: H,
    gate: Gate,
}

impl<H: Handler> Handler for Layered<H> {
    async fn handle(&self, request: Request<Body>) -> Response<Body> {
        let layer = TraceLayer::server(onqueue_proto::known);
        // Boxed, because it would be moved several times on its way to where it stays.
        let guarded = |request| Box::pin(self.guarded(request)).map(Ok::<_, Infallible>);
        let Ok(answer) = layer.around(request, guarded).await;
        answer.map(Body::new)
    }
}

impl<H: Handler> Layered<H> {
    const fn new(behind: H, gate: Gate) -> Self {
        Self { behind, gate }
    }

    async fn guarded(&self, request: Request<Body>) -> Response<Body> {
        match self.gate.open(request) {
            Ok((request, pass)) => run(&self.behind, request, pass).await,
            Err(refusal) => refusal.into_http(),
        }
    }
}

async fn run(behind: &impl Handler, request: Request<Body>, pass: Pass) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let _room = pass.room;
    let mut timer = pass.deadline.map(|deadline| deadline.timer());
    let mut call = pin!(AssertUnwindSafe(behind.handle(request)).catch_unwind());
    let outcome = match &mut timer {
        None => call.await,
        Some(timer) => tokio::select! {
            biased;
            outcome = &mut call => outcome,
            () = timer.as_mut() => return exceeded().into_http(),
        },
    };
    match outcome {
        Ok(response) => response.map(|body| Body::new(GuardedResponse::new(body, timer, pass.closing, path))),
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

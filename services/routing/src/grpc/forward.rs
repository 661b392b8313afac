//! Calls that need the owner go there: to the handlers here if this replica is the owner, else once, as the bytes that came,
//! to the replica that is. Both replicas check who calls, since both have the same layers in front.

use super::pipe::pipe;
use crate::app::{Place, Whereabouts, is_unowned, unowned};
use bytes::Bytes;
use futures::{FutureExt as _, future::BoxFuture};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header, request::Parts};
use http_body_util::{BodyExt as _, Full};
use onqueue_proto::{Idempotency, method, rpc};
use onqueue_server::{Deadline, Peer, status};
use prost::Message as _;
use std::{convert::Infallible, task, time::Duration};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, body::Body, server::NamedService};
use tower::{Service, ServiceExt as _};

/// Says that a call was forwarded: whoever gets it answers it, as the owner or not.
const FORWARDED: HeaderName = HeaderName::from_static("onqueue-forwarded");

/// What of a request goes along beside its bytes; the trace is written by whoever made the way to the owner.
const ALONG: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-accept-encoding"),
];

/// How long a call waits for the owner's whereabouts to be known: longer than a hand-over, shorter than a lease.
const PATIENCE: Duration = Duration::from_secs(1);

/// How soon an owner is asked again that is about to go on.
const AGAIN: Duration = Duration::from_millis(100);

/// A gRPC service of which calls may need the owner.
#[derive(Clone, Debug)]
pub struct Owned<S> {
    inner: S,
    whereabouts: Whereabouts,
    draining: CancellationToken,
}

impl<S> Owned<S> {
    pub const fn new(inner: S, whereabouts: Whereabouts, draining: CancellationToken) -> Self {
        Self {
            inner,
            whereabouts,
            draining,
        }
    }
}

impl<S: NamedService> NamedService for Owned<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Owned<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), Infallible>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !needs_owner(request.uri().path()) {
            return self.inner.clone().oneshot(request).boxed();
        }
        let owned = self.clone();
        async move { Ok(owned.serve(request).await) }.boxed()
    }
}

/// What only the engine knows, though nothing is changed by asking for it.
const LIVE: [&str; 6] = [
    "/onqueue.routing.v1.AgentService/",
    "/onqueue.routing.v1.DecisionService/Explain",
    "/onqueue.routing.v1.InteractionService/",
    "/onqueue.routing.v1.ObservationService/GetObservations",
    "/onqueue.routing.v1.ObservationService/WatchObservations",
    "/onqueue.routing.v1.WaitService/",
];

/// Agents and interactions are what the engine says they are, and so is why something waits; queues and members are read from
/// the database anywhere, but whatever changes them is in force when it answers, which only the owner can say.
fn needs_owner(path: &str) -> bool {
    let only_reads = method(path).is_some_and(|method| method.idempotency == Idempotency::Read);
    LIVE.iter().any(|live| path.starts_with(live)) || !only_reads
}

/// A request that can be sent again.
struct Call {
    parts: Parts,
    message: Bytes,
}

/// What came of sending it once.
enum Outcome {
    Answered(Response<Body>),
    /// Nobody decided there; what was said of that.
    Moved(Response<Body>),
}

/// What was said last of nobody deciding; only who must answer without having asked anybody says so here.
fn said(last: Option<Response<Body>>) -> Response<Body> {
    last.unwrap_or_else(|| status(unowned()).into_http())
}

impl<S> Owned<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    /// Sends the call where the owner is; again if the owner has moved meanwhile, which each of these rpcs allows.
    async fn serve(mut self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let call = match body.collect().await {
            Ok(message) => Call {
                parts,
                message: message.to_bytes(),
            },
            Err(refusal) => return refusal.into_http(),
        };
        let clock = self.whereabouts.clone();
        let mut patience = clock.pause(PATIENCE).boxed();
        let mut last = None;
        loop {
            let place = self.whereabouts.now();
            let outcome = match &place {
                Place::Here => self.here(&call).await,
                _ if call.is_forwarded() => return said(last),
                Place::At { address, .. } => self.there(address, &call).await,
                Place::Nobody => Outcome::Moved(said(last.take())),
            };
            match outcome {
                Outcome::Answered(answer) => return answer,
                Outcome::Moved(answer) => last = Some(answer),
            }
            tokio::select! {
                () = self.whereabouts.moved() => {}
                () = clock.pause(AGAIN), if place == Place::Here => {}
                () = &mut patience => return said(last),
            }
        }
    }

    async fn here(&self, call: &Call) -> Outcome {
        let request = Request::from_parts(call.parts.clone(), call.body());
        let Ok(answer) = self.inner.clone().oneshot(request).await;
        told(answer)
    }

    /// An owner that has lost its shards before it answers is not waited for: it may be hanging.
    async fn there(&mut self, address: &str, call: &Call) -> Outcome {
        let way = match self.whereabouts.way(address) {
            Ok(way) => way,
            Err(fault) => return self.lost(fault),
        };
        let answer = tokio::select! {
            biased;
            answer = way.oneshot(call.forwarded()) => answer,
            () = self.whereabouts.moved() => {
                // The next look at the place is at the new one.
                return self.lost("the owner has moved");
            }
        };
        match answer {
            Err(refusal) if refusal.code() == Code::Unavailable => self.lost(refusal.message()),
            Err(refusal) => Outcome::Answered(refusal.into_http()),
            Ok(answer) => match told(answer) {
                Outcome::Answered(answer) => Outcome::Answered(self.piped(answer, call)),
                moved @ Outcome::Moved(_) => {
                    self.whereabouts.doubt();
                    moved
                }
            },
        }
    }

    fn lost(&self, why: impl std::fmt::Display) -> Outcome {
        self.whereabouts.doubt();
        Outcome::Moved(status(unowned().with_context(why)).into_http())
    }

    /// A stream ends when either replica ends, or when the owner is no longer the owner.
    fn piped(&self, answer: Response<Body>, call: &Call) -> Response<Body> {
        if !method(call.parts.uri.path()).is_some_and(|method| method.streams) {
            return answer;
        }
        let (mut whereabouts, draining) = (self.whereabouts.clone(), self.draining.clone());
        let until = async move {
            tokio::select! {
                () = draining.cancelled() => "draining",
                () = whereabouts.moved() => "moved",
            }
        };
        answer.map(|body| pipe(body, until))
    }
}

impl Call {
    /// Only another replica says so with effect.
    fn is_forwarded(&self) -> bool {
        let peer = self.parts.extensions.get::<Peer>();
        self.parts.headers.contains_key(FORWARDED) && peer == Some(&Peer("routing"))
    }

    fn body(&self) -> Body {
        Body::new(Full::new(self.message.clone()))
    }

    fn forwarded(&self) -> Request<Body> {
        let mut request = Request::new(self.body());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.parts.uri.clone();
        *request.version_mut() = self.parts.version;
        *request.headers_mut() = self.headers();
        request
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for name in ALONG {
            if let Some(value) = self.parts.headers.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(FORWARDED, HeaderValue::from_static("1"));
        let left = self.parts.extensions.get::<Deadline>().map(Deadline::remaining);
        if let Some(left) = left.and_then(timeout) {
            headers.insert("grpc-timeout", left);
        }
        headers
    }
}

/// As gRPC writes it: at most eight digits.
fn timeout(left: Duration) -> Option<HeaderValue> {
    let text = match u32::try_from(left.as_millis()) {
        Ok(milliseconds) if milliseconds < 100_000_000 => format!("{milliseconds}m"),
        _ => format!("{}S", left.as_secs().min(99_999_999)),
    };
    text.parse().ok()
}

/// Tells a refusal by somebody who does not own the shards from every other answer.
fn told(answer: Response<Body>) -> Outcome {
    let refusal = Status::from_header_map(answer.headers());
    match refusal.is_some_and(|status| says_unowned(&status)) {
        true => Outcome::Moved(answer),
        false => Outcome::Answered(answer),
    }
}

fn says_unowned(status: &Status) -> bool {
    let carried = rpc::Status::decode(status.details()).ok();
    let info: Option<rpc::ErrorInfo> =
        carried.and_then(|carried| rpc::unpack("google.rpc.ErrorInfo", &carried.details));
    status.code() == Code::Unavailable && info.is_some_and(|info| is_unowned(&info.metadata))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_reads_queues_or_decisions_needs_no_owner() {
        for (path, needs) in [
            ("/onqueue.routing.v1.AgentService/GetAgent", true),
            ("/onqueue.routing.v1.AgentService/WatchMe", true),
            ("/onqueue.routing.v1.AgentService/AcceptOffer", true),
            ("/onqueue.routing.v1.InteractionService/ListInteractions", true),
            ("/onqueue.routing.v1.WrapUpCodeService/ListWrapUpCodes", false),
            ("/onqueue.routing.v1.QueueService/CreateQueue", true),
            ("/onqueue.routing.v1.QueueService/SetMembers", true),
            ("/onqueue.routing.v1.QueueService/JoinQueue", true),
            ("/onqueue.routing.v1.QueueService/ListQueues", false),
            ("/onqueue.routing.v1.QueueService/SearchQueues", false),
            ("/onqueue.routing.v1.QueueService/ListMembers", false),
            ("/onqueue.routing.v1.SkillService/SetUserSkills", true),
            ("/onqueue.routing.v1.SkillService/ListSkills", false),
            ("/onqueue.routing.v1.UtilizationService/UpdateUtilization", true),
            ("/onqueue.routing.v1.UtilizationService/GetUserUtilization", false),
            ("/onqueue.routing.v1.DecisionService/ListDecisions", false),
            ("/onqueue.routing.v1.ObservationService/GetObservations", true),
            ("/onqueue.routing.v1.ObservationService/WatchObservations", true),
            ("/onqueue.routing.v1.ObservationService/QueryMetrics", false),
            ("/onqueue.routing.v1.ObservationService/ListMetricDefinitions", false),
            ("/onqueue.routing.v1.WaitService/GetEstimatedWait", true),
            ("/onqueue.routing.v1.WaitService/WatchPosition", true),
            ("/onqueue.routing.v1.DecisionService/GetDecision", false),
            ("/onqueue.routing.v1.DecisionService/ExplainWaiting", true),
            ("/onqueue.routing.v1.DecisionService/ExplainAgent", true),
        ] {
            assert_eq!(needs_owner(path), needs, "{path}");
        }
    }

    #[test]
    fn what_is_left_is_written_in_eight_digits() {
        for (left, text) in [
            (Duration::from_micros(1_500), "1m"),
            (Duration::from_secs(10), "10000m"),
            (Duration::from_secs(200_000), "200000S"),
            (Duration::MAX, "99999999S"),
        ] {
            assert_eq!(timeout(left).expect("ascii"), text);
        }
    }
}

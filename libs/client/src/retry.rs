//! Repeating calls that may be repeated: only when the other side says UNAVAILABLE or ABORTED (or nothing, because the
//! connection was lost), after a random pause, elsewhere if there is an elsewhere, and only as long as few calls need it.

use crate::{Chance, Upstream, deadline::Deadline, message, reason::retry_after, remote::Avoid};
use bytes::Bytes;
use http::{Request, Response, request::Parts};
use http_body_util::{BodyExt as _, Full};
use onqueue_proto::{Method, method};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tonic::{Code, Status, body::Body};
use tower::{Service, ServiceExt as _};

/// The budget counts in hundredths of a retry.
const ONE: u64 = 100;

/// How often and how patiently calls are repeated.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Attempts in all.
    pub attempts: u32,
    /// The first pause is random below this, each further one below twice the one before.
    pub first_pause: Duration,
    /// No pause is longer; who is told to wait longer than this does not try again.
    pub longest_pause: Duration,
    /// Retries per hundred calls.
    pub budget_percent: u64,
    /// Retries saved up at most, and there at the start.
    pub saved: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(1),
            budget_percent: 20,
            saved: 10,
        }
    }
}

impl Policy {
    fn pause(&self, retry: u32, chance: f64) -> Duration {
        let below = self
            .first_pause
            .saturating_mul(1 << retry.min(16))
            .min(self.longest_pause);
        below.mul_f64(chance.clamp(0.0, 1.0))
    }
}

#[derive(Clone)]
pub(crate) struct Retrying {
    upstream: Upstream,
    policy: Policy,
    chance: Chance,
    /// In hundredths of a retry.
    budget: Arc<AtomicU64>,
}

impl Retrying {
    pub(crate) fn new(upstream: Upstream, policy: Policy, chance: Chance) -> Self {
        Self {
            upstream,
            policy,
            chance,
            budget: Arc::new(AtomicU64::new(policy.saved * ONE)),
        }
    }

    async fn repeat(self, method: &'static Method, request: Request<Body>) -> Result<Response<Body>, Status> {
        let (mut parts, body) = request.into_parts();
        let deadline = Deadline::of(&parts.headers);
        let message = message(body).await?;
        self.earn();
        let mut retry = 0;
        loop {
            let outcome = self.attempt(method, parts.clone(), message.clone()).await;
            let Some(refused) = Refused::read(&outcome) else {
                return outcome;
            };
            let Some(pause) = self.pause(retry, &refused, deadline) else {
                return outcome;
            };
            tokio::time::sleep(pause).await;
            retry += 1;
            prepare(&mut parts, &refused, deadline);
            tracing::debug!(path = method.path, retry, "called again");
        }
    }

    async fn attempt(&self, method: &Method, parts: Parts, message: Bytes) -> Result<Response<Body>, Status> {
        let request = Request::from_parts(parts, Body::new(Full::new(message)));
        let response = self.upstream.clone().oneshot(request).await?;
        if method.streams {
            return Ok(response);
        }
        whole(response).await
    }

    /// How long to wait before another attempt; `None` if there is to be none.
    fn pause(&self, retry: u32, refused: &Refused, deadline: Option<Deadline>) -> Option<Duration> {
        if retry + 1 >= self.policy.attempts {
            return None;
        }
        let told = refused.retry_after.unwrap_or_default();
        let pause = self.policy.pause(retry, (self.chance)()).max(told);
        let in_time = deadline.is_none_or(|deadline| pause < deadline.remaining());
        (told <= self.policy.longest_pause && in_time && self.spend()).then_some(pause)
    }

    fn earn(&self) {
        let (most, share) = (self.policy.saved * ONE, self.policy.budget_percent);
        let _ = self.budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| {
            Some((saved + share).min(most))
        });
    }

    fn spend(&self) -> bool {
        let spent = |saved: u64| saved.checked_sub(ONE);
        self.budget
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent)
            .is_ok()
    }
}

impl Service<Request<Body>> for Retrying {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match method(request.uri().path()) {
            Some(method) if method.idempotency.may_repeat() && self.policy.attempts > 1 => {
                Box::pin(self.clone().repeat(method, request))
            }
            _ => Box::pin(self.upstream.clone().oneshot(request)),
        }
    }
}

/// The same answer, all of it there: what is lost on the way is lost while the call can still be repeated.
async fn whole(response: Response<Body>) -> Result<Response<Body>, Status> {
    let (mut parts, body) = response.into_parts();
    if http_body::Body::is_end_stream(&body) {
        return Ok(Response::from_parts(parts, body));
    }
    let body = body.collect().await?;
    let told = body.trailers().and_then(|trailers| trailers.get("grpc-status"));
    if told.is_some_and(|code| is_passing(Code::from_bytes(code.as_bytes()))) {
        // Nothing has been read of it: it may as well have been said at once.
        parts.headers.extend(body.trailers().cloned().unwrap_or_default());
        return Ok(Response::from_parts(parts, Body::empty()));
    }
    Ok(Response::from_parts(parts, Body::new(body)))
}

/// An answer that may be another the next time.
struct Refused {
    avoid: Option<Avoid>,
    retry_after: Option<Duration>,
}

impl Refused {
    fn read(outcome: &Result<Response<Body>, Status>) -> Option<Self> {
        match outcome {
            Ok(response) => {
                let code = response.headers().get("grpc-status")?;
                if !is_passing(Code::from_bytes(code.as_bytes())) {
                    return None;
                }
                let status = Status::from_header_map(response.headers());
                Some(Self {
                    avoid: response.extensions().get().copied(),
                    retry_after: status.as_ref().and_then(retry_after),
                })
            }
            Err(status) => is_passing(status.code()).then(|| Self {
                avoid: None,
                retry_after: retry_after(status),
            }),
        }
    }
}

const fn is_passing(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::Aborted)
}

fn prepare(parts: &mut Parts, refused: &Refused, deadline: Option<Deadline>) {
    if let Some(avoid) = refused.avoid {
        parts.extensions.insert(avoid);
    }
    if let Some(deadline) = deadline {
        deadline.write(&mut parts.headers);
    }
}

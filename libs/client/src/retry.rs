//! Repeating calls that may be repeated: only when the other side says UNAVAILABLE, after a random pause, and only as long
//! as few calls need it.

use crate::{Chance, Upstream};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use onqueue_proto::method;
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
    /// No pause is longer.
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

    async fn repeat(self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let (parts, body) = request.into_parts();
        let message = body.collect().await?.to_bytes();
        self.earn();
        let mut retry = 0;
        loop {
            let again = Request::from_parts(parts.clone(), Body::new(Full::<Bytes>::new(message.clone())));
            let outcome = self.upstream.clone().oneshot(again).await;
            if !is_unavailable(&outcome) || retry + 1 >= self.policy.attempts || !self.spend() {
                return outcome;
            }
            tokio::time::sleep(self.policy.pause(retry, (self.chance)())).await;
            retry += 1;
            tracing::debug!(path = parts.uri.path(), retry, "called again");
        }
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
        let may_repeat = method(request.uri().path()).is_some_and(|method| method.idempotency.may_repeat());
        if may_repeat {
            Box::pin(self.clone().repeat(request))
        } else {
            Box::pin(self.upstream.clone().oneshot(request))
        }
    }
}

fn is_unavailable(outcome: &Result<Response<Body>, Status>) -> bool {
    match outcome {
        // A status in the headers is one that came before anything else.
        Ok(response) => says_unavailable(response.headers()),
        Err(status) => status.code() == Code::Unavailable,
    }
}

fn says_unavailable(headers: &HeaderMap) -> bool {
    headers
        .get("grpc-status")
        .is_some_and(|code| Code::from_bytes(code.as_bytes()) == Code::Unavailable)
}

//! From "started" to "ended in order": when a process is ready, when it is told to end, and the health page that says so
//! to whoever keeps it running.

use crate::{Clock, Probes, Tasks};
use axum::{Router, http::StatusCode, middleware::map_response, response::Response, routing::get};
use futures::future::OptionFuture;
use http::{HeaderName, HeaderValue, header::CONTENT_TYPE};
use onqueue_model::Timestamp;
use onqueue_store::Store;
use onqueue_telemetry::metrics;
use std::{
    convert::Infallible,
    fmt,
    future::{Future, ready},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tokio_util::sync::CancellationToken;

/// Tells the process's time beside every answer about its health.
const TIME: HeaderName = HeaderName::from_static("x-onqueue-time");

/// The format of Prometheus.
const METRICS: &str = "text/plain; version=0.0.4";

/// How often the database is asked for the time.
const SAMPLE: Duration = Duration::from_secs(10);

/// How often conditions are looked at by whoever waits for a change, and the machine's clock.
const LOOK: Duration = Duration::from_secs(1);

/// Whether the process may be sent work: once every latch is gone, while every condition holds, and until the drain
/// begins. Clones share it.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<Shared>);

struct Shared {
    latches: watch::Sender<Vec<&'static str>>,
    conditions: Mutex<Vec<Condition>>,
    drain: CancellationToken,
}

struct Condition {
    name: &'static str,
    holds: Box<dyn Fn() -> bool + Send + Sync>,
}

/// Something that has to happen before the process is ready; dropped when it has.
#[derive(Debug)]
pub struct Latch {
    of: Readiness,
    name: &'static str,
}

impl Readiness {
    /// Ready as soon as the first latches are gone; take them before anything is awaited.
    pub fn new(tasks: &Tasks) -> Self {
        Self(Arc::new(Shared {
            latches: watch::channel(Vec::new()).0,
            conditions: Mutex::default(),
            drain: tasks.drain_token().child_token(),
        }))
    }

    /// Not ready before this latch is dropped. The name is shown to whoever asks what is missing.
    pub fn latch(&self, name: &'static str) -> Latch {
        self.0.latches.send_modify(|latches| latches.push(name));
        Latch { of: self.clone(), name }
    }

    /// Not ready whenever `check` says no; it is asked at each look, so it must not wait. The name is shown like a latch's.
    pub fn watch(&self, name: &'static str, check: impl Fn() -> bool + Send + Sync + 'static) {
        let holds = Box::new(check);
        self.conditions().push(Condition { name, holds });
    }

    /// Not ready from now on, while work is still taken: so that whoever balances looks elsewhere before the drain begins.
    pub fn drain(&self) {
        self.0.drain.cancel();
    }

    /// What is missing; `draining` once the process is to end. Empty when ready.
    pub fn missing(&self) -> Vec<&'static str> {
        if self.0.drain.is_cancelled() {
            return vec!["draining"];
        }
        let mut missing = self.0.latches.borrow().clone();
        let conditions = self.conditions();
        missing.extend(conditions.iter().filter(|it| !(it.holds)()).map(|it| it.name));
        missing
    }

    /// Returns once ready, if ever.
    pub async fn ready(&self) {
        let mut looks = self.looks();
        while !self.missing().is_empty() {
            looks.next().await;
        }
    }

    /// For looking again whenever something may have changed.
    pub(crate) fn looks(&self) -> Looks {
        Looks(self.0.latches.subscribe(), Some(self.0.drain.clone()))
    }

    fn conditions(&self) -> MutexGuard<'_, Vec<Condition>> {
        self.0.conditions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let latches = self.latches.borrow();
        f.debug_struct("Shared")
            .field("latches", &*latches)
            .finish_non_exhaustive()
    }
}

impl Drop for Latch {
    fn drop(&mut self) {
        self.of.0.latches.send_modify(|latches| {
            if let Some(at) = latches.iter().position(|name| *name == self.name) {
                latches.swap_remove(at);
            }
        });
    }
}

/// When to look at readiness again; with the drain, as long as it has not begun.
pub(crate) struct Looks(watch::Receiver<Vec<&'static str>>, Option<CancellationToken>);

impl Looks {
    /// Returns when a latch came or went since the last time, when the drain begins, and after a second at the latest.
    pub(crate) async fn next(&mut self) {
        let Self(latches, drain) = self;
        let drained = OptionFuture::from(drain.clone().map(CancellationToken::cancelled_owned));
        tokio::select! {
            // What is ready for ever must not match: who looked again at once each time would keep a thread from everything
            // else. So nothing without the readiness, in which the sender lives, and the drain once.
            Ok(()) = latches.changed() => {}
            Some(()) = drained => *drain = None,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Why the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was told to, by SIGTERM or SIGINT.
    Told,
    /// A task panicked: a defect.
    TaskFailed,
}

/// Returns when the process is to end. The error says that signals cannot be received.
pub async fn ending(tasks: &Tasks) -> std::io::Result<Ending> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(tokio::select! {
        _ = terminate.recv() => Ending::Told,
        _ = interrupt.recv() => Ending::Told,
        () = tasks.failed() => Ending::TaskFailed,
    })
}

/// Keeps the figure that says whether the process is ready, as long as it runs.
pub fn show_readiness(readiness: Readiness, tasks: &Tasks) {
    tasks.aside("readiness", async move {
        let mut looks = readiness.looks();
        loop {
            let is_ready = readiness.missing().is_empty();
            metrics::READY.set(f64::from(u8::from(is_ready)), &[]);
            looks.next().await;
        }
    });
}

/// Serves `/healthz` (the process answers), `/readyz` (it may be sent work; 503 and what is missing, otherwise) and
/// `/metrics` (what `metrics` says, as Prometheus reads it) over HTTP, and `grpc.health.v1` over HTTP/2 without TLS, as probes
/// of Kubernetes speak it; each with the process's time in milliseconds in the header `x-onqueue-time`. Not for the public.
/// Never returns while the listener works: poll it beside everything else until that has ended, so that it says "draining" to
/// the last.
pub async fn serve_health(
    listener: TcpListener,
    probes: Probes,
    clock: Clock,
    metrics: impl Fn() -> String + Clone + Send + Sync + 'static,
) -> std::io::Result<()> {
    let readiness = probes.readiness().clone();
    let timed = map_response(move |mut response: Response| {
        let time = HeaderValue::from(clock.now().millis());
        response.headers_mut().insert(TIME, time);
        ready(response)
    });
    let metrics = move || async move { ([(CONTENT_TYPE, METRICS)], metrics()) };
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(move || async move { readyz(&readiness) }))
        .route("/metrics", get(metrics))
        .route_service("/grpc.health.v1.Health/{rpc}", probes.server())
        .layer(timed);
    axum::serve(listener, router).await
}

fn readyz(readiness: &Readiness) -> (StatusCode, String) {
    let missing = readiness.missing();
    if missing.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    let missing = format!("not ready: {}\n", missing.join(", "));
    (StatusCode::SERVICE_UNAVAILABLE, missing)
}

/// Keeps `clock` on the database's time: one sample every 10 seconds. A manual clock does not listen.
pub fn follow_database(clock: Clock, store: Store, tasks: &Tasks) {
    let drain = tasks.drain_token().clone();
    tasks.spawn("clock", async move {
        let tell = move || {
            let store = store.clone();
            async move { store.now().await.inspect(|now| show_offset(*now)) }
        };
        drain.run_until_cancelled(follow(&clock, SAMPLE, tell)).await;
    });
}

/// The database has said what time it is.
fn show_offset(now: Timestamp) {
    let ahead = now.millis() - Clock::system().now().millis();
    metrics::CLOCK_OFFSET.set(ahead as f64 / 1_000.0, &[]);
}

/// Keeps `clock` on the machine's time, where there is no database to tell it: that is set right after a start, and stands
/// still while a machine sleeps. A manual clock does not listen.
pub fn follow_machine(clock: Clock, tasks: &Tasks) {
    let drain = tasks.drain_token().clone();
    tasks.spawn("clock", async move {
        let tell = || ready(Ok::<_, Infallible>(Clock::system().now()));
        drain.run_until_cancelled(follow(&clock, LOOK, tell)).await;
    });
}

/// Sets the clock to what `tell` says, again and again. What it does not say changes nothing.
async fn follow<E, T>(clock: &Clock, every: Duration, tell: impl Fn() -> T)
where
    E: fmt::Display,
    T: Future<Output = Result<Timestamp, E>>,
{
    loop {
        tokio::time::sleep(every).await;
        match tell().await {
            Ok(now) => clock.set(now),
            Err(error) => tracing::warn!(%error, "the database did not tell the time"),
        }
    }
}

#[cfg(test)]
mod tests;

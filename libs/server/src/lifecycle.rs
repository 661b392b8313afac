//! From "started" to "ended in order": when a process is ready, when it is told to end, and the health page that says so
//! to whoever keeps it running.

use crate::{Clock, Tasks};
use axum::{Router, http::StatusCode, routing::get};
use onqueue_store::Store;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// How often the database is asked for the time.
const SAMPLE: Duration = Duration::from_secs(10);

/// Whether the process may be sent work: once every latch is gone, and until the drain begins. Clones share it.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<Latches>);

#[derive(Debug)]
struct Latches {
    held: Mutex<Vec<&'static str>>,
    ready: watch::Sender<bool>,
    tasks: Tasks,
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
        Self(Arc::new(Latches {
            held: Mutex::default(),
            ready: watch::channel(true).0,
            tasks: tasks.clone(),
        }))
    }

    /// Not ready before this latch is dropped. The name is shown to whoever asks what is missing.
    pub fn latch(&self, name: &'static str) -> Latch {
        self.held().push(name);
        self.0.ready.send_replace(false);
        Latch { of: self.clone(), name }
    }

    /// What is still missing; `draining` once the process is to end. Empty when ready.
    pub fn missing(&self) -> Vec<&'static str> {
        if self.0.tasks.drain_token().is_cancelled() {
            return vec!["draining"];
        }
        self.held().clone()
    }

    /// Returns once ready, if ever.
    pub async fn ready(&self) {
        // The sender lives in `self`, so this ends by being ready only.
        let _ = self.0.ready.subscribe().wait_for(|ready| *ready).await;
    }

    fn held(&self) -> MutexGuard<'_, Vec<&'static str>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Latch {
    fn drop(&mut self) {
        let mut held = self.of.held();
        if let Some(at) = held.iter().position(|name| *name == self.name) {
            held.swap_remove(at);
        }
        self.of.0.ready.send_replace(held.is_empty());
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

/// Serves `/healthz` (the process answers) and `/readyz` (it may be sent work; 503 and what is missing, otherwise) over
/// HTTP. Not for the public. Never returns while the listener works: poll it beside everything else until that has ended,
/// so that it says "draining" to the last.
pub async fn serve_health(listener: TcpListener, readiness: Readiness) -> std::io::Result<()> {
    let ready = move || async move {
        let missing = readiness.missing();
        if missing.is_empty() {
            (StatusCode::OK, "ready\n".to_owned())
        } else {
            (
                StatusCode::SERVICE_UNAVAILABLE,
                format!("not ready: {}\n", missing.join(", ")),
            )
        }
    };
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready));
    axum::serve(listener, router).await
}

/// Keeps `clock` on the database's time: one sample every 10 seconds. A manual clock does not listen.
pub fn follow_database(clock: Clock, store: Store, tasks: &Tasks) {
    let drain = tasks.drain_token().clone();
    tasks.spawn("clock", async move {
        while drain.run_until_cancelled(tokio::time::sleep(SAMPLE)).await.is_some() {
            match store.now().await {
                Ok(now) => clock.set(now),
                Err(error) => tracing::warn!(%error, "the database did not tell the time"),
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ready_when_the_last_latch_drops_and_not_while_draining() {
        let tasks = Tasks::new();
        let readiness = Readiness::new(&tasks);
        let (store, trust) = (readiness.latch("store"), readiness.latch("trust"));
        assert_eq!(readiness.missing(), ["store", "trust"]);
        drop(store);
        assert_eq!(readiness.missing(), ["trust"]);
        let waits = readiness.clone();
        let (_, ()) = tokio::join!(waits.ready(), async { drop(trust) });
        assert!(readiness.missing().is_empty());
        tasks.drain();
        assert_eq!(readiness.missing(), ["draining"]);
    }
}

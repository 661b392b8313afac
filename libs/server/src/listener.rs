//! The public listener: HTTP/1.1 and HTTP/2 on one port, with every limit set that the libraries leave open, and an end
//! in order. It serves whatever tower service it is given.

use crate::{Network, Tasks};
use axum::Router;
use futures::FutureExt as _;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use serde::Deserialize;
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// How long a new connection may stay silent, and how long HTTP/1.1 headers may take.
const FIRST_WORDS: Duration = Duration::from_secs(10);

/// How long to wait after the machine refused a connection (usually: no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What one connection, one address and all of them may take.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Connections in all; more wait in the machine's backlog.
    pub connections: usize,
    /// Connections of one address; more are closed at once. Networks in `exempt` have no such limit.
    pub connections_per_address: u32,
    /// Load balancers in front of us.
    #[serde(default)]
    pub exempt: Vec<Network>,
    /// Calls at once on one HTTP/2 connection.
    pub streams: u32,
    /// Bytes of headers of one request.
    pub header_bytes: u32,
    /// Streams reset by our own errors before the connection is closed.
    pub error_resets: usize,
    /// Milliseconds between HTTP/2 pings.
    pub keepalive_ms: u64,
    /// Milliseconds a ping may stay unanswered.
    pub keepalive_timeout_ms: u64,
    /// Milliseconds after which a connection is asked to end; each ends up to a tenth earlier or later.
    pub age_ms: u64,
    /// Milliseconds that open calls get to end after that, and in a drain.
    pub grace_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            connections_per_address: 100,
            exempt: Vec::new(),
            streams: 100,
            header_bytes: 8 * 1024,
            error_resets: 256,
            keepalive_ms: 20_000,
            keepalive_timeout_ms: 10_000,
            age_ms: 30 * 60 * 1_000,
            grace_ms: 10_000,
        }
    }
}

/// The other end of the connection that a request came by; in the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote(pub SocketAddr);

/// Serves `app` on `listener` until the process drains: then nothing new is accepted, connections are told to end
/// (GOAWAY), and those that have not after the grace are cut. `chance` gives a number in 0..1 for each connection's age.
pub fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    tasks: &Tasks,
    chance: impl Fn() -> f64 + Send + 'static,
) {
    let server = Server {
        app,
        tasks: tasks.clone(),
        room: Arc::new(Semaphore::new(limits.connections)),
        places: Places::default(),
        limits: Arc::new(limits),
    };
    let drain = tasks.drain_token().clone();
    tasks.spawn("listener", async move {
        loop {
            let Some((place, io)) = drain.run_until_cancelled(server.accept(&listener)).await else {
                return;
            };
            server.start(io, place, chance());
        }
    });
}

struct Server {
    app: Router,
    tasks: Tasks,
    room: Arc<Semaphore>,
    places: Places,
    limits: Arc<Limits>,
}

impl Server {
    /// The next connection that has a place.
    async fn accept(&self, listener: &TcpListener) -> (Place, TcpStream) {
        loop {
            let Ok(permit) = Arc::clone(&self.room).acquire_owned().await else {
                std::future::pending().await
            };
            match listener.accept().await {
                Ok((io, remote)) => {
                    if let Some(place) = self.places.take(remote, &self.limits, permit) {
                        return (place, io);
                    }
                    tracing::debug!("an address has too many connections");
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn start(&self, io: TcpStream, place: Place, chance: f64) {
        let app = self.app.clone().layer(axum::Extension(Remote(place.remote)));
        let (limits, drain) = (Arc::clone(&self.limits), self.tasks.drain_token().clone());
        let age = Duration::from_millis(limits.age_ms).mul_f64(0.9 + 0.2 * chance.clamp(0.0, 1.0));
        self.tasks.spawn("connection", async move {
            let _place = place;
            let converse = converse(io, app, limits, drain, age);
            // What panics in front of all layers ends its own connection, not the process.
            if AssertUnwindSafe(converse).catch_unwind().await.is_err() {
                tracing::error!("a connection panicked");
            }
        });
    }
}

async fn converse(io: TcpStream, app: Router, limits: Arc<Limits>, drain: CancellationToken, age: Duration) {
    let _ = io.set_nodelay(true);
    if !matches!(timeout(FIRST_WORDS, io.peek(&mut [0])).await, Ok(Ok(1))) {
        return;
    }
    let builder = builder(&limits);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(io), TowerToHyperService::new(app));
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = drain.cancelled() => {}
        () = sleep(age) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(Duration::from_millis(limits.grace_ms), connection).await;
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(FIRST_WORDS)
        .max_buf_size(usize::try_from(limits.header_bytes).unwrap_or(usize::MAX).max(8 * 1024));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.header_bytes)
        .max_local_error_reset_streams(limits.error_resets)
        .keep_alive_interval(Duration::from_millis(limits.keepalive_ms))
        .keep_alive_timeout(Duration::from_millis(limits.keepalive_timeout_ms));
    builder
}

/// How many connections each address has.
#[derive(Clone, Default)]
struct Places(Arc<Mutex<HashMap<IpAddr, u32>>>);

/// One connection's place; given back when dropped.
struct Place {
    remote: SocketAddr,
    of: Option<Places>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    fn take(&self, remote: SocketAddr, limits: &Limits, permit: OwnedSemaphorePermit) -> Option<Place> {
        let address = remote.ip().to_canonical();
        let counted = !limits.exempt.iter().any(|network| network.contains(address));
        if counted {
            let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = taken.entry(address).or_insert(0);
            if *count >= limits.connections_per_address {
                return None;
            }
            *count += 1;
        }
        Some(Place {
            remote,
            of: counted.then(|| self.clone()),
            _permit: permit,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(places) = &self.of else { return };
        let address = self.remote.ip().to_canonical();
        let mut taken = places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&address);
            }
        }
    }
}

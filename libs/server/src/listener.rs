//! The public listener: HTTP/1.1 and HTTP/2 on one port, with every limit set that the libraries leave open, and an end
//! in order. It serves whatever tower service it is given.

use crate::{Held, Network, Tally, Tasks, subscriber};
use axum::Router;
use futures::FutureExt as _;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use onqueue_model::Fault;
use serde::Deserialize;
use std::{
    io::Cursor,
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, join},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// What an HTTP/2 connection begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long the first words of a connection are still waited for in a drain: what has arrived already is read by then.
const LAST_WORDS: Duration = Duration::from_millis(100);

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
    /// Milliseconds until a new connection has to have said which HTTP it speaks, and that HTTP/1.1 headers may take.
    pub first_words_ms: u64,
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
            first_words_ms: 10_000,
            header_bytes: 8 * 1024,
            error_resets: 256,
            keepalive_ms: 20_000,
            keepalive_timeout_ms: 10_000,
            age_ms: 30 * 60 * 1_000,
            grace_ms: 10_000,
        }
    }
}

impl Limits {
    /// Refuses values with which nothing would be served. The field is named as in the section `[listener]`.
    pub fn check(&self) -> Result<(), Fault> {
        let zero = [
            ("listener.connections", self.connections == 0),
            ("listener.connections_per_address", self.connections_per_address == 0),
            ("listener.streams", self.streams == 0),
            ("listener.first_words_ms", self.first_words_ms == 0),
            ("listener.header_bytes", self.header_bytes == 0),
            ("listener.keepalive_ms", self.keepalive_ms == 0),
            ("listener.keepalive_timeout_ms", self.keepalive_timeout_ms == 0),
            ("listener.age_ms", self.age_ms == 0),
        ];
        if let Some((field, _)) = zero.into_iter().find(|(_, zero)| *zero) {
            return Err(Fault::field(field, "must be more than 0"));
        }
        if self.connections > Semaphore::MAX_PERMITS {
            let problem = format!("must be at most {}", Semaphore::MAX_PERMITS);
            return Err(Fault::field("listener.connections", problem));
        }
        Ok(())
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
        places: Tally::default(),
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
    places: Tally<IpAddr>,
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
                    if let Some(place) = place(remote, &self.places, &self.limits, permit) {
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

async fn converse(mut io: TcpStream, app: Router, limits: Arc<Limits>, drain: CancellationToken, age: Duration) {
    let _ = io.set_nodelay(true);
    let Some((version, said)) = first_words(&mut io, &limits, &drain).await else {
        return;
    };
    let (read, write) = io.into_split();
    let io = TokioIo::new(join(Cursor::new(said).chain(read), write));
    let builder = builder(version, &limits);
    let connection = builder.serve_connection(io, TowerToHyperService::new(app));
    tokio::pin!(connection);
    tokio::select! {
        // First, so that even in a drain what has been said is heard before the end is.
        biased;
        _ = connection.as_mut() => return,
        () = drain.cancelled() => {}
        () = sleep(age) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(Duration::from_millis(limits.grace_ms), connection).await;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Http1,
    Http2,
}

/// Which HTTP a new connection speaks, and what was read to find out; `None` if it does not say so in time. (The library
/// finds out by itself, but would wait for ever.)
async fn first_words(io: &mut TcpStream, limits: &Limits, drain: &CancellationToken) -> Option<(Version, Vec<u8>)> {
    let end = async {
        drain.cancelled().await;
        sleep(LAST_WORDS).await;
    };
    tokio::select! {
        heard = timeout(Duration::from_millis(limits.first_words_ms), listen(io)) => heard.ok()?,
        () = end => None,
    }
}

async fn listen(io: &mut TcpStream) -> Option<(Version, Vec<u8>)> {
    let mut said = Vec::with_capacity(PREFACE.len());
    loop {
        let missing = PREFACE.len() - said.len();
        let mut more = (&mut *io).take(u64::try_from(missing).ok()?);
        if more.read_buf(&mut said).await.ok()? == 0 {
            return None;
        }
        if let Some(version) = version(&said) {
            return Some((version, said));
        }
    }
}

/// `None` while it can still be either.
fn version(said: &[u8]) -> Option<Version> {
    match said {
        PREFACE => Some(Version::Http2),
        _ if PREFACE.starts_with(said) => None,
        _ => Some(Version::Http1),
    }
}

fn builder(version: Version, limits: &Limits) -> Builder<TokioExecutor> {
    let builder = Builder::new(TokioExecutor::new());
    let mut builder = match version {
        Version::Http1 => builder.http1_only(),
        Version::Http2 => builder.http2_only(),
    };
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits.first_words_ms))
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

/// A connection's places among its address's and among all.
struct Place {
    remote: SocketAddr,
    _of_address: Option<Held<IpAddr>>,
    _of_all: OwnedSemaphorePermit,
}

/// `None` if the address has as many connections as it may.
fn place(remote: SocketAddr, places: &Tally<IpAddr>, limits: &Limits, of_all: OwnedSemaphorePermit) -> Option<Place> {
    let exempt = limits.exempt.iter().any(|network| network.contains(remote.ip()));
    let of_address = if exempt {
        None
    } else {
        Some(places.take(subscriber(remote.ip()), limits.connections_per_address)?)
    };
    Some(Place {
        remote,
        _of_address: of_address,
        _of_all: of_all,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt as _;

    #[test]
    fn limits_that_serve_nothing_are_refused() {
        assert_eq!(Limits::default().check(), Ok(()));
        for (change, field) in [
            ((|l| l.connections = 0) as fn(&mut Limits), "connections"),
            (|l| l.connections = Semaphore::MAX_PERMITS + 1, "connections"),
            (|l| l.connections_per_address = 0, "connections_per_address"),
            (|l| l.streams = 0, "streams"),
            (|l| l.first_words_ms = 0, "first_words_ms"),
            (|l| l.header_bytes = 0, "header_bytes"),
            (|l| l.keepalive_ms = 0, "keepalive_ms"),
            (|l| l.keepalive_timeout_ms = 0, "keepalive_timeout_ms"),
            (|l| l.age_ms = 0, "age_ms"),
        ] {
            let mut limits = Limits::default();
            change(&mut limits);
            let told = limits.check().map_err(|fault| fault.metadata);
            assert_eq!(told, Err(vec![("field", format!("listener.{field}"))]));
        }
    }

    #[test]
    fn the_first_bytes_tell_the_version() {
        for (said, expected) in [
            (&b"P"[..], None),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", None),
            (PREFACE, Some(Version::Http2)),
            (b"PO", Some(Version::Http1)),
            (b"G", Some(Version::Http1)),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r", Some(Version::Http1)),
        ] {
            assert_eq!(version(said), expected, "{said:?}");
        }
    }

    #[tokio::test]
    async fn a_request_that_is_there_when_the_drain_begins_is_answered() {
        let app = Router::new().route("/", axum::routing::get(|| async { "answered" }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let mut client = TcpStream::connect(address).await.expect("connected");
        let (io, _) = listener.accept().await.expect("accepted");
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .expect("written");
        io.peek(&mut [0]).await.expect("it is there");
        let drain = CancellationToken::new();
        drain.cancel();
        converse(io, app, Arc::default(), drain, Duration::MAX).await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.expect("an answer and the end");
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with("answered"),
            "{answer}"
        );
    }

    #[test]
    fn an_ipv6_subscriber_has_the_places_of_one_address() {
        let limits = Limits {
            connections_per_address: 2,
            exempt: vec!["2001:db8:9::/48".parse().expect("a network")],
            ..Limits::default()
        };
        let (places, room) = (Tally::default(), Arc::new(Semaphore::new(100)));
        let mut open = Vec::new();
        for (remote, expected) in [
            ("[2001:db8:1:2::1]:1", true),
            ("[2001:db8:1:2::2]:1", true),
            ("[2001:db8:1:2:3::3]:1", false),
            ("[2001:db8:1:3::1]:1", true),
            ("8.8.8.8:1", true),
            ("[::ffff:8.8.8.8]:1", true),
            ("8.8.8.8:2", false),
            ("[2001:db8:9::1]:1", true),
            ("[2001:db8:9::1]:2", true),
            ("[2001:db8:9::1]:3", true),
        ] {
            let of_all = Arc::clone(&room).try_acquire_owned().expect("room");
            let place = place(remote.parse().expect("an address"), &places, &limits, of_all);
            assert_eq!(place.is_some(), expected, "{remote}");
            open.extend(place);
        }
    }
}

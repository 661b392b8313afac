//! Listeners: HTTP/1.1 and HTTP/2 on one port for the public, HTTP/2 behind mutual TLS for other services; with every limit
//! set that the libraries leave open, and an end in order.

mod carrier;
mod life;
mod limits;
mod peers;
mod words;

pub use life::Closing;
pub use limits::Limits;

use crate::{Held, InProcess, Tally, Tasks, subscriber};
use futures::FutureExt as _;
use http::Request;
use hyper::body::Incoming;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use life::Life;
use onqueue_credentials::Identity;
use onqueue_telemetry::metrics;
use std::{
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};
use tonic::body::Body;
use tower::ServiceExt as _;
use words::{Version, listen};

/// How long to wait after the machine refused a connection (usually: no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long connections are still taken in a drain; what is said on them is heard before they are told to end.
const LAST_GUESTS: Duration = Duration::from_millis(100);

/// The other end of the connection that a request came by; in the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote(pub SocketAddr);

/// Serves `service` on `listener` until the process drains: then nothing new is accepted, connections are told to end
/// (GOAWAY), and those that have not after the grace are cut. `chance` gives a number in 0..1 for each connection's age.
/// Requests have [`Remote`] and [`Closing`] in their extensions.
pub fn serve(
    listener: TcpListener,
    service: InProcess,
    limits: Limits,
    tasks: &Tasks,
    chance: impl Fn() -> f64 + Send + 'static,
) {
    accept_all(listener, Served::Public(service), limits, tasks, chance);
}

/// Serves `service` on `listener` to other services in the same way, behind mutual TLS: who does not show a certificate
/// of `identity`'s authority with the name of a service is not let in. That name is the [`Peer`](crate::Peer) in each
/// request's extensions, beside [`Remote`] and [`Closing`], whatever the request says of itself. Renewed certificates hold
/// for new connections at once; older ones are told to end within the grace.
pub fn serve_peers(
    listener: TcpListener,
    service: InProcess,
    identity: Identity,
    limits: Limits,
    tasks: &Tasks,
    chance: impl Fn() -> f64 + Send + 'static,
) {
    accept_all(listener, Served::Peers(service, identity), limits, tasks, chance);
}

/// What is served, and so to whom.
#[derive(Clone)]
enum Served {
    Public(InProcess),
    Peers(InProcess, Identity),
}

fn accept_all(
    listener: TcpListener,
    served: Served,
    limits: Limits,
    tasks: &Tasks,
    chance: impl Fn() -> f64 + Send + 'static,
) {
    let server = Server {
        served,
        tasks: tasks.clone(),
        room: Arc::new(Semaphore::new(limits.connections)),
        places: Tally::default(),
        limits: Arc::new(limits),
    };
    let drain = tasks.drain_token().clone();
    tasks.spawn("listener", async move {
        while let Some((place, io)) = drain.run_until_cancelled(server.accept(&listener)).await {
            server.start(io, place, chance());
        }
        // The machine has taken connections for us that we have not seen yet: closing the door would reset them.
        let mut closing = std::pin::pin!(sleep(LAST_GUESTS));
        loop {
            tokio::select! {
                () = &mut closing => return,
                (place, io) = server.accept(&listener) => server.start(io, place, chance()),
            }
        }
    });
}

struct Server {
    served: Served,
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
                    metrics::SHED.add(1, &["connections"]);
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
        let served = self.served.clone();
        let life = Life::new(Arc::clone(&self.limits), self.tasks.drain_token().clone(), chance);
        self.tasks.spawn("connection", async move {
            let remote = Remote(place.remote);
            let _place = place;
            let _ = io.set_nodelay(true);
            // In a box: each future around it would hold its room once more.
            let converse = match served {
                Served::Public(service) => converse(io, service, remote, life).boxed(),
                Served::Peers(service, identity) => peers::converse(io, service, identity, remote, life).boxed(),
            };
            // What panics in front of all layers ends its own connection, not the process.
            if AssertUnwindSafe(converse).catch_unwind().await.is_err() {
                tracing::error!("a connection panicked");
            }
        });
    }
}

async fn converse(io: TcpStream, service: InProcess, remote: Remote, life: Life) {
    let Some(Some((version, io))) = life.begins(listen(io)).await else {
        return;
    };
    let closing = life.closing().clone();
    let service = service.map_request(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(remote);
        request.extensions_mut().insert(closing.clone());
        request
    });
    let (io, service) = (TokioIo::new(io), TowerToHyperService::new(service));
    match version {
        Version::Http1 => {
            let connection = Box::pin(life.http1().serve_connection(io, service));
            life.live(connection).await;
        }
        Version::Http2 => {
            let connection = Box::pin(life.http2().serve_connection(io, service));
            life.live(connection).await;
        }
    }
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
    use crate::in_process;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_util::sync::CancellationToken;

    #[tokio::test]
    async fn a_request_that_is_there_when_the_drain_begins_is_answered() {
        let app = axum::Router::new().route("/", axum::routing::get(|| async { "answered" }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let mut client = TcpStream::connect(address).await.expect("connected");
        let (io, remote) = listener.accept().await.expect("accepted");
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .expect("written");
        io.peek(&mut [0]).await.expect("it is there");
        let drain = CancellationToken::new();
        drain.cancel();
        converse(
            io,
            in_process(app),
            Remote(remote),
            Life::new(Arc::default(), drain, 0.5),
        )
        .await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.expect("an answer and the end");
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with("answered"),
            "{answer}"
        );
    }

    #[tokio::test]
    async fn a_connection_takes_little_beside_its_buffers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let _client = TcpStream::connect(address).await.expect("connected");
        let (io, remote) = listener.accept().await.expect("accepted");
        let service = in_process(axum::Router::new());
        let life = Life::new(Arc::default(), CancellationToken::new(), 0.5);
        let size = size_of_val(&converse(io, service, Remote(remote), life));
        // What the library holds for either version is in a box of its own size, once.
        assert!(size <= 1_024, "{size} bytes");
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

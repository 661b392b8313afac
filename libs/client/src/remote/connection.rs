//! One HTTP/2 connection: made, proven by the first words of the other side, and counted upon: a stream has its place until
//! its answer has ended or nobody wants it any more.

use super::{
    carrier::{self, Carrier, Ticket},
    driver::Driver,
    endpoint::Endpoint,
    settings::Settings,
};
use bytes::Bytes;
use h2::client::{self, ResponseFuture, SendRequest};
use http::{Request, request::Parts};
use onqueue_credentials::{Identity, server_name};
use std::{
    future::{Future as _, poll_fn},
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// What one stream may bring that nobody has read yet, in bytes: what each slow reader costs us at most, and far more than a
/// stream has on its way. It bounds a stream to so much for each round trip: at 2 ms, as between zones, still 64 MB/s, for
/// a file or for all answers that calls share a stream for; frames for many watchers have a stream each.
const STREAM_WINDOW: u32 = 128 * 1024;

/// The same for all streams of a connection together: beyond reach, or a few slow readers would hold up all others.
const CONNECTION_WINDOW: u32 = 1024 * 1024 * 1024;

/// Streams that we gave up and of which more may still arrive. When a crowd of callers goes, so many are given up at once.
const GIVEN_UP: usize = 16_384;

/// The bytes of headers of one answer, details of refusals among them.
const HEADERS: u32 = 64 * 1024;

/// The library's half that moves frames.
pub(super) type Http2 = client::Connection<TlsStream<TcpStream>, Bytes>;

/// An open connection.
pub(super) struct Connection {
    sender: SendRequest<Bytes>,
    /// For calls that need no stream of their own.
    carrier: Option<Carrier>,
    /// Streams at once.
    most: usize,
    open: AtomicUsize,
    /// Whether it takes no more of them.
    is_ending: AtomicBool,
}

impl Connection {
    /// Whether another stream has a place on it.
    pub(super) fn has_room(&self) -> bool {
        !self.is_ending.load(Ordering::Relaxed) && self.open() < self.most
    }

    /// Open streams.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Whether it is time for another connection beside it.
    pub(super) fn is_crowded(&self) -> bool {
        is_crowded(self.open(), self.most)
    }

    /// Why it takes no more streams, if it does not. Nobody gets a place on it then.
    pub(super) fn ending(&self) -> Option<h2::Error> {
        // Nobody waits: a sender without streams answers at once.
        let ready = self.sender.clone().poll_ready(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(Err(ending)) = ready else { return None };
        self.is_ending.store(true, Ordering::Relaxed);
        if let Some(carrier) = &self.carrier {
            carrier.close();
        }
        Some(ending)
    }
}

const fn is_crowded(open: usize, most: usize) -> bool {
    open.saturating_mul(5) >= most.saturating_mul(4)
}

/// A stream's place on a connection.
pub(super) struct Place {
    connection: Arc<Connection>,
    endpoint: Arc<Endpoint>,
}

impl Place {
    /// `None` if the connection has none left.
    pub(super) fn take(connection: Arc<Connection>, endpoint: &Arc<Endpoint>) -> Option<Self> {
        let before = connection.open.fetch_add(1, Ordering::Relaxed);
        let (place, most) = (
            Self {
                connection,
                endpoint: Arc::clone(endpoint),
            },
            before + 1,
        );
        if most > place.connection.most {
            return None;
        }
        if !is_crowded(before, place.connection.most) && place.connection.is_crowded() {
            endpoint.look_again();
        }
        Some(place)
    }

    /// Has the request on its way beside others, if it can go so.
    pub(super) fn carry(&self, head: &Parts, message: &Bytes) -> Option<Ticket> {
        self.connection.carrier.as_ref()?.carry(head, message)
    }

    /// Has the request on its way with its message, and gives what its answer comes by. `None` if it never left.
    pub(super) fn send(&self, head: Request<()>, message: Bytes) -> Option<ResponseFuture> {
        let mut sender = self.connection.sender.clone();
        match sender.send_request(head, message.is_empty()) {
            Ok((answer, mut body)) => {
                if !message.is_empty() {
                    // What goes wrong from here on, the answer says.
                    let _ = body.send_data(message, true);
                }
                Some(answer)
            }
            Err(error) => {
                tracing::debug!(%error, "a call was not sent");
                self.connection.ending();
                None
            }
        }
    }

    pub(super) const fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let before = self.connection.open.fetch_sub(1, Ordering::Relaxed);
        if before == self.connection.most {
            self.endpoint.has_changed();
        }
    }
}

/// Makes a connection to `address`, where the service of that name must be: its certificate is verified, and it has to have
/// said how many streams it takes. Besides the connection, gives what has to run for it, until it ends.
pub(super) async fn dial(
    address: SocketAddr,
    service: &'static str,
    identity: &Identity,
    settings: &Settings,
) -> io::Result<(Connection, Driver)> {
    let io = TcpStream::connect(address).await?;
    io.set_nodelay(true)?;
    let tls = TlsConnector::from(identity.client());
    let io = tls.connect(server_name(service), io).await?;
    let (sender, mut http2) = builder().handshake(io).await.map_err(io::Error::other)?;
    let taken = first_words(&mut http2).await?;
    let (carrier, courier) = carrier::open(&sender, service, taken).unzip();
    let connection = Connection {
        sender,
        most: settings.streams.min(taken - usize::from(carrier.is_some())),
        carrier,
        open: AtomicUsize::new(0),
        is_ending: AtomicBool::new(false),
    };
    let (interval, patience) = (settings.keepalive_ms, settings.keepalive_timeout_ms);
    let driver = Driver::new(
        http2,
        courier,
        Duration::from_millis(interval),
        Duration::from_millis(patience),
    );
    Ok((connection, driver))
}

/// How many streams the other side takes at once, as soon as it says so. Until then the library believes that it takes none.
async fn first_words(http2: &mut Http2) -> io::Result<usize> {
    poll_fn(|cx| {
        if let Poll::Ready(ended) = Pin::new(&mut *http2).poll(cx) {
            let error = ended.map_or_else(io::Error::other, |()| io::ErrorKind::UnexpectedEof.into());
            return Poll::Ready(Err(error));
        }
        match http2.max_concurrent_send_streams() {
            0 => Poll::Pending,
            taken => Poll::Ready(Ok(taken)),
        }
    })
    .await
}

fn builder() -> client::Builder {
    let mut builder = client::Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_max_send_streams(0)
        .max_concurrent_reset_streams(GIVEN_UP)
        // What arrives for streams that were given up and forgotten is an error, but nobody's.
        .max_local_error_reset_streams(None)
        .max_header_list_size(HEADERS);
    builder
}

//! One HTTP/2 connection: made, proven by the first words of the other side, and counted upon: a stream has its place until
//! its answer has ended or nobody wants it any more.

use super::{endpoint::Endpoint, outgoing::Outgoing, settings::Settings};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use onqueue_credentials::{Identity, server_name};
use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpStream, time::interval};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// What one stream may bring that nobody has read yet, in bytes.
const STREAM_WINDOW: u32 = 256 * 1024;

/// The same for all streams of a connection together: beyond reach, or a few slow readers would hold up all others.
const CONNECTION_WINDOW: u32 = 1024 * 1024 * 1024;

/// Streams that we gave up and of which more may still arrive. When a crowd of callers goes, so many are given up at once.
const GIVEN_UP: usize = 16_384;

/// Between looks whether the other side has said its first words.
const LOOK: Duration = Duration::from_millis(2);

/// The bytes of headers of one answer, details of refusals among them.
const HEADERS: u32 = 64 * 1024;

type Http2 = http2::Connection<TokioIo<TlsStream<TcpStream>>, Outgoing, TokioExecutor>;

/// An open connection.
pub(super) struct Connection {
    sender: SendRequest<Outgoing>,
    /// Streams at once.
    most: usize,
    open: AtomicUsize,
}

impl Connection {
    /// What it sends on; cheap.
    pub(super) fn sender(&self) -> SendRequest<Outgoing> {
        self.sender.clone()
    }

    /// Whether another stream has a place on it.
    pub(super) fn has_room(&self) -> bool {
        !self.sender.is_closed() && self.open() < self.most
    }

    /// Open streams.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Whether it is time for another connection beside it.
    pub(super) fn is_crowded(&self) -> bool {
        is_crowded(self.open(), self.most)
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

    pub(super) fn sender(&self) -> SendRequest<Outgoing> {
        self.connection.sender()
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
) -> io::Result<(
    Connection,
    impl Future<Output = Result<(), hyper::Error>> + Send + 'static,
)> {
    let io = TcpStream::connect(address).await?;
    io.set_nodelay(true)?;
    let tls = TlsConnector::from(identity.client());
    let io = tls.connect(server_name(service), io).await?;
    let (sender, http2) = builder(settings)
        .handshake(TokioIo::new(io))
        .await
        .map_err(|error| problem(&error))?;
    let mut http2 = Box::pin(http2);
    let taken = first_words(&mut http2).await?;
    let connection = Connection {
        sender,
        most: settings.streams.min(taken),
        open: AtomicUsize::new(0),
    };
    Ok((connection, http2))
}

/// How many streams the other side takes at once, as soon as it says so. Until then the library believes that it takes none.
async fn first_words(mut http2: &mut Pin<Box<Http2>>) -> io::Result<usize> {
    let mut look = interval(LOOK);
    loop {
        tokio::select! {
            ended = &mut http2 => return Err(ended.map_or_else(|error| problem(&error), |()| io::ErrorKind::UnexpectedEof.into())),
            _ = look.tick() => {}
        }
        match http2.current_max_send_streams() {
            0 => {}
            taken => return Ok(taken),
        }
    }
}

fn builder(settings: &Settings) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_max_send_streams(0)
        .max_concurrent_reset_streams(GIVEN_UP)
        // What arrives for streams that were given up and forgotten is an error, but nobody's.
        .max_local_error_reset_streams(None)
        .max_header_list_size(HEADERS)
        .keep_alive_while_idle(true)
        .keep_alive_interval(Duration::from_millis(settings.keepalive_ms))
        .keep_alive_timeout(Duration::from_millis(settings.keepalive_timeout_ms));
    builder
}

/// With what the library keeps behind its own words.
fn problem(error: &hyper::Error) -> io::Error {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    io::Error::other(match cause {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    })
}

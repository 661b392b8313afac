//! The life of one connection: by when it has to have begun, when it is told to end, when it is cut.

use super::Limits;
use hyper::server::conn::{http1, http2};
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::graceful::GracefulConnection,
};
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// How long the first words of a connection are still waited for in a drain: what has arrived already is read by then.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// What one stream may hold that its reader has not taken: the library's 400 KiB would add up with many slow readers.
const SEND_BUFFER: usize = 64 * 1024;

/// Cancelled when the streams of a connection have to end, because the connection does; in the extensions of its requests.
/// The layers around every rpc then end what still streams with UNAVAILABLE in the trailers, so that the other side goes
/// on elsewhere: handlers need not look. In a drain of the process, handlers have the first half of the grace to say
/// goodbye by themselves.
#[derive(Clone, Debug)]
pub struct Closing(pub Arc<CancellationToken>);

/// What one connection goes by.
pub(super) struct Life {
    limits: Arc<Limits>,
    drain: CancellationToken,
    chance: f64,
    renewed: Option<watch::Receiver<u64>>,
    closing: Closing,
}

impl Life {
    pub(super) fn new(limits: Arc<Limits>, drain: CancellationToken, chance: f64) -> Self {
        Self {
            limits,
            drain,
            chance: chance.clamp(0.0, 1.0),
            renewed: None,
            closing: Closing(Arc::new(CancellationToken::new())),
        }
    }

    /// To end some time within the grace after that has changed.
    pub(super) fn unless_renewed(mut self, renewed: watch::Receiver<u64>) -> Self {
        self.renewed = Some(renewed);
        self
    }

    pub(super) const fn closing(&self) -> &Closing {
        &self.closing
    }

    /// The outcome of `beginning`; `None` if that takes too long, or for the drain.
    pub(super) async fn begins<T>(&self, beginning: impl Future<Output = T>) -> Option<T> {
        let end = async {
            self.drain.cancelled().await;
            sleep(LAST_WORDS).await;
        };
        tokio::select! {
            begun = timeout(Duration::from_millis(self.limits.first_words_ms), beginning) => begun.ok(),
            () = end => None,
        }
    }

    /// How a connection is served that speaks HTTP/1.1.
    pub(super) fn http1(&self) -> http1::Builder {
        let limits = &self.limits;
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(limits.first_words_ms))
            .max_buf_size(usize::try_from(limits.header_bytes).unwrap_or(usize::MAX).max(8 * 1024));
        builder
    }

    /// The same for HTTP/2.
    pub(super) fn http2(&self) -> http2::Builder<TokioExecutor> {
        let limits = &self.limits;
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.streams)
            .max_header_list_size(limits.header_bytes)
            .max_local_error_reset_streams(limits.error_resets)
            .max_send_buf_size(SEND_BUFFER)
            .keep_alive_interval(Duration::from_millis(limits.keepalive_ms))
            .keep_alive_timeout(Duration::from_millis(limits.keepalive_timeout_ms));
        builder
    }

    /// The same for those whom we know. They may reset more streams before they were looked at than the library's 20: they
    /// give up many calls at once when their own callers do. And they ask for no date.
    pub(super) fn http2_for_peers(&self) -> http2::Builder<TokioExecutor> {
        let mut builder = self.http2();
        builder
            .auto_date_header(false)
            .max_pending_accept_reset_streams(self.limits.error_resets);
        builder
    }

    /// Lives until the other side ends it; or until it is told to end, and has done so or has been cut after the grace. The
    /// connection comes in a box: whatever holds it otherwise has its room twice, where it came from and where it stays.
    pub(super) async fn live<C: GracefulConnection>(self, mut connection: Pin<Box<C>>) {
        let grace = Duration::from_millis(self.limits.grace_ms);
        let patience = tokio::select! {
            // First, so that even in a drain what has been said is heard before the end is.
            biased;
            _ = connection.as_mut() => return,
            () = self.drain.cancelled() => grace / 2,
            () = self.aged() => Duration::ZERO,
            () = self.outdated() => Duration::ZERO,
        };
        connection.as_mut().graceful_shutdown();
        if timeout(patience, connection.as_mut()).await.is_err() {
            self.closing.0.cancel();
            let _ = timeout(grace.saturating_sub(patience), connection).await;
        }
    }

    async fn aged(&self) {
        let age = Duration::from_millis(self.limits.age_ms);
        sleep(age.mul_f64(0.9 + 0.2 * self.chance)).await;
    }

    /// Returns some time after our certificate was renewed: not for all connections at once.
    async fn outdated(&self) {
        let Some(mut renewed) = self.renewed.clone() else {
            return std::future::pending().await;
        };
        if renewed.changed().await.is_err() {
            return std::future::pending().await;
        }
        let grace = Duration::from_millis(self.limits.grace_ms);
        sleep(grace.mul_f64(self.chance)).await;
    }
}

//! Keeping the bundle up to date: from the database, or from auth where there is none.

use crate::{Bundle, Trust};
use onqueue_bus::{Bus, Subject};
use onqueue_model::Timestamp;
use onqueue_proto::auth::v1::{WatchTrustRequest, WatchTrustResponse, trust_service_client::TrustServiceClient};
use onqueue_proto::millis;
use onqueue_store::{Store, StoreError, trust as rows};
use std::{future::Future, pin::pin, time::Duration};
use tonic::{
    Status,
    body::Body,
    client::GrpcService,
    codegen::{Body as HttpBody, Bytes, StdError},
};

/// How often the database is read without a hint.
const POLL: Duration = Duration::from_secs(2);

/// How often the clock is looked at: one that jumped (a suspended machine, a moved clock) is noticed so soon.
const TICK: Duration = Duration::from_millis(100);

/// How long to wait before asking auth again.
const RETRY: Duration = Duration::from_millis(500);

/// Auth is gone when it has not sent a frame for this long; it sends one every 2 seconds.
const SILENCE: Duration = Duration::from_secs(10);

/// Reads the trust tables once and installs what they say, as read at `now`.
pub async fn read_store(store: &Store, trust: &Trust, now: Timestamp) -> Result<(), StoreError> {
    trust.install(rows::read(store).await?.into(), now);
    Ok(())
}

/// Keeps `trust` up to date from the database until `stop`: at once, every 2 seconds of `now`, and sooner on a hint
/// ([`Subject::Trust`]). What cannot be read is tried again; meanwhile the last bundle holds and gets stale.
pub async fn follow_store<N, S>(store: Store, trust: Trust, bus: Bus, now: N, stop: S)
where
    N: Fn() -> Timestamp + Send + Sync + 'static,
    S: Future<Output = ()> + Send,
{
    let mut known = None;
    let mut stop = pin!(stop);
    loop {
        // Anew for each reading: what was hinted at before it needs no other.
        let mut hints = bus.subscribe(Subject::Trust);
        let at = now();
        match poll(&store, &trust, at, &mut known).await {
            Ok(()) => {}
            Err(error) => tracing::warn!(%error, "the trust tables cannot be read"),
        }
        tokio::select! {
            () = &mut stop => return,
            _ = hints.next() => {}
            () = due(&now, at) => {}
        }
    }
}

/// Returns when the next poll is due: after [`POLL`] of real time, or of `now` if that runs ahead.
async fn due(now: &impl Fn() -> Timestamp, last: Timestamp) {
    let ticks = POLL.as_millis() / TICK.as_millis();
    for _ in 0..ticks {
        tokio::time::sleep(TICK).await;
        if now().since(last) >= POLL {
            return;
        }
    }
}

async fn poll(store: &Store, trust: &Trust, at: Timestamp, known: &mut Option<rows::Mark>) -> Result<(), StoreError> {
    let mark = rows::mark(store).await?;
    if known.as_ref() == Some(&mark) {
        trust.confirm(at);
        return Ok(());
    }
    let snapshot = rows::read(store).await?;
    let mark = snapshot.mark.clone();
    trust.install(snapshot.into(), at);
    // An older revision than the installed one, as after a restore, is not confirmed later either.
    *known = (trust.revision() == mark.revision).then_some(mark);
    Ok(())
}

/// Keeps `trust` up to date from auth's WatchTrust until `stop`; a broken stream is opened again. A frame that auth read
/// anew counts as read `now`, by this process's own clock, so that clocks that differ make nothing stale.
pub async fn follow_service<C, N, S>(mut upstream: TrustServiceClient<C>, trust: Trust, now: N, stop: S)
where
    C: GrpcService<Body> + Send,
    C::Error: Into<StdError>,
    C::Future: Send,
    C::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <C::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
    N: Fn() -> Timestamp + Send + Sync + 'static,
    S: Future<Output = ()> + Send,
{
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            status = watch(&mut upstream, &trust, &now) => {
                tracing::warn!(code = ?status.code(), "auth's trust stream broke off");
            }
        }
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}

/// One stream, until it breaks: why it did.
async fn watch<C, N>(upstream: &mut TrustServiceClient<C>, trust: &Trust, now: &N) -> Status
where
    C: GrpcService<Body>,
    C::Error: Into<StdError>,
    C::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <C::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
    N: Fn() -> Timestamp,
{
    let mut frames = match upstream.watch_trust(WatchTrustRequest {}).await {
        Ok(response) => response.into_inner(),
        Err(status) => return status,
    };
    let mut last: Option<Read> = None;
    loop {
        match tokio::time::timeout(SILENCE, frames.message()).await {
            Ok(Ok(Some(frame))) => take(frame, trust, now(), &mut last),
            Ok(Ok(None)) => return Status::ok("the stream ended"),
            Ok(Err(status)) => return status,
            Err(_) => return Status::deadline_exceeded("no frame"),
        }
    }
}

/// When the last frame's bundle was read from the database, by auth's clock and by ours.
#[derive(Clone, Copy)]
struct Read {
    auth: Timestamp,
    ours: Timestamp,
}

fn take(frame: WatchTrustResponse, trust: &Trust, now: Timestamp, last: &mut Option<Read>) {
    let Some(auth) = frame.read_at.as_ref().map(millis) else {
        tracing::error!("a trust frame without its time; ignored");
        return;
    };
    let ours = match *last {
        // How old the first frame is only auth's clock tells.
        None => auth.min(now),
        Some(last) if auth > last.auth => now,
        Some(last) => last.ours,
    };
    *last = Some(Read { auth, ours });
    match frame.bundle.map(Bundle::try_from) {
        None => trust.confirm(ours),
        Some(Ok(bundle)) => trust.install(bundle, ours),
        Some(Err(fault)) => tracing::error!(context = fault.context, "a trust bundle was not believed"),
    }
}

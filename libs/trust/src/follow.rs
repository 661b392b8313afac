//! Keeping the bundle up to date: from the database, or from auth where there is none.

use crate::{Bundle, Change, Trust, parts::Parts};
use onqueue_bus::{Bus, Subject};
use onqueue_model::{Fault, Timestamp};
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

/// How long two readings are apart at least, however many hints there are: many who log out at once cost few readings.
const APART: Duration = Duration::from_millis(100);

/// How long one reading may take: a database that says nothing is asked again rather than waited for.
const READING: Duration = Duration::from_secs(10);

/// How often the clock is looked at: one that jumped (a suspended machine, a moved clock) is noticed so soon.
const TICK: Duration = Duration::from_millis(100);

/// How long to wait before asking auth again.
const RETRY: Duration = Duration::from_millis(500);

/// Auth is gone when it has not sent a frame for this long; it sends one every 2 seconds.
const SILENCE: Duration = Duration::from_secs(10);

/// Reads the trust tables once and installs what they say, as read at `now`.
pub async fn read_store(store: &Store, trust: &Trust, now: Timestamp) -> Result<(), StoreError> {
    read_whole(store, trust, now).await?;
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
        let reading = tokio::time::timeout(READING, poll(&store, &trust, at, &mut known));
        tokio::select! {
            () = &mut stop => return,
            outcome = reading => note(&outcome.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer".to_owned())))),
        }
        let next = async {
            tokio::time::sleep(APART).await;
            tokio::select! {
                _ = hints.next() => {}
                () = due(&now, at) => {}
            }
        };
        tokio::select! {
            () = &mut stop => return,
            () = next => {}
        }
    }
}

fn note(outcome: &Result<(), StoreError>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "the trust tables cannot be read");
    }
}

/// A replica that lags behind, which passes; or an older state of the database put in place of the newer one.
fn note_older(revision: i64) {
    tracing::warn!(
        revision,
        "the trust tables are older than what is known and not believed; restart this process if an older database was restored"
    );
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
    // An older revision than the installed one, as after a restore, is not confirmed later either, and what comes after it
    // says nothing of what was between: then everything is read anew.
    let before = known.as_ref().map(|known| known.revision);
    let before = before.filter(|before| *before <= mark.revision);
    if before.is_none() {
        *known = None;
    }
    if mark.revision < trust.revision() {
        note_older(mark.revision);
        return Ok(());
    }
    let read = match before {
        Some(before) => read_changes(store, trust, at, before).await?,
        None => None,
    };
    let read = match read {
        Some(mark) => mark,
        None => read_whole(store, trust, at).await?,
    };
    *known = (trust.revision() == read.revision).then_some(read);
    Ok(())
}

/// `None` if everything is to be read.
async fn read_changes(
    store: &Store,
    trust: &Trust,
    at: Timestamp,
    since: i64,
) -> Result<Option<rows::Mark>, StoreError> {
    let Some(changes) = rows::changes(store, since).await? else {
        return Ok(None);
    };
    let mark = changes.mark.clone();
    let is_applied = trust.apply(&Change::read(since, changes), at);
    Ok(is_applied.then_some(mark))
}

async fn read_whole(store: &Store, trust: &Trust, at: Timestamp) -> Result<rows::Mark, StoreError> {
    let snapshot = rows::read(store).await?;
    let mark = snapshot.mark.clone();
    trust.install(snapshot.into(), at);
    Ok(mark)
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
    let mut received = Received::default();
    loop {
        match tokio::time::timeout(SILENCE, frames.message()).await {
            Ok(Ok(Some(frame))) => {
                if let Err(fault) = received.take(frame, trust, now()) {
                    tracing::error!(context = fault.context, "a trust bundle was not believed");
                    return Status::data_loss("a frame was not believed");
                }
            }
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

/// What came on one stream.
#[derive(Default)]
struct Received {
    last: Option<Read>,
    parts: Parts,
}

impl Received {
    /// Takes a frame over. One that cannot be believed ends the stream: what comes after it changes what we do not have.
    fn take(&mut self, frame: WatchTrustResponse, trust: &Trust, now: Timestamp) -> Result<(), Fault> {
        let read_at = frame.read_at.as_ref().map(millis);
        let auth = read_at.ok_or_else(|| Fault::internal("a trust frame without its time"))?;
        let Some(part) = frame.bundle else {
            if self.parts.is_complete() {
                trust.confirm(self.read(auth, now));
                return Ok(());
            }
            return Err(Fault::internal("the rest of a trust bundle is missing"));
        };
        let Some(whole) = self.parts.add(part, frame.more)? else {
            return Ok(());
        };
        let ours = self.read(auth, now);
        if whole.since.is_none() {
            if whole.revision < trust.revision() {
                note_older(whole.revision);
            }
            trust.install(Bundle::try_from(whole)?, ours);
        } else if !trust.apply(&Change::try_from(whole)?, ours) {
            return Err(Fault::internal("a change of a trust bundle that has not come"));
        }
        Ok(())
    }

    /// When what auth read at `auth` by its clock was read by ours.
    fn read(&mut self, auth: Timestamp, now: Timestamp) -> Timestamp {
        let ours = match self.last {
            // How old the first frame is only auth's clock tells.
            None => auth.min(now),
            Some(last) if auth > last.auth => now,
            Some(last) => last.ours,
        };
        self.last = Some(Read { auth, ours });
        ours
    }
}

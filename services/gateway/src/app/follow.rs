//! One upstream stream that is opened again whenever it breaks off, until it can not be.

use futures::{Stream, stream};
use onqueue_server::Ids;
use std::{future::Future, time::Duration};
use tonic::{Code, Status, Streaming};

/// The first pause before a stream is opened again is random below this; it doubles up to the longest, which is short
/// enough that a page notices little of a service that comes back.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What came of following.
pub(crate) enum Followed<F> {
    /// A frame.
    Frame(F),
    /// The stream broke off or said goodbye; it is opened again after this was taken.
    Interrupted,
    /// It can not be opened again: nothing comes after this.
    Refused(Status),
}

/// What is followed.
pub(crate) trait Source: Send + 'static {
    /// The frames.
    type Frame: Send + 'static;
    /// Opens the stream where the last one ended.
    fn open(&mut self) -> impl Future<Output = Result<Streaming<Self::Frame>, Status>> + Send;
    /// Notes where to go on after this frame, and says what to do with it.
    fn took(&mut self, frame: &Self::Frame) -> Took;
}

/// What to do with a frame.
pub(crate) enum Took {
    /// Hand it on.
    Pass,
    /// It is only for us.
    Skip,
    /// It says goodbye: open the stream again.
    Goodbye,
    /// It says goodbye for good.
    Last,
}

/// The frames of a source, across interruptions.
pub(crate) fn follow<S: Source>(source: S, ids: Ids) -> impl Stream<Item = Followed<S::Frame>> + Send {
    let following = Following {
        source,
        ids,
        stream: None,
        failures: 0,
    };
    stream::unfold(Some(following), |following| async { following?.next().await })
}

struct Following<S: Source> {
    source: S,
    ids: Ids,
    stream: Option<Streaming<S::Frame>>,
    failures: u32,
}

impl<S: Source> Following<S> {
    async fn next(mut self) -> Option<(Followed<S::Frame>, Option<Self>)> {
        loop {
            let Some(stream) = &mut self.stream else {
                if let Err(status) = self.open().await {
                    return Some((Followed::Refused(status), None));
                }
                continue;
            };
            match stream.message().await {
                Ok(Some(frame)) => {
                    self.failures = 0;
                    match self.source.took(&frame) {
                        Took::Pass => return Some((Followed::Frame(frame), Some(self))),
                        Took::Skip => {}
                        Took::Goodbye => return self.interrupted(),
                        Took::Last => return None,
                    }
                }
                Err(status) if is_final(&status) => return Some((Followed::Refused(status), None)),
                Ok(None) | Err(_) => return self.interrupted(),
            }
        }
    }

    // An answer of `next`: the source goes on.
    #[allow(clippy::unnecessary_wraps)]
    fn interrupted(mut self) -> Option<(Followed<S::Frame>, Option<Self>)> {
        self.stream = None;
        self.failures += 1;
        Some((Followed::Interrupted, Some(self)))
    }

    /// Opens the stream, however often that takes; fails when there is no point in trying again.
    // A status ends the stream; it is not handed around.
    #[allow(clippy::result_large_err)]
    async fn open(&mut self) -> Result<(), Status> {
        loop {
            if self.failures > 0 {
                tokio::time::sleep(pause(self.failures - 1, self.ids.chance())).await;
            }
            match self.source.open().await {
                Ok(stream) => {
                    self.stream = Some(stream);
                    return Ok(());
                }
                Err(status) if is_final(&status) => return Err(status),
                Err(status) => {
                    tracing::debug!(code = ?status.code(), "a stream could not be opened");
                    self.failures += 1;
                }
            }
        }
    }
}

fn pause(failures: u32, chance: f64) -> Duration {
    let below = FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE);
    below.mul_f64(chance)
}

/// Whether the same call will be refused again.
fn is_final(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument
            | Code::NotFound
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::FailedPrecondition
            | Code::Unimplemented
    )
}

//! Open streams that show a set: first all that is in it, then what comes into it and what leaves it.

use super::open_stream::{self, Duty, Farewell, Watchman};
use onqueue_model::{Fault, Timestamp};
use std::{collections::VecDeque, future::Future, sync::Arc};
use tokio::sync::Notify;

/// One frame.
pub(crate) enum Frame<S: Set> {
    Added(Box<S::Member>),
    Removed(S::Id),
    CaughtUp,
    Heartbeat(Timestamp),
    Goodbye(Farewell),
}

/// What has left a set since it was read before, and what has come into it.
pub(crate) struct Changes<S: Set> {
    pub removed: Vec<S::Id>,
    pub added: Vec<S::Member>,
}

/// What it means for a set that somebody's rights have changed.
pub(crate) enum Rights {
    /// Nothing.
    Apart,
    /// There may be less in it, or more.
    Concerned,
    /// The caller may not follow it any more.
    Gone,
}

/// A set as one caller sees it. It knows what of it was shown.
pub(crate) trait Set: Send + Sized {
    type Member: Send;
    type Id: Send;

    /// Compares what is in it with what was shown.
    fn read(&mut self) -> impl Future<Output = Result<Changes<Self>, Fault>> + Send;

    /// Somebody's rights have changed. (Whether the caller's token still holds, the watchman sees to.)
    fn rights(&self) -> Rights;
}

/// An open stream.
pub(crate) struct Following<S: Set> {
    set: S,
    watchman: Watchman,
    wake: Arc<Notify>,
    out: VecDeque<Frame<S>>,
    began: bool,
    over: bool,
}

impl<S: Set> Following<S> {
    /// Follows the set; `wake` says that it may have changed. Both were there before anything is read: what changes from
    /// then on is a reason to look again.
    pub fn new(set: S, watchman: Watchman, wake: Arc<Notify>) -> Self {
        Self {
            set,
            watchman,
            wake,
            out: VecDeque::new(),
            began: false,
            over: false,
        }
    }

    /// What is followed.
    pub const fn set(&self) -> &S {
        &self.set
    }

    /// The next frame; `None` after a goodbye.
    pub async fn next(&mut self) -> Result<Option<Frame<S>>, Fault> {
        if self.over {
            return Ok(None);
        }
        let frame = self.frame().await;
        open_stream::failed(&frame);
        let frame = frame?;
        self.watchman.sent();
        if let Frame::Goodbye(farewell) = frame {
            farewell.count();
            self.over = true;
        }
        Ok(Some(frame))
    }

    async fn frame(&mut self) -> Result<Frame<S>, Fault> {
        if !self.began {
            self.began = true;
            Box::pin(self.read()).await?;
            self.out.push_back(Frame::CaughtUp);
        }
        loop {
            if let Some(frame) = self.out.pop_front() {
                return Ok(match self.watchman.must_leave() {
                    Some(farewell) => Frame::Goodbye(farewell),
                    None => frame,
                });
            }
            self.wait().await?;
        }
    }

    async fn wait(&mut self) -> Result<(), Fault> {
        tokio::select! {
            biased;
            duty = self.watchman.next() => match duty {
                Duty::Leave(farewell) => self.out.push_back(Frame::Goodbye(farewell)),
                Duty::Heartbeat(at) => self.out.push_back(Frame::Heartbeat(at)),
                Duty::Check => Box::pin(self.check()).await?,
            },
            () = self.wake.notified() => Box::pin(self.read()).await?,
        }
        Ok(())
    }

    async fn check(&mut self) -> Result<(), Fault> {
        match self.set.rights() {
            Rights::Apart => Ok(()),
            Rights::Concerned => self.read().await,
            Rights::Gone => {
                self.out.push_back(Frame::Goodbye(Farewell::AccessChanged));
                Ok(())
            }
        }
    }

    async fn read(&mut self) -> Result<(), Fault> {
        let Changes { removed, added } = self.set.read().await?;
        self.out.extend(removed.into_iter().map(Frame::Removed));
        let added = added.into_iter().map(|member| Frame::Added(Box::new(member)));
        self.out.extend(added);
        Ok(())
    }
}

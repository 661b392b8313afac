//! Following the open requests for a supervisor that somebody may take.

use super::App;
use super::assistance::Assistance;
use super::open_stream::{self, Duty, Farewell, Watchman};
use crate::store::assistance;
use onqueue_model::{AssistanceId, Caller, Fault, Timestamp, permissions};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};
use tokio::sync::Notify;

/// One frame.
pub(crate) enum Frame {
    Opened(Box<Assistance>),
    Gone(AssistanceId),
    CaughtUp,
    Heartbeat(Timestamp),
    Goodbye(Farewell),
}

/// An open stream.
pub(crate) struct Requests {
    app: Arc<App>,
    caller: Caller,
    wake: Arc<Notify>,
    watchman: Watchman,
    shown: BTreeSet<AssistanceId>,
    out: VecDeque<Frame>,
    began: bool,
    over: bool,
}

impl App {
    /// Follows the open requests that the caller may take.
    pub fn watch_requests(self: &Arc<Self>, caller: &Caller) -> Requests {
        Requests {
            // Before anything is read: what changes from then on is a reason to look again.
            watchman: Watchman::new(&self.context, caller, self.settings.heartbeat()),
            wake: self.hub.helps.follow(caller.organisation),
            app: Arc::clone(self),
            caller: caller.clone(),
            shown: BTreeSet::new(),
            out: VecDeque::new(),
            began: false,
            over: false,
        }
    }

    /// The open requests that the caller may take.
    async fn takeable(&self, caller: &Caller) -> Result<Vec<assistance::Request>, Fault> {
        let mut found = Vec::new();
        for request in assistance::open(&self.store, caller.organisation).await? {
            if self.may_take(caller, &request).await? {
                found.push(request);
            }
        }
        Ok(found)
    }
}

impl Requests {
    /// The next frame; `None` after a goodbye.
    pub async fn next(&mut self) -> Result<Option<Frame>, Fault> {
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

    async fn frame(&mut self) -> Result<Frame, Fault> {
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

    /// Somebody's rights changed: the caller may have less to see, or nothing any more.
    async fn check(&mut self) -> Result<(), Fault> {
        if self
            .app
            .context
            .trust
            .may(&self.caller, permissions::ASSISTANCE_TAKE)
            .is_err()
        {
            self.out.push_back(Frame::Goodbye(Farewell::AccessChanged));
            return Ok(());
        }
        self.read().await
    }

    /// Compares what is open with what was shown.
    async fn read(&mut self) -> Result<(), Fault> {
        let open = self.app.takeable(&self.caller).await?;
        let open: BTreeMap<AssistanceId, assistance::Request> =
            open.into_iter().map(|request| (request.id, request)).collect();
        let gone: Vec<AssistanceId> = self.shown.iter().copied().filter(|id| !open.contains_key(id)).collect();
        for id in gone {
            self.shown.remove(&id);
            self.out.push_back(Frame::Gone(id));
        }
        let new = open.into_values().filter(|request| !self.shown.contains(&request.id));
        let new: Vec<assistance::Request> = new.collect();
        for one in self.app.complete(self.caller.organisation, new).await? {
            self.shown.insert(one.request.id);
            self.out.push_back(Frame::Opened(Box::new(one)));
        }
        Ok(())
    }
}

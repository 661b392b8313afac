//! Following the set of open conversations in which a user takes part.

use super::App;
use super::access::{Seen, Viewer};
use super::open_stream::{self, Duty, Farewell, Watchman};
use crate::store::{conversations, presence};
use onqueue_chat::{Class, Sender};
use onqueue_model::{Caller, ConversationId, Fault, Timestamp, UserId};
use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};
use tokio::sync::Notify;

/// One frame.
pub(crate) enum Frame {
    Added(Box<Seen>),
    Removed(ConversationId),
    CaughtUp,
    Heartbeat(Timestamp),
    Goodbye(Farewell),
}

/// An open stream.
pub(crate) struct Mine {
    app: Arc<App>,
    caller: Caller,
    user: UserId,
    wake: Arc<Notify>,
    watchman: Watchman,
    held: BTreeSet<ConversationId>,
    out: VecDeque<Frame>,
    began: bool,
    over: bool,
}

impl App {
    /// Follows the conversations of a user.
    pub fn watch_mine(self: &Arc<Self>, caller: &Caller, user: UserId) -> Mine {
        Mine {
            app: Arc::clone(self),
            caller: caller.clone(),
            user,
            wake: self.hub.sets.follow(caller.organisation, user),
            watchman: Watchman::new(&self.context, caller, self.settings.heartbeat()),
            held: BTreeSet::new(),
            out: VecDeque::new(),
            began: false,
            over: false,
        }
    }

    /// These conversations as the user, who takes part in them, sees them.
    async fn seen_by(&self, caller: &Caller, user: UserId, ids: Vec<ConversationId>) -> Result<Vec<Seen>, Fault> {
        let mut seen = Vec::with_capacity(ids.len());
        let mut found = conversations::find_many(&self.store, caller.organisation, ids).await?;
        presence::note(&self.store, &mut found).await?;
        for conversation in found {
            let viewer = Viewer {
                class: Class::Agent,
                participant: conversation.head.party(Sender::User(user)),
            };
            seen.push(self.with_policy(conversation, viewer).await?);
        }
        Ok(seen)
    }
}

impl Mine {
    /// The cursor from which a conversation's Watch begins.
    pub fn beginning(&self, class: Class) -> String {
        self.app.cursor(class, 0)
    }

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
                Duty::Check => {}
            },
            () = self.wake.notified() => Box::pin(self.read()).await?,
        }
        Ok(())
    }

    /// Compares the set with what was said of it.
    async fn read(&mut self) -> Result<(), Fault> {
        let now = conversations::of_user(&self.app.store, self.caller.organisation, self.user).await?;
        let now: BTreeSet<ConversationId> = now.into_iter().collect();
        self.app.hub.sets.read(self.user, &now);
        let gone: Vec<ConversationId> = self.held.difference(&now).copied().collect();
        let new: Vec<ConversationId> = now.difference(&self.held).copied().collect();
        for id in gone {
            self.held.remove(&id);
            self.out.push_back(Frame::Removed(id));
        }
        if new.is_empty() {
            return Ok(());
        }
        for seen in self.app.seen_by(&self.caller, self.user, new).await? {
            self.held.insert(seen.conversation.head.conversation);
            self.out.push_back(Frame::Added(Box::new(seen)));
        }
        Ok(())
    }
}

//! Following the set of open conversations in which a user takes part.

use super::App;
use super::access::{Seen, Viewer};
use super::following::{Changes, Following, Rights, Set};
use super::open_stream::Watchman;
use crate::store::{conversations, presence};
use onqueue_chat::{Class, Sender};
use onqueue_model::{Caller, ConversationId, Fault, UserId};
use std::{collections::BTreeSet, sync::Arc};

/// The conversations of a user, with those that were shown.
pub(crate) struct Mine {
    app: Arc<App>,
    caller: Caller,
    user: UserId,
    held: BTreeSet<ConversationId>,
}

impl App {
    /// Follows the conversations of a user.
    pub fn watch_mine(self: &Arc<Self>, caller: &Caller, user: UserId) -> Following<Mine> {
        let mine = Mine {
            app: Arc::clone(self),
            caller: caller.clone(),
            user,
            held: BTreeSet::new(),
        };
        let watchman = Watchman::new(&self.context, caller, self.settings.heartbeat());
        Following::new(mine, watchman, self.hub.sets.follow(caller.organisation, user))
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
}

impl Set for Mine {
    type Member = Seen;
    type Id = ConversationId;

    async fn read(&mut self) -> Result<Changes<Self>, Fault> {
        let now = conversations::of_user(&self.app.store, self.caller.organisation, self.user).await?;
        let now: BTreeSet<ConversationId> = now.into_iter().collect();
        self.app.hub.sets.read(self.user, &now);
        let removed: Vec<ConversationId> = self.held.difference(&now).copied().collect();
        let new: Vec<ConversationId> = now.difference(&self.held).copied().collect();
        let added = match new.is_empty() {
            true => Vec::new(),
            false => self.app.seen_by(&self.caller, self.user, new).await?,
        };
        self.held.retain(|id| now.contains(id));
        self.held
            .extend(added.iter().map(|seen| seen.conversation.head.conversation));
        Ok(Changes { removed, added })
    }

    /// Who takes part goes on seeing it, whatever else they may.
    fn rights(&self) -> Rights {
        Rights::Apart
    }
}

//! Removing what should not have been said, and keeping what has to be kept.

use super::App;
use super::access::{Viewer, not_found};
use super::assistance::undone;
use super::commit::Outcome;
use crate::store::{
    Key,
    holds::{self, Hold},
    log,
};
use onqueue_chat::{Event, Input, Kind, Part, Target, Visibility, part_hash};
use onqueue_model::{Caller, ConversationId, EventId, Fault, Reason, permissions};
use onqueue_server::resource::Page;
use onqueue_store::audit::Actor;
use std::{collections::BTreeMap, sync::Arc};

impl App {
    /// Removes a message's text for good; answers what is left of it, as the caller sees it. LEGAL_HOLD.
    pub async fn redact(
        &self,
        caller: &Caller,
        (conversation, event): (ConversationId, EventId),
        reason: String,
    ) -> Result<(Arc<Event>, Viewer), Fault> {
        let seen = self.see(caller, conversation, permissions::TRANSCRIPT_VIEW).await?;
        self.may(caller, permissions::TRANSCRIPT_REDACT, &seen)?;
        let key = (caller.organisation, conversation);
        let target = self.target(key, event, seen.viewer).await?;
        if let Some(target) = target.removable {
            if holds::find(&self.store, key).await?.is_some() {
                return Err(held(conversation));
            }
            let redact = Input::Redact {
                target,
                by: caller.user(),
                reason,
            };
            match self.submit_for(caller, conversation, redact).await {
                Outcome::Done(_) | Outcome::Repeated(_) => {}
                other => return Err(undone(other)),
            }
        }
        let left = log::at(
            &self.store,
            caller.organisation,
            BTreeMap::from([(conversation, vec![target.sequence])]),
        );
        let left = left.await?.remove(&conversation).and_then(|mut left| left.pop());
        Ok((left.ok_or_else(no_message)?, seen.viewer))
    }

    /// The message that the viewer sees; nothing of it is removable if it was removed.
    async fn target(&self, key: Key, event: EventId, viewer: Viewer) -> Result<Wanted, Fault> {
        let stored = log::stored_event(&self.store, key, event)
            .await?
            .ok_or_else(no_message)?;
        let (kind, visibility) = (Kind::of(stored.link.kind), Visibility::of(stored.visibility));
        let (Some(kind), Some(visibility)) = (kind, visibility) else {
            return Err(no_message());
        };
        let is_message = matches!(kind, Kind::Message | Kind::CoachMessage | Kind::SideMessage);
        if !is_message || !viewer.class.sees(visibility) {
            return Err(no_message());
        }
        let sequence = stored.link.sequence;
        let removable = match stored.link.part {
            Part::Erased(_) => None,
            Part::Present { salt, text } => Some(Target {
                event,
                sequence,
                kind,
                visibility,
                part: part_hash(&salt, &text),
            }),
        };
        Ok(Wanted { sequence, removable })
    }

    /// Says that a conversation has to be kept, or need not be any more; answers how it is now.
    pub async fn hold(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        reason: Option<String>,
    ) -> Result<Option<Hold>, Fault> {
        let seen = self.see(caller, conversation, permissions::TRANSCRIPT_HOLD).await?;
        self.may(caller, permissions::TRANSCRIPT_HOLD, &seen)?;
        let by = Actor {
            name: caller.actor(),
            at: self.context.clock.now(),
        };
        let who = caller.subject().ok_or_else(not_found)?;
        let wanted = reason.map(|reason| Hold {
            conversation,
            at: by.at,
            user: who,
            reason,
        });
        Ok(holds::put(&self.store, (caller.organisation, conversation), wanted, by).await?)
    }

    /// What has to be kept of the divisions in which the caller may say so, the newest conversation first.
    pub async fn holds(
        &self,
        caller: &Caller,
        (before, size): (Option<ConversationId>, u64),
    ) -> Result<Page<Hold, ConversationId>, Fault> {
        let divisions = self.context.trust.divisions(caller, permissions::TRANSCRIPT_HOLD);
        let found = holds::list(&self.store, caller.organisation, &divisions, (before, size + 1)).await?;
        Ok(Page::of(found, size, |last| last.conversation))
    }
}

/// A message that is to be removed.
#[derive(Clone, Copy)]
struct Wanted {
    sequence: i64,
    removable: Option<Target>,
}

fn held(conversation: ConversationId) -> Fault {
    Fault::new(Reason::LegalHold, "this conversation has to be kept as it is").with("conversation_id", conversation)
}

fn no_message() -> Fault {
    Fault::not_found("message")
}

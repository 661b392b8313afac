//! What supervisors do in conversations: they watch, coach, join and leave.

use super::App;
use super::access::{self, Seen, Viewer, person};
use super::assistance::undone;
use super::commit::Outcome;
use super::hint::{Hint, subject};
use crate::store::{
    Key,
    conversations::{self, Conversation},
    policies::Policy,
    supervisors::{self, Mode, Supervisor},
};
use onqueue_chat::{Class, ClientMessageId, Event, Input, Person, Refusal, Text};
use onqueue_model::{Caller, ConversationId, Fault, Principal, Reason, permissions};
use onqueue_store::audit;
use std::sync::Arc;

/// A message for agents' eyes that is durable.
#[derive(Clone, Debug)]
pub(crate) struct Whispered {
    pub event: Arc<Event>,
    /// Its place in what the sender sees.
    pub place: i64,
}

impl Mode {
    /// What one must hold for it.
    const fn permission(self) -> &'static str {
        match self {
            Self::Monitor => permissions::WEBCHAT_MONITOR,
            Self::Coach => permissions::WEBCHAT_COACH,
            Self::Help => permissions::ASSISTANCE_TAKE,
        }
    }

    /// As the audit trail calls it.
    const fn action(self) -> &'static str {
        match self {
            Self::Monitor => "conversation.monitor",
            Self::Coach => "conversation.coach",
            Self::Help => "assistance.take",
        }
    }
}

impl App {
    /// The caller supervises the conversation in this way from now on.
    pub async fn supervise(&self, caller: &Caller, id: ConversationId, mode: Mode) -> Result<Seen, Fault> {
        let (by, conversation, _) = self.supervised(caller, id, mode.permission()).await?;
        let head = &conversation.head;
        if let onqueue_chat::State::Ended { at, reason } = head.state {
            return Err(Refusal::Ended { at, reason }.into());
        }
        if head.active_agent(by.user).is_some() {
            return Err(Refusal::HasInHand.into());
        }
        let key = (caller.organisation, id);
        if head.active(by.user).is_some() {
            // Who joined takes part no longer: they only follow.
            self.leave(caller, key, by.user).await?;
        }
        let now = self.context.clock.now();
        let record = audit::Entry {
            organisation: caller.organisation,
            at: now,
            actor: caller.actor(),
            action: mode.action().to_owned(),
            object: format!("conversation:{id}"),
            before: None,
            after: None,
        };
        let new = Supervisor {
            user: by.user,
            participant: by.participant,
            name: by.name,
            mode,
            since: now,
        };
        if supervisors::begin(&self.store, key, new, record).await? {
            self.supervision_changed(key);
        }
        self.see_live(caller, id).await
    }

    /// The caller joins the conversation beside its agent.
    pub async fn barge_in(&self, caller: &Caller, id: ConversationId) -> Result<Seen, Fault> {
        let (mut by, ..) = self.supervised(caller, id, permissions::WEBCHAT_BARGE).await?;
        let key = (caller.organisation, id);
        if let Some(before) = supervisors::find(&self.store, key, by.user).await? {
            by.participant = before.participant;
        }
        match self.submit_for(caller, id, Input::BargeIn { by }).await {
            Outcome::Done(_) => {}
            other => return Err(undone(other)),
        }
        self.supervision_changed(key);
        self.see(caller, id, permissions::COMMUNICATION_VIEW).await
    }

    /// Ends what the caller does in the conversation.
    pub async fn leave_conversation(&self, caller: &Caller, id: ConversationId) -> Result<(), Fault> {
        let Principal::User { user, .. } = caller.principal else {
            return self.end(caller, id).await.map(drop);
        };
        let key = (caller.organisation, id);
        if !supervisors::end(&self.store, key, user).await? {
            self.see(caller, id, permissions::COMMUNICATION_VIEW).await?;
        }
        self.leave(caller, key, user).await?;
        self.supervision_changed(key);
        Ok(())
    }

    async fn leave(&self, caller: &Caller, key: Key, user: onqueue_model::UserId) -> Result<(), Fault> {
        match self.submit_for(caller, key.1, Input::Leave { user }).await {
            Outcome::Done(_) | Outcome::Refused(Refusal::Ended { .. }) => Ok(()),
            other => Err(undone(other)),
        }
    }

    /// Writes for the eyes of agents and supervisors.
    pub async fn whisper(
        &self,
        caller: &Caller,
        id: ConversationId,
        (key, text): (ClientMessageId, Text),
    ) -> Result<Whispered, Fault> {
        let (input, class) = self.whispering(caller, id, (key, text)).await?;
        let event = match self.submit_for(caller, id, input).await {
            Outcome::Done(done) => done.events.first().cloned(),
            Outcome::Repeated(event) => Some(event),
            other => return Err(undone(other)),
        };
        let event = event.ok_or_else(|| Fault::internal("a side message without an event"))?;
        let place = class.place(&event);
        let place = place.ok_or_else(|| Fault::internal("a side message that its sender does not see"))?;
        Ok(Whispered { event, place })
    }

    /// As what the caller writes, and how they see it then.
    async fn whispering(
        &self,
        caller: &Caller,
        id: ConversationId,
        (key, text): (ClientMessageId, Text),
    ) -> Result<(Input, Class), Fault> {
        let mut by = person(caller, &self.context)?;
        let place = (caller.organisation, id);
        let found = conversations::find(&self.store, place).await?;
        let conversation = found.ok_or_else(access::not_found)?;
        if let Some(agent) = conversation.head.active(by.user) {
            by.participant = agent.participant;
            return Ok((Input::SideMessage { by, text, key }, Class::Agent));
        }
        let supervisor = supervisors::find(&self.store, place, by.user).await?;
        let supervisor = match supervisor {
            Some(one) if self.may_still(caller, &conversation, one.mode).await? => one,
            _ => {
                self.see(caller, id, permissions::COMMUNICATION_VIEW).await?;
                return Err(Refusal::NotTakingPart.into());
            }
        };
        by.participant = supervisor.participant;
        let helps = conversation
            .head
            .assistance
            .is_some_and(|open| open.taken_by == Some(by.user));
        let input = match supervisor.mode {
            Mode::Coach => Input::CoachMessage { by, text, key },
            Mode::Help => Input::SideMessage { by, text, key },
            Mode::Monitor if helps => Input::SideMessage { by, text, key },
            Mode::Monitor => return Err(only_watches()),
        };
        Ok((input, Class::Supervisor))
    }

    /// The conversation for who follows it as it goes on: who takes part, or supervises it, or another system that may see it.
    /// What is over may be followed like a transcript.
    pub async fn see_live(&self, caller: &Caller, id: ConversationId) -> Result<Seen, Fault> {
        if let Principal::User { user, .. } = caller.principal {
            let key = (caller.organisation, id);
            if let Some(supervisor) = supervisors::find(&self.store, key, user).await? {
                let found = conversations::find(&self.store, key).await?;
                let conversation = found.ok_or_else(access::not_found)?;
                let follows = conversation.head.active(user).is_none();
                if follows && self.may_still(caller, &conversation, supervisor.mode).await? {
                    let viewer = Viewer {
                        class: Class::Supervisor,
                        participant: Some(supervisor.participant),
                    };
                    return self.with_policy(conversation, viewer).await;
                }
            }
        }
        let seen = self.see(caller, id, permissions::COMMUNICATION_VIEW).await?;
        let is_user = matches!(caller.principal, Principal::User { .. });
        let is_open = seen.conversation.head.ended().is_none();
        if is_user && is_open && seen.viewer.participant.is_none() {
            return Err(Fault::new(
                Reason::CallerNotAllowed,
                "you take no part in this conversation; monitor it first",
            ));
        }
        Ok(seen)
    }

    /// Those others who supervise it, as far as this viewer may know.
    pub async fn supervisors_seen(&self, seen: &Seen) -> Result<Vec<Supervisor>, Fault> {
        let head = &seen.conversation.head;
        if seen.viewer.class == Class::Guest || head.ended().is_some() {
            return Ok(Vec::new());
        }
        let mut all = supervisors::of(&self.store, (head.organisation, head.conversation)).await?;
        let shows = |policy: &Arc<Policy>| policy.monitor_visible;
        let sees_all = seen.viewer.class == Class::Supervisor || seen.policy.as_ref().is_some_and(shows);
        all.retain(|one| sees_all || one.mode != Mode::Monitor);
        all.retain(|one| head.active(one.user).is_none() && Some(one.participant) != seen.viewer.participant);
        Ok(all)
    }

    /// Whoever follows the conversation looks again who supervises it.
    pub fn supervision_changed(&self, (organisation, conversation): Key) {
        let hint = Hint::Supervised {
            conversation,
            organisation,
        };
        self.context.bus.publish(subject(conversation), hint.encode());
    }

    async fn may_still(&self, caller: &Caller, conversation: &Conversation, mode: Mode) -> Result<bool, Fault> {
        let (organisation, queue) = (conversation.head.organisation, conversation.head.queue);
        let policy = self.policies.read(&self.store, organisation, queue).await?;
        let trust = &self.context.trust;
        let may = |policy: &Arc<Policy>| trust.may_in(caller, mode.permission(), policy.division).is_ok();
        Ok(policy.as_ref().is_some_and(may))
    }

    /// A conversation of a queue in whose division the caller holds that permission; for others there is none.
    async fn supervised(
        &self,
        caller: &Caller,
        id: ConversationId,
        permission: &str,
    ) -> Result<(Person, Conversation, Arc<Policy>), Fault> {
        let by = person(caller, &self.context)?;
        let found = conversations::find(&self.store, (caller.organisation, id)).await?;
        let conversation = found.ok_or_else(access::not_found)?;
        let policy = self
            .policies
            .read(&self.store, caller.organisation, conversation.head.queue)
            .await?;
        let policy = policy.ok_or_else(access::not_found)?;
        let may = self.context.trust.may_in(caller, permission, policy.division);
        may.map_err(|_| access::not_found())?;
        Ok((by, conversation, policy))
    }
}

fn only_watches() -> Fault {
    Fault::new(
        Reason::StateConflict,
        "you only watch this conversation; coach it to write to its agent",
    )
}

//! Writing, typing, ending.

use super::access::{not_found, sender};
use super::commit::{Item, Outcome, What, traceparent};
use super::hint::{Hint, subject};
use super::{App, access::Seen};
use crate::store::{Key, conversations};
use onqueue_chat::{ClientMessageId, Event, Input, Refusal, Sender, Text};
use onqueue_model::{Caller, ConversationId, Fault, ParticipantId, Reason, Timestamp, permissions};
use onqueue_telemetry::metrics;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// A message that is durable.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub event: Arc<Event>,
    /// Its place in what the sender sees.
    pub place: i64,
}

/// How often each sender has said lately that they type.
pub(crate) struct Typists {
    most: u32,
    recent: moka::sync::Cache<ParticipantId, Arc<Mutex<(Timestamp, u32)>>>,
}

impl Typists {
    pub fn new(most: u32) -> Self {
        Self {
            most,
            recent: moka::sync::Cache::new(100_000),
        }
    }

    /// Counts one more; RATE_LIMITED above the limit of this second.
    fn count(&self, who: ParticipantId, now: Timestamp) -> Result<(), Fault> {
        const SECOND: Duration = Duration::from_secs(1);
        let window = self.recent.get_with(who, || Arc::new(Mutex::new((now, 0))));
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(window.0) >= SECOND {
            *window = (now, 0);
        }
        if window.1 >= self.most {
            let wait = (window.0 + SECOND).since(now);
            return Err(Fault::new(Reason::RateLimited, "typing was sent too often").with_retry_after(wait));
        }
        window.1 += 1;
        Ok(())
    }
}

impl App {
    /// Sends a message. Answers when it is durable.
    pub async fn send(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        key: ClientMessageId,
        text: Text,
    ) -> Result<Sent, Fault> {
        let sender = sender(caller, conversation)?;
        let item = self.item(
            (caller.organisation, conversation),
            sender,
            Input::Post { sender, text, key },
        );
        let event = match self.submit(caller.organisation, item).await {
            Outcome::Done(done) => done.said().cloned(),
            Outcome::Repeated(event) => {
                metrics::DEDUP_HITS.add(1, &[]);
                Some(event)
            }
            other => return Err(self.refusal(caller, conversation, other).await),
        };
        let event = event.ok_or_else(|| Fault::internal("a message without an event"))?;
        let place = match sender {
            Sender::Guest(_) => event.public_sequence,
            Sender::User(_) => event.agent_sequence,
        };
        let place = place.ok_or_else(|| Fault::internal("a message that its sender does not see"))?;
        Ok(Sent { event, place })
    }

    /// Ends a conversation; answers the same if it is over already. A user must hold `conversation:communication:disconnect` in
    /// the division of its queue.
    pub async fn end(&self, caller: &Caller, conversation: ConversationId) -> Result<Seen, Fault> {
        let by = sender(caller, conversation)?;
        if caller.user().is_some() {
            self.may_end(caller, conversation).await?;
        }
        let item = self.item((caller.organisation, conversation), by, Input::End { by });
        match self.submit(caller.organisation, item).await {
            Outcome::Done(_) | Outcome::Refused(Refusal::Ended { .. }) => {}
            other => return Err(self.refusal(caller, conversation, other).await),
        }
        self.see(caller, conversation, permissions::COMMUNICATION_VIEW).await
    }

    async fn may_end(&self, caller: &Caller, conversation: ConversationId) -> Result<(), Fault> {
        let seen = self.see(caller, conversation, permissions::COMMUNICATION_VIEW).await?;
        if seen.viewer.participant.is_none() {
            // Who takes no part is refused as such.
            return Ok(());
        }
        let division = seen.policy.ok_or_else(not_found)?.division;
        let trust = &self.context.trust;
        trust.may_in(caller, permissions::COMMUNICATION_DISCONNECT, division)
    }

    /// Tells the others that the caller types, or stopped. Nothing is stored.
    pub async fn typing(&self, caller: &Caller, conversation: ConversationId, typing: bool) -> Result<(), Fault> {
        let sender = sender(caller, conversation)?;
        let participant = self.typist(caller, (caller.organisation, conversation), sender).await?;
        self.typists.count(participant, self.context.clock.now())?;
        let hint = Hint::Typing {
            conversation,
            participant,
            typing,
        };
        self.context.bus.publish(subject(conversation), hint.encode());
        Ok(())
    }

    /// Who types, from memory if possible.
    async fn typist(&self, caller: &Caller, key: Key, sender: Sender) -> Result<ParticipantId, Fault> {
        let guess = self.committer.guess(key).filter(|head| head.party(sender).is_some());
        let head = match guess {
            Some(head) => head,
            None => {
                let found = conversations::find(&self.store, key).await?;
                let head = Arc::new(found.ok_or_else(not_found)?.head);
                self.committer.learn(key, &head);
                head
            }
        };
        if let onqueue_chat::State::Ended { at, reason } = head.state {
            self.see(caller, key.1, permissions::COMMUNICATION_VIEW).await?;
            return Err(Refusal::Ended { at, reason }.into());
        }
        match head.party(sender) {
            Some(participant) => Ok(participant),
            None => {
                let refused = Outcome::Refused(Refusal::NotTakingPart);
                Err(self.refusal(caller, key.1, refused).await)
            }
        }
    }

    /// The fault for what was not done, which for those who may not see the conversation is that there is none.
    pub(super) async fn refusal(&self, caller: &Caller, conversation: ConversationId, outcome: Outcome) -> Fault {
        let refusal = match outcome {
            Outcome::Refused(refusal) => refusal,
            Outcome::Failed(fault) => return fault,
            Outcome::Missing => return not_found(),
            Outcome::Done(_) | Outcome::Repeated(_) | Outcome::Taken => {
                return Fault::internal("an answer to another question");
            }
        };
        match self.see(caller, conversation, permissions::COMMUNICATION_VIEW).await {
            Ok(_) => refusal.into(),
            Err(fault) => fault,
        }
    }

    /// A change that a party asks for.
    fn item(&self, key: Key, by: Sender, input: Input) -> Item {
        let actor = match by {
            Sender::Guest(participant) => format!("guest:{participant}"),
            Sender::User(user) => format!("user:{user}"),
        };
        Item {
            what: What::Apply(key, input),
            traceparent: traceparent(),
            actor: actor.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_model::Id;
    use uuid::Uuid;

    #[test]
    fn four_times_a_second_each() {
        let (typists, ann, ben) = (
            Typists::new(4),
            Id::new(Uuid::from_u128(1)),
            Id::new(Uuid::from_u128(2)),
        );
        let count = |who, at| typists.count(who, Timestamp(at)).map_err(|fault| fault.retry_after);
        for at in [0, 100, 200, 300] {
            assert_eq!(count(ann, at), Ok(()));
        }
        assert_eq!(count(ann, 400), Err(Some(Duration::from_millis(600))));
        assert_eq!(count(ben, 400), Ok(()));
        assert_eq!(count(ann, 1_000), Ok(()));
    }
}

//! Who may look at a conversation, and as what.

use super::App;
use crate::store::{
    conversations::{self, Conversation},
    policies::Policy,
    presence,
};
use onqueue_chat::{Class, Person, Sender};
use onqueue_model::{Caller, ConversationId, Fault, ParticipantId, Principal, Reason, UserId};
use onqueue_server::Context;
use std::sync::Arc;

/// How somebody sees a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Viewer {
    pub class: Class,
    pub participant: Option<ParticipantId>,
}

/// A conversation as one viewer gets it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub conversation: Conversation,
    pub policy: Option<Arc<Policy>>,
    pub viewer: Viewer,
}

/// For those for whom it does not exist.
pub(crate) fn not_found() -> Fault {
    Fault::new(Reason::ConversationNotFound, "there is no such conversation")
}

/// The caller as a party to a conversation. Another conversation than a guest's own does not exist for them.
pub(crate) fn sender(caller: &Caller, conversation: ConversationId) -> Result<Sender, Fault> {
    match &caller.principal {
        Principal::User { user, .. } => Ok(Sender::User(*user)),
        // It takes part in none, and sees those that its permissions let it see.
        Principal::Client { client, .. } => Ok(Sender::User(UserId::new(client.uuid()))),
        Principal::Guest {
            conversation: own,
            participant,
        } if *own == conversation => Ok(Sender::Guest(*participant)),
        Principal::Guest { .. } => Err(not_found()),
    }
}

/// The caller as somebody who may come into a conversation; CALLER_NOT_ALLOWED unless they are a user who logged in.
pub(crate) fn person(caller: &Caller, context: &Context) -> Result<Person, Fault> {
    match &caller.principal {
        Principal::User { user, name } => Ok(Person {
            user: *user,
            name: name.clone(),
            participant: context.ids.id(context.clock.now()),
        }),
        Principal::Client { .. } | Principal::Guest { .. } => {
            Err(Fault::new(Reason::CallerNotAllowed, "this is for users who logged in"))
        }
    }
}

impl App {
    /// The conversation, if the caller takes part in it or holds `permission` in its queue's division;
    /// CONVERSATION_NOT_FOUND otherwise.
    pub async fn see(&self, caller: &Caller, id: ConversationId, permission: &str) -> Result<Seen, Fault> {
        let sender = sender(caller, id)?;
        let found = conversations::find(&self.store, (caller.organisation, id)).await?;
        let mut conversation = found.ok_or_else(not_found)?;
        let organisation = conversation.head.organisation;
        let policy = self
            .policies
            .read(&self.store, organisation, conversation.head.queue)
            .await?;
        let viewer = match (conversation.head.party(sender), sender) {
            (Some(participant), Sender::Guest(_)) => Viewer {
                class: Class::Guest,
                participant: Some(participant),
            },
            (Some(participant), Sender::User(_)) => Viewer {
                class: Class::Agent,
                participant: Some(participant),
            },
            (None, _) => {
                let division = policy.as_ref().ok_or_else(not_found)?.division;
                let may = self.context.trust.may_in(caller, permission, division);
                may.map_err(|_| not_found())?;
                Viewer {
                    class: Class::Supervisor,
                    participant: None,
                }
            }
        };
        if viewer.class != Class::Guest {
            presence::note(&self.store, std::slice::from_mut(&mut conversation)).await?;
        }
        Ok(Seen {
            conversation,
            policy,
            viewer,
        })
    }

    /// A conversation for a viewer who is known to be allowed.
    pub async fn with_policy(&self, conversation: Conversation, viewer: Viewer) -> Result<Seen, Fault> {
        let (organisation, queue) = (conversation.head.organisation, conversation.head.queue);
        let policy = self.policies.read(&self.store, organisation, queue).await?;
        Ok(Seen {
            conversation,
            policy,
            viewer,
        })
    }
}

//! What can happen to a conversation.

use crate::{ClientMessageId, EndReason, Place, Text, Withdrawal};
use onqueue_model::{
    ConversationId, Fault, Language, OrganisationId, ParticipantId, QueueId, Reason, Timestamp, UserId, WrapUpCodeId,
};

/// How a conversation begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Whose.
    pub organisation: OrganisationId,
    /// Which.
    pub conversation: ConversationId,
    /// In which queue.
    pub queue: QueueId,
    /// In which language; `None` means any.
    pub language: Option<Language>,
    /// Who the customer is in it.
    pub guest: ParticipantId,
    /// The name the customer gave.
    pub guest_name: String,
    /// What it is about.
    pub topic: String,
    /// The customer's first words.
    pub first_message: Option<Text>,
}

/// Something that happens to an open conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Somebody writes.
    Post {
        /// Who.
        sender: Sender,
        /// What.
        text: Text,
        /// The sender's key for it.
        key: ClientMessageId,
    },
    /// Routing decided.
    Report {
        /// About which opening.
        opening: u32,
        /// Where in its owner's log.
        place: Place,
        /// What.
        fact: Fact,
    },
    /// A party ends it.
    End {
        /// Who.
        by: Sender,
    },
    /// Time passed: look at inactivity.
    Sweep,
}

/// A party to the conversation, as their token names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The customer.
    Guest(ParticipantId),
    /// A user, who must be an agent in it.
    User(UserId),
}

/// What routing decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// It waits.
    Queued {
        /// In this queue.
        queue: QueueId,
        /// Its name.
        queue_name: String,
    },
    /// It alerts an agent.
    Offered {
        /// The agent.
        user: UserId,
        /// Their name.
        agent_name: String,
    },
    /// An offer ended without a yes.
    Rescinded {
        /// Whose.
        user: UserId,
        /// Why.
        reason: Withdrawal,
    },
    /// An agent accepted.
    Assigned {
        /// The agent.
        user: UserId,
        /// Their name.
        agent_name: String,
        /// Who they become in it, if they never took part.
        participant: ParticipantId,
    },
    /// Routing does not take it.
    Refused {
        /// Why.
        reason: Reason,
    },
    /// It was taken from where it was. Without an agent [`Fact::Queued`] follows.
    Transferred {
        /// Into this queue.
        queue: QueueId,
        /// Its name.
        queue_name: String,
        /// Whom it is meant for, and their name; `None` for whoever the queue has.
        to: Option<(UserId, String)>,
    },
    /// An agent who takes or took part said how it went.
    WrapUpSet {
        /// The agent.
        user: UserId,
        /// By this code, and its name, if by any.
        code: Option<(WrapUpCodeId, String)>,
    },
}

/// Why an input was refused; nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is over.
    Ended {
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: EndReason,
    },
    /// A newer report has been recorded.
    Older,
    /// The sender does not take part now.
    NotTakingPart,
}

impl Refusal {
    /// Whether it would be refused whatever happened meanwhile: decided on an old head, it still holds.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Older)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Ended { reason, .. } => match reason.refusal() {
                Reason::ConversationIdleTimeout => Self::new(
                    Reason::ConversationIdleTimeout,
                    "this conversation was ended because nobody wrote; start a new one",
                ),
                reason => Self::new(reason, "this conversation is over; start a new one"),
            },
            Refusal::Older => Self::new(Reason::StateConflict, "a newer report has been recorded"),
            Refusal::NotTakingPart => Self::new(Reason::CallerNotAllowed, "you do not take part in this conversation"),
        }
    }
}

//! What can happen to a conversation.

use crate::{Body, Changes, ClientMessageId, ConversationKind, Hash, Head, Kind, Place, Text, Visibility, Withdrawal};
use onqueue_model::{
    AssistanceId, AttachmentId, ConversationId, EventId, Language, OrganisationId, ParticipantId, QueueId, Reason,
    UserId, WrapUpCodeId,
};
use serde::{Deserialize, Serialize};

/// How a conversation begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Whose.
    pub organisation: OrganisationId,
    /// Which.
    pub conversation: ConversationId,
    /// What becomes of it when an agent is done with it.
    pub kind: ConversationKind,
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

/// Something that happens to a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Somebody writes. The customer's message opens what is at rest again.
    Post {
        /// Who.
        sender: Sender,
        /// What.
        text: Text,
        /// The sender's key for it.
        key: ClientMessageId,
    },
    /// Somebody attaches a file, which counts as a message does.
    Attach {
        /// Who.
        sender: Sender,
        /// What.
        attachment: Attachment,
        /// The sender's key for it.
        key: ClientMessageId,
    },
    /// Agent and supervisor talk beside the chat. Whether somebody who takes no part may is the shell's to know.
    SideMessage {
        /// Who.
        by: Person,
        /// What.
        text: Text,
        /// The sender's key for it.
        key: ClientMessageId,
    },
    /// A supervisor tells the agent something. Whether they may is the shell's to know.
    CoachMessage {
        /// Who.
        by: Person,
        /// What.
        text: Text,
        /// The sender's key for it.
        key: ClientMessageId,
    },
    /// The system says something.
    Say {
        /// What.
        text: Text,
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
    /// A party ends it, or puts it to rest.
    End {
        /// Who.
        by: Sender,
    },
    /// The customer, who waits, has gone.
    Abandon,
    /// A supervisor leaves, who joined or helps.
    Leave {
        /// Who.
        user: UserId,
    },
    /// Time passed: look at inactivity.
    Sweep,
    /// A supervisor joins beside the agent; everyone sees it.
    BargeIn {
        /// Who.
        by: Person,
    },
    /// The agent asks for a supervisor.
    Ask {
        /// Who.
        by: UserId,
        /// The request's name.
        assistance: AssistanceId,
        /// What is wrong.
        text: Text,
    },
    /// A supervisor takes the request.
    Take {
        /// Who.
        by: Person,
        /// Which.
        assistance: AssistanceId,
    },
    /// The request is done with.
    Close {
        /// Who says so.
        by: UserId,
        /// Which.
        assistance: AssistanceId,
    },
    /// Somebody notes something of the conversation.
    SetAttributes {
        /// Who, whether they take part or not; `None` for the system.
        by: Option<Sender>,
        /// What.
        changes: Changes,
    },
    /// What an event said is removed, also from what is over.
    Redact {
        /// The event.
        target: Target,
        /// By whom; `None` for the system.
        by: Option<UserId>,
        /// Why.
        reason: String,
    },
    /// Everything that was said is removed, also from what is over. What only tells how it went stays.
    Erase {
        /// Every event whose personal part is there.
        targets: Vec<Target>,
        /// By whom; `None` for the system.
        by: Option<UserId>,
        /// Why.
        reason: String,
    },
}

/// A party to the conversation, as their token names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The customer.
    Guest(ParticipantId),
    /// A user, who must take part in it.
    User(UserId),
}

/// A user who is or comes into a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub user: UserId,
    /// As others see them.
    pub name: String,
    /// Who they are in it, if they never took part.
    pub participant: ParticipantId,
}

/// A file that was attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name here.
    pub id: AttachmentId,
    /// The sender's name for it, without folders.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// What it is by its content.
    pub media_type: String,
}

/// A stored event whose personal part is to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The event.
    pub event: EventId,
    /// Its place in the whole log.
    pub sequence: i64,
    /// What it is.
    pub kind: Kind,
    /// Who sees it.
    pub visibility: Visibility,
    /// The hash of its salt and personal part, which stays.
    pub part: Hash,
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
    /// An agent accepted, or took over.
    Assigned {
        /// The agent.
        user: UserId,
        /// Their name.
        agent_name: String,
        /// Who they become in it, if they never took part.
        participant: ParticipantId,
        /// Of which queue it is from now on; `None` for the one that it was of.
        queue: Option<QueueId>,
    },
    /// Routing does not take it.
    Refused {
        /// Why.
        reason: Reason,
    },
    /// It was passed on. Unless it is attended whoever has it leaves, and without an agent [`Fact::Queued`] follows.
    Transferred {
        /// Into this queue.
        queue: QueueId,
        /// Its name.
        queue_name: String,
        /// Whom it is meant for, and their name; `None` for whoever the queue has.
        to: Option<(UserId, String)>,
        /// Whether who has it goes on with the customer until somebody accepts it.
        attended: bool,
        /// What who passes it on wants the next to know.
        note: String,
    },
    /// An agent who takes or took part said how it went.
    WrapUpSet {
        /// The agent.
        user: UserId,
        /// By this code, and its name, if by any.
        code: Option<(WrapUpCodeId, String)>,
    },
    /// The agent was lost, and the queue wants it ended then.
    AgentLost {
        /// The agent.
        user: UserId,
    },
}

impl Input {
    /// Its sender's key, if it has one: with it, the same is done once however often it is asked for.
    pub const fn key(&self) -> Option<&ClientMessageId> {
        match self {
            Self::Post { key, .. }
            | Self::Attach { key, .. }
            | Self::SideMessage { key, .. }
            | Self::CoachMessage { key, .. } => Some(key),
            _ => None,
        }
    }

    /// Who its key belongs to, if they ever took part.
    pub fn author(&self, head: &Head) -> Option<ParticipantId> {
        match self {
            Self::Post { sender, .. } | Self::Attach { sender, .. } => head.former_party(*sender),
            Self::SideMessage { by, .. } | Self::CoachMessage { by, .. } => Some(head.participant_of(by)),
            _ => None,
        }
    }

    /// Whether a stored event is this very thing. Of what is erased it is, if it was of that kind.
    pub fn is(&self, body: &Body) -> bool {
        match (self, body) {
            (Self::Post { text, .. }, Body::Message { text: stored })
            | (Self::SideMessage { text, .. }, Body::SideMessage { text: stored, .. })
            | (Self::CoachMessage { text, .. }, Body::CoachMessage { text: stored, .. }) => text.as_str() == stored,
            (Self::Attach { attachment, .. }, Body::AttachmentAdded(stored)) => attachment == stored,
            (Self::Post { .. }, body) => is_erased(body, Kind::Message),
            (Self::SideMessage { .. }, body) => is_erased(body, Kind::SideMessage),
            (Self::CoachMessage { .. }, body) => is_erased(body, Kind::CoachMessage),
            (Self::Attach { .. }, body) => is_erased(body, Kind::AttachmentAdded),
            _ => false,
        }
    }
}

fn is_erased(body: &Body, wanted: Kind) -> bool {
    matches!(body, Body::Erased { kind, .. } if *kind == wanted)
}

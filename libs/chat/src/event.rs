//! What a conversation's log is made of.

use crate::{
    Attachment, Closing, EndReason, Hash, Kind, NoticeCode, ParticipantKind, Person, Salt, Visibility, Withdrawal,
};
use onqueue_model::{AssistanceId, EventId, Language, ParticipantId, QueueId, Timestamp, UserId, WrapUpCodeId};
use serde::{Deserialize, Serialize};

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its name; references use it.
    pub id: EventId,
    /// Its place in the whole log: 1, 2, 3 …
    pub sequence: i64,
    /// Its place in what everyone sees, if everyone sees it.
    pub public_sequence: Option<i64>,
    /// Its place in what agents see, if they see it.
    pub agent_sequence: Option<i64>,
    /// When it happened. Orders nothing.
    pub at: Timestamp,
    /// Who did it; `None` for the system.
    pub participant: Option<ParticipantId>,
    /// What happened.
    pub body: Body,
    /// Its sender's key for it (of what people write and attach only).
    pub client_message_id: Option<String>,
    /// Blinds the hash of the personal part; zeros once that is erased.
    pub salt: Salt,
    /// The chain's hash up to and with this event.
    pub hash: Hash,
}

/// What happened. Its JSON is the event's personal part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Body {
    /// The customer opened the chat.
    Opened {
        /// In this queue.
        queue: QueueId,
        /// In this language; `None` means any.
        language: Option<Language>,
        /// The name the customer gave.
        guest_name: String,
        /// What it is about.
        topic: String,
        /// Who the customer is here.
        guest: ParticipantId,
    },
    /// It waits, or waits again.
    Queued {
        /// In this queue.
        queue: QueueId,
        /// The queue's name then.
        queue_name: String,
    },
    /// It alerts an agent.
    Offered {
        /// The agent.
        user: UserId,
        /// Their name.
        agent_name: String,
    },
    /// An offer was declined, not answered, or taken back.
    OfferWithdrawn {
        /// Whose offer.
        user: UserId,
        /// Why.
        reason: Withdrawal,
    },
    /// Somebody takes part from now on, or from now on as something else.
    ParticipantJoined {
        /// Who they are here.
        participant: ParticipantId,
        /// What they are.
        kind: ParticipantKind,
        /// As others see them.
        name: String,
        /// The user behind an agent or supervisor.
        user: Option<UserId>,
    },
    /// Somebody no longer takes part.
    ParticipantLeft {
        /// Who.
        participant: ParticipantId,
    },
    /// Somebody wrote.
    Message {
        /// What.
        text: String,
    },
    /// It will end unless somebody writes.
    InactivityWarned {
        /// When.
        ends_at: Timestamp,
    },
    /// Nothing can be said any more, unless it is opened again.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// Routing did not take it.
    Refused {
        /// A reason of the API, such as `QUEUE_FULL`.
        reason: String,
    },
    /// It was passed on, to a queue or an agent. Who had it leaves, unless it is attended.
    Transferred {
        /// Into this queue.
        queue: QueueId,
        /// The queue's name then.
        queue_name: String,
        /// Whom it is meant for; `None` for whoever the queue has.
        user: Option<UserId>,
        /// Their name; empty without one.
        agent_name: String,
        /// Whether who had it goes on with the customer until somebody accepts it.
        #[serde(default)]
        attended: bool,
        /// What who passed it on wants the next to know.
        #[serde(default)]
        note: String,
    },
    /// An agent said how it went.
    WrapUpSet {
        /// The agent.
        user: UserId,
        /// By this code, if by any.
        code: Option<WrapUpCodeId>,
        /// The code's name then; empty without one.
        code_name: String,
    },
    /// The customer wrote again when it was at rest.
    Reopened {
        /// Which opening this is.
        opening: u32,
        /// Who served it last.
        last_agent: Option<UserId>,
    },
    /// The system says something.
    Notice {
        /// What.
        code: NoticeCode,
        /// In words; empty where the code says it all.
        text: String,
        /// The queue that it is about, if it is about one.
        queue: Option<QueueId>,
    },
    /// Somebody attached a file.
    AttachmentAdded(Attachment),
    /// What an event said was removed, together with its salt.
    MessageRedacted {
        /// Of which; `None`: of every event before this one.
        event: Option<EventId>,
        /// By whom; `None` for the system.
        by: Option<UserId>,
        /// Why.
        reason: String,
        /// Who saw what was removed, and so sees this.
        seen_by: Visibility,
    },
    /// An agent asks for a supervisor.
    AssistanceRequested {
        /// The request.
        assistance: AssistanceId,
        /// What is wrong.
        text: String,
    },
    /// A supervisor helps.
    AssistanceTaken {
        /// The request.
        assistance: AssistanceId,
        /// The supervisor.
        user: UserId,
        /// Their name.
        name: String,
    },
    /// The request is done with.
    AssistanceClosed {
        /// The request.
        assistance: AssistanceId,
        /// By whom.
        how: Closing,
    },
    /// A supervisor tells the agent something.
    CoachMessage {
        /// Who.
        user: UserId,
        /// Their name then.
        name: String,
        /// What.
        text: String,
    },
    /// Agent and supervisor talk beside the chat.
    SideMessage {
        /// Who wrote.
        user: UserId,
        /// Their name then.
        name: String,
        /// What.
        text: String,
    },
    /// The conversation's attributes were changed.
    AttributesSet {
        /// Which, in order.
        keys: Vec<String>,
    },
    /// What was there is erased. Stands in the place of a stored event's body and is never stored itself.
    #[serde(skip)]
    Erased {
        /// What it was.
        kind: Kind,
        /// Who saw it.
        visibility: Visibility,
    },
}

impl Body {
    /// What kind of thing happened.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Opened { .. } => Kind::Opened,
            Self::Queued { .. } => Kind::Queued,
            Self::Offered { .. } => Kind::Offered,
            Self::OfferWithdrawn { .. } => Kind::OfferWithdrawn,
            Self::ParticipantJoined { .. } => Kind::ParticipantJoined,
            Self::ParticipantLeft { .. } => Kind::ParticipantLeft,
            Self::Message { .. } => Kind::Message,
            Self::InactivityWarned { .. } => Kind::InactivityWarned,
            Self::Ended { .. } => Kind::Ended,
            Self::Refused { .. } => Kind::Refused,
            Self::Transferred { .. } => Kind::Transferred,
            Self::WrapUpSet { .. } => Kind::WrapUpSet,
            Self::Reopened { .. } => Kind::Reopened,
            Self::Notice { .. } => Kind::Notice,
            Self::AttachmentAdded(_) => Kind::AttachmentAdded,
            Self::MessageRedacted { .. } => Kind::MessageRedacted,
            Self::AssistanceRequested { .. } => Kind::AssistanceRequested,
            Self::AssistanceTaken { .. } => Kind::AssistanceTaken,
            Self::AssistanceClosed { .. } => Kind::AssistanceClosed,
            Self::CoachMessage { .. } => Kind::CoachMessage,
            Self::SideMessage { .. } => Kind::SideMessage,
            Self::AttributesSet { .. } => Kind::AttributesSet,
            Self::Erased { kind, .. } => *kind,
        }
    }

    /// Who sees it. What is the agents' business is named one by one here, and so is what everyone sees: whoever adds a kind
    /// has to say which it is.
    pub const fn visibility(&self) -> Visibility {
        match self {
            Self::Opened { .. }
            | Self::Queued { .. }
            | Self::ParticipantJoined { .. }
            | Self::ParticipantLeft { .. }
            | Self::Message { .. }
            | Self::InactivityWarned { .. }
            | Self::Ended { .. }
            | Self::Refused { .. }
            | Self::Reopened { .. }
            | Self::Notice { .. }
            | Self::AttachmentAdded(_) => Visibility::Everyone,
            Self::Offered { .. }
            | Self::OfferWithdrawn { .. }
            | Self::Transferred { .. }
            | Self::WrapUpSet { .. }
            | Self::AssistanceRequested { .. }
            | Self::AssistanceTaken { .. }
            | Self::AssistanceClosed { .. }
            | Self::CoachMessage { .. }
            | Self::SideMessage { .. }
            | Self::AttributesSet { .. } => Visibility::Agents,
            Self::MessageRedacted { seen_by, .. } => *seen_by,
            Self::Erased { visibility, .. } => *visibility,
        }
    }

    /// The personal part as it is stored and hashed.
    pub fn to_part(&self) -> String {
        // Only maps with other keys than text can fail, and there are none here; what is erased has no part.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a stored personal part.
    pub fn from_part(part: &str) -> Option<Self> {
        serde_json::from_str(part).ok()
    }

    pub(crate) fn side_message(by: &Person, text: String) -> Self {
        Self::SideMessage {
            user: by.user,
            name: by.name.clone(),
            text,
        }
    }

    pub(crate) fn coach_message(by: &Person, text: String) -> Self {
        Self::CoachMessage {
            user: by.user,
            name: by.name.clone(),
            text,
        }
    }
}

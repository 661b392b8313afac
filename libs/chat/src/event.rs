//! What a conversation's log is made of.

use crate::{Hash, Salt};
use onqueue_model::{EventId, Language, ParticipantId, QueueId, Reason, Timestamp, UserId, WrapUpCodeId};
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
    /// Its sender's key for it (messages only).
    pub client_message_id: Option<String>,
    /// Blinds the hash of the personal part.
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
    /// Somebody takes part from now on.
    ParticipantJoined {
        /// Who they are here.
        participant: ParticipantId,
        /// What they are.
        kind: ParticipantKind,
        /// As others see them.
        name: String,
        /// The user behind an agent.
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
    /// Nothing can be added any more.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// Routing did not take it.
    Refused {
        /// A reason of the API, such as `QUEUE_FULL`.
        reason: String,
    },
    /// It was taken from where it was, for a queue or an agent. Who had it leaves.
    Transferred {
        /// Into this queue.
        queue: QueueId,
        /// The queue's name then.
        queue_name: String,
        /// Whom it is meant for; `None` for whoever the queue has.
        user: Option<UserId>,
        /// Their name; empty without one.
        agent_name: String,
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
}

/// What kind of thing happened; the number is what the database and the hash chain hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
#[allow(missing_docs)]
pub enum Kind {
    Opened = 1,
    Queued = 2,
    Offered = 3,
    OfferWithdrawn = 4,
    ParticipantJoined = 5,
    ParticipantLeft = 6,
    Message = 7,
    InactivityWarned = 8,
    Ended = 9,
    Refused = 10,
    Transferred = 11,
    WrapUpSet = 12,
}

/// Who sees an event; the number is what the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum Visibility {
    /// The guest too.
    Everyone = 1,
    /// Agents and supervisors.
    Agents = 2,
    /// Supervisors only.
    Supervisors = 3,
}

/// What a participant is; the number is what the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum ParticipantKind {
    /// The customer.
    Guest = 1,
    /// An agent.
    Agent = 2,
}

/// Why an offer ended without a yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Withdrawal {
    /// The agent said no.
    Declined,
    /// The agent said nothing.
    TimedOut,
    /// The agent went away.
    AgentGone,
}

/// Why a conversation ended; the number is what the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum EndReason {
    /// The customer ended it.
    GuestLeft = 1,
    /// An agent ended it.
    AgentEnded = 2,
    /// Nobody wrote for the queue's inactivity timeout.
    Inactivity = 3,
    /// Routing refused it.
    Refused = 4,
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
        }
    }

    /// Who sees it: offers, transfers and wrap-ups are the agents' business, everything else is everyone's.
    pub const fn visibility(&self) -> Visibility {
        match self {
            Self::Offered { .. } | Self::OfferWithdrawn { .. } | Self::Transferred { .. } | Self::WrapUpSet { .. } => {
                Visibility::Agents
            }
            _ => Visibility::Everyone,
        }
    }

    /// The personal part as it is stored and hashed.
    pub fn to_part(&self) -> String {
        // Only maps with other keys than text can fail, and there are none here.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a stored personal part.
    pub fn from_part(part: &str) -> Option<Self> {
        serde_json::from_str(part).ok()
    }
}

impl Kind {
    /// The number.
    pub const fn code(self) -> i16 {
        self as i16
    }
}

impl Visibility {
    /// The number.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// What that number stands for.
    pub const fn of(code: i16) -> Option<Self> {
        match code {
            1 => Some(Self::Everyone),
            2 => Some(Self::Agents),
            3 => Some(Self::Supervisors),
            _ => None,
        }
    }
}

impl ParticipantKind {
    /// The number.
    pub const fn code(self) -> i16 {
        self as i16
    }
}

impl Withdrawal {
    /// The word that the API uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::TimedOut => "timed_out",
            Self::AgentGone => "agent_gone",
        }
    }

    /// What that word stands for.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Declined, Self::TimedOut, Self::AgentGone]
            .into_iter()
            .find(|reason| reason.as_str() == text)
    }
}

impl EndReason {
    /// The number.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// What that number stands for.
    pub const fn of(code: i16) -> Option<Self> {
        match code {
            1 => Some(Self::GuestLeft),
            2 => Some(Self::AgentEnded),
            3 => Some(Self::Inactivity),
            4 => Some(Self::Refused),
            _ => None,
        }
    }

    /// The word that the API uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GuestLeft => "guest_left",
            Self::AgentEnded => "agent_ended",
            Self::Inactivity => "inactivity",
            Self::Refused => "refused",
        }
    }

    /// What those hear who still want to add something.
    pub const fn refusal(self) -> Reason {
        match self {
            Self::Inactivity => Reason::ConversationIdleTimeout,
            _ => Reason::ConversationClosed,
        }
    }
}

//! What events and those who take part are, each with the number that the database holds.

use onqueue_model::Reason;
use serde::{Deserialize, Serialize};

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
    Reopened = 13,
    Notice = 14,
    AttachmentAdded = 15,
    MessageRedacted = 16,
    AssistanceRequested = 17,
    AssistanceTaken = 18,
    AssistanceClosed = 19,
    CoachMessage = 20,
    SideMessage = 21,
    AttributesSet = 22,
}

/// Who sees an event; the number is what the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// A supervisor who joined.
    Supervisor = 3,
}

/// What becomes of a conversation when an agent is done with it; the number is what the database holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum ConversationKind {
    /// It is over.
    #[default]
    Chat = 1,
    /// It rests: for some time the customer's next message opens it again.
    Messaging = 2,
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

/// Who closed a request for assistance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// The agent, by saying so or by leaving.
    Agent,
    /// A supervisor, by saying so, by leaving, or by taking over.
    Supervisor,
    /// The end of the conversation.
    Ended,
}

/// What the system says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeCode {
    /// Something in words.
    Announcement,
    /// Nobody has written for the queue's timeout, and it is to go to another queue.
    InactivityTransfer,
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
    /// The customer, who waited, had gone.
    Abandoned = 5,
    /// Of messaging: the customer's next message opens it again, for some time.
    Rested = 6,
    /// The agent was lost, and the queue wants such conversations ended.
    AgentLost = 7,
}

impl Kind {
    /// Every kind, in order of its number.
    pub const ALL: [Self; 22] = [
        Self::Opened,
        Self::Queued,
        Self::Offered,
        Self::OfferWithdrawn,
        Self::ParticipantJoined,
        Self::ParticipantLeft,
        Self::Message,
        Self::InactivityWarned,
        Self::Ended,
        Self::Refused,
        Self::Transferred,
        Self::WrapUpSet,
        Self::Reopened,
        Self::Notice,
        Self::AttachmentAdded,
        Self::MessageRedacted,
        Self::AssistanceRequested,
        Self::AssistanceTaken,
        Self::AssistanceClosed,
        Self::CoachMessage,
        Self::SideMessage,
        Self::AttributesSet,
    ];

    /// The number.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// What that number stands for.
    pub fn of(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The word that the API uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Queued => "queued",
            Self::Offered => "offered",
            Self::OfferWithdrawn => "offer_withdrawn",
            Self::ParticipantJoined => "participant_joined",
            Self::ParticipantLeft => "participant_left",
            Self::Message => "message",
            Self::InactivityWarned => "inactivity_warned",
            Self::Ended => "ended",
            Self::Refused => "refused",
            Self::Transferred => "transferred",
            Self::WrapUpSet => "wrap_up_set",
            Self::Reopened => "reopened",
            Self::Notice => "notice",
            Self::AttachmentAdded => "attachment_added",
            Self::MessageRedacted => "message_redacted",
            Self::AssistanceRequested => "assistance_requested",
            Self::AssistanceTaken => "assistance_taken",
            Self::AssistanceClosed => "assistance_closed",
            Self::CoachMessage => "coach_message",
            Self::SideMessage => "side_message",
            Self::AttributesSet => "attributes_set",
        }
    }

    /// Whether it may tell who the customer is or what anybody said, which is what erasure takes.
    pub const fn is_personal(self) -> bool {
        self.is_said() || matches!(self, Self::Opened | Self::Notice)
    }

    /// Whether it holds somebody's own words or files, which alone may be redacted one by one.
    pub const fn is_said(self) -> bool {
        matches!(
            self,
            Self::Message
                | Self::AttachmentAdded
                | Self::CoachMessage
                | Self::SideMessage
                | Self::AssistanceRequested
                | Self::Transferred
        )
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

    /// What that number stands for.
    pub const fn of(code: i16) -> Option<Self> {
        match code {
            1 => Some(Self::Guest),
            2 => Some(Self::Agent),
            3 => Some(Self::Supervisor),
            _ => None,
        }
    }
}

impl ConversationKind {
    /// The number.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// What that number stands for.
    pub const fn of(code: i16) -> Option<Self> {
        match code {
            1 => Some(Self::Chat),
            2 => Some(Self::Messaging),
            _ => None,
        }
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

impl Closing {
    /// The word that the API uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Ended => "ended",
        }
    }
}

impl NoticeCode {
    /// The word that the API uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Announcement => "announcement",
            Self::InactivityTransfer => "inactivity_transfer",
        }
    }
}

impl EndReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::GuestLeft,
        Self::AgentEnded,
        Self::Inactivity,
        Self::Refused,
        Self::Abandoned,
        Self::Rested,
        Self::AgentLost,
    ];

    /// The number.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// What that number stands for.
    pub fn of(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The word that the API uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GuestLeft => "guest_left",
            Self::AgentEnded => "agent_ended",
            Self::Inactivity => "inactivity",
            Self::Refused => "refused",
            Self::Abandoned => "abandoned",
            Self::Rested => "rested",
            Self::AgentLost => "agent_lost",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_for_what_has_them() {
        for (at, kind) in (1..).zip(Kind::ALL) {
            assert_eq!((kind.code(), Kind::of(at)), (at, Some(kind)));
        }
        assert_eq!((Kind::of(0), Kind::of(23)), (None, None));
        for reason in EndReason::ALL {
            assert_eq!(EndReason::of(reason.code()), Some(reason));
        }
        for code in 0..5 {
            assert!(Visibility::of(code).is_none_or(|one| one.code() == code));
            assert!(ParticipantKind::of(code).is_none_or(|one| one.code() == code));
            assert!(ConversationKind::of(code).is_none_or(|one| one.code() == code));
        }
    }
}

//! Why something did not happen.

use crate::{EndReason, attributes};
use onqueue_model::{AssistanceId, Fault, Reason, Timestamp, UserId};

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
    /// The report is about an opening of which the head that it was decided on knows nothing: it is an old one.
    Early,
    /// The sender does not take part now.
    NotTakingPart,
    /// No agent takes part now.
    NotConnected,
    /// Whoever it is about is the agent who has it in hand.
    HasInHand,
    /// A request for assistance is open already.
    AssistanceIsOpen {
        /// Which.
        assistance: AssistanceId,
    },
    /// Another supervisor has taken the request.
    AssistanceIsTaken {
        /// Who.
        by: UserId,
    },
    /// The request is closed, or never was.
    NoSuchAssistance,
    /// Such events hold nothing that may be redacted.
    NotRedactable,
    /// There would be too many attributes.
    TooManyAttributes,
}

impl Refusal {
    /// Whether it would be refused whatever happened meanwhile: decided on an old head, it still holds.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Ended { reason, .. } => !matches!(reason, EndReason::Rested),
            Self::Older => true,
            _ => false,
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let conflict = |message: &'static str| Self::new(Reason::StateConflict, message);
        match refusal {
            Refusal::Ended { reason, .. } => ended(reason),
            Refusal::Older => conflict("a newer report has been recorded"),
            Refusal::Early => conflict("this opening is not known yet"),
            Refusal::NotTakingPart => Self::new(Reason::CallerNotAllowed, "you do not take part in this conversation"),
            Refusal::NotConnected => conflict("no agent takes part in this conversation now"),
            Refusal::HasInHand => conflict("you have this conversation in hand: transfer it, or end it"),
            Refusal::AssistanceIsOpen { assistance } => {
                conflict("a supervisor has been asked already").with("assistance_id", assistance)
            }
            Refusal::AssistanceIsTaken { by } => {
                conflict("another supervisor has taken this request").with("taken_by_user_id", by)
            }
            Refusal::NoSuchAssistance => conflict("this request is closed"),
            Refusal::NotRedactable => conflict("this event holds nothing that can be redacted"),
            Refusal::TooManyAttributes => attributes::too_many(),
        }
    }
}

fn ended(reason: EndReason) -> Fault {
    let message = match reason.refusal() {
        Reason::ConversationIdleTimeout => "this conversation was ended because nobody wrote; start a new one",
        _ => "this conversation is over; start a new one",
    };
    Fault::new(reason.refusal(), message)
}

//! Who is calling.

use crate::{ConversationId, OrganisationId, ParticipantId, Timestamp, TokenId, UserId};

/// A caller whose token has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The organisation the caller belongs to; nothing of another one exists for them.
    pub organisation: OrganisationId,
    /// What they are.
    pub principal: Principal,
    /// The token family, by which it can be revoked.
    pub token: TokenId,
    /// When the access token ends.
    pub expires_at: Timestamp,
}

/// What a caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person who logged in.
    User {
        /// Who.
        user: UserId,
        /// As others see them.
        name: String,
    },
    /// The customer of one conversation.
    Guest {
        /// The only conversation they may touch.
        conversation: ConversationId,
        /// Which participant of it they are.
        participant: ParticipantId,
    },
}

impl Caller {
    /// The user, unless a guest calls.
    pub fn user(&self) -> Option<UserId> {
        match self.principal {
            Principal::User { user, .. } => Some(user),
            Principal::Guest { .. } => None,
        }
    }
}

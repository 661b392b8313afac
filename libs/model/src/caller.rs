//! Who is calling.

use crate::{ApiClientId, ConversationId, OrganisationId, ParticipantId, Timestamp, TokenId, UserId};

/// A caller whose token has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The organisation the caller belongs to; nothing of another one exists for them.
    pub organisation: OrganisationId,
    /// What they are.
    pub principal: Principal,
    /// The token family, by which it can be revoked.
    pub token: TokenId,
    /// The name of the key that signed the token, by which it can be withdrawn with all others of that key; empty for one that
    /// was not signed.
    pub key: String,
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
    /// Another system of the organisation.
    Client {
        /// Which.
        client: ApiClientId,
        /// As people call it.
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
    /// The user, unless a guest or another system calls.
    pub fn user(&self) -> Option<UserId> {
        match self.principal {
            Principal::User { user, .. } => Some(user),
            Principal::Client { .. } | Principal::Guest { .. } => None,
        }
    }

    /// By which id grants name the caller: a user's own, or a client's, which stands where a user's does; `None` for a
    /// guest, whom no grant names.
    pub fn subject(&self) -> Option<UserId> {
        match self.principal {
            Principal::User { user, .. } => Some(user),
            Principal::Client { client, .. } => Some(UserId::new(client.uuid())),
            Principal::Guest { .. } => None,
        }
    }

    /// How the audit trail names the caller: `user:<id>`, `client:<id>` or `guest:<participant id>`.
    pub fn actor(&self) -> String {
        match self.principal {
            Principal::User { user, .. } => format!("user:{user}"),
            Principal::Client { client, .. } => format!("client:{client}"),
            Principal::Guest { participant, .. } => format!("guest:{participant}"),
        }
    }
}

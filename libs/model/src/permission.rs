//! Permissions in the form `domain:entity:action`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// `domain:entity:action` in lower case; each part may be `*` in what a role grants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Permission(String);

impl Permission {
    /// Parses three non-empty parts of ASCII letters and digits, or `*`, separated by colons; case is dropped. `None` for
    /// anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let is_part =
            |part: &&str| *part == "*" || (!part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()));
        (parts.len() == 3 && parts.iter().all(is_part)).then(|| Self(text.to_ascii_lowercase()))
    }

    /// The text in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether holding `self` (which may contain `*`) gives `wanted`.
    pub fn covers(&self, wanted: &Self) -> bool {
        self.0
            .split(':')
            .zip(wanted.0.split(':'))
            .all(|(held, asked)| held == "*" || held == asked)
    }
}

impl TryFrom<String> for Permission {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("not a permission: {text}"))
    }
}
impl From<Permission> for String {
    fn from(permission: Permission) -> Self {
        permission.0
    }
}
impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The catalogue: every permission that something in the product asks for, as people write it.
pub mod permissions {
    macro_rules! catalogue {
        ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
            $($(#[$doc])* pub const $name: &str = $text;)*
            /// All of them.
            pub const ALL: &[&str] = &[$($text),*];
        };
    }

    catalogue! {
        /// An agent may go on queue.
        AGENT_ONQUEUE = "routing:agent:onqueue";
        /// May activate membership of a queue.
        QUEUE_JOIN = "routing:queue:join";
        /// May search queues.
        QUEUE_SEARCH = "routing:queue:search";
        /// May see queues.
        QUEUE_VIEW = "routing:queue:view";
        /// May make queues.
        QUEUE_ADD = "routing:queue:add";
        /// May set the members of queues.
        QUEUE_MEMBER_MANAGE = "routing:queueMember:manage";
        /// May read why routing decided.
        DECISION_VIEW = "routing:decision:view";
        /// May accept and decline chats.
        WEBCHAT_ACCEPT = "conversation:webchat:accept";
        /// May see conversations that others have.
        COMMUNICATION_VIEW = "conversation:communication:view";
        /// May end a chat.
        COMMUNICATION_DISCONNECT = "conversation:communication:disconnect";
        /// May read transcripts.
        TRANSCRIPT_VIEW = "recording:transcript:view";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grammar_and_cover() {
        for bad in ["", "a:b", "a:b:c:d", "a::c", "a:b:c*", "a b:c:d", "ä:b:c"] {
            assert_eq!(Permission::parse(bad), None, "{bad}");
        }
        for (held, asked, expected) in [
            ("routing:queue:view", "Routing:Queue:View", true),
            ("routing:*:view", "routing:queue:view", true),
            ("*:*:*", "a:b:c", true),
            ("routing:queue:*", "routing:agent:onqueue", false),
            ("routing:queue:view", "routing:queue:*", false),
        ] {
            let of = |text| Permission::parse(text).expect("grammar");
            assert_eq!(of(held).covers(&of(asked)), expected, "{held} {asked}");
        }
        assert!(permissions::ALL.iter().all(|text| Permission::parse(text).is_some()));
    }
}

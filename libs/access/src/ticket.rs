//! What the address of an attachment's bytes says: a ticket for one file, one way, for a short time. Whoever holds it may use it;
//! it says nothing of who that is, and is no access token. The signature is somebody else's to check.

use onqueue_model::{AttachmentId, ConversationId, Fault, OrganisationId, Reason, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The audience of every ticket, which is no access token's.
const AUDIENCE: &str = "onqueue-attachment";

/// The longest that a ticket may hold.
const MAX_LIFETIME: Duration = Duration::from_secs(86_400);

/// The last second of the year 9999; a later time is nonsense.
const MAX_SECOND: i64 = 253_402_300_799;

/// What a ticket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Errand {
    /// Bringing the bytes.
    Upload,
    /// Getting them.
    Download,
}

/// A ticket, as session makes them. Reading one refuses unknown, missing, doubled and malformed members and another audience;
/// whether it holds now says [`Ticket::check`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct Ticket {
    /// What it is for.
    pub errand: Errand,
    /// Whose file.
    pub organisation: OrganisationId,
    /// In which conversation.
    pub conversation: ConversationId,
    /// Which file.
    pub attachment: AttachmentId,
    /// How many bytes it has.
    pub bytes: u64,
    /// When it ends, in whole seconds.
    pub expires_at: Timestamp,
}

impl Ticket {
    /// Whether it holds now and for that errand. TOKEN_EXPIRED if it has ended; TOKEN_INVALID if it is for another, or holds
    /// longer than any may.
    pub fn check(&self, errand: Errand, now: Timestamp) -> Result<(), Fault> {
        if self.errand != errand || self.expires_at.since(now) > MAX_LIFETIME {
            return Err(Fault::new(
                Reason::TokenInvalid,
                "this address is not valid; ask for another",
            ));
        }
        if self.expires_at <= now {
            return Err(Fault::new(
                Reason::TokenExpired,
                "this address has ended; ask for another",
            ));
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    aud: String,
    act: Errand,
    exp: i64,
    org: String,
    conversation: String,
    attachment: String,
    bytes: u64,
}

impl From<Ticket> for Wire {
    fn from(ticket: Ticket) -> Self {
        Self {
            aud: AUDIENCE.to_owned(),
            act: ticket.errand,
            exp: ticket.expires_at.millis() / 1_000,
            org: ticket.organisation.to_string(),
            conversation: ticket.conversation.to_string(),
            attachment: ticket.attachment.to_string(),
            bytes: ticket.bytes,
        }
    }
}

impl TryFrom<Wire> for Ticket {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        if wire.aud != AUDIENCE {
            return Err("audience");
        }
        if !(0..=MAX_SECOND).contains(&wire.exp) {
            return Err("time");
        }
        Ok(Self {
            errand: wire.act,
            organisation: wire.org.parse().map_err(|_| "org")?,
            conversation: wire.conversation.parse().map_err(|_| "conversation")?,
            attachment: wire.attachment.parse().map_err(|_| "attachment")?,
            bytes: wire.bytes,
            expires_at: Timestamp(wire.exp * 1_000),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Claims;

    const TICKET: &str = r#"{"aud":"onqueue-attachment","act":"upload","exp":2000,"org":"00000000-0000-0000-0000-000000000001","conversation":"00000000-0000-0000-0000-000000000002","attachment":"00000000-0000-0000-0000-000000000003","bytes":7}"#;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let ticket: Ticket = serde_json::from_str(TICKET).expect("a ticket");
        assert_eq!(serde_json::to_string(&ticket).expect("JSON"), TICKET);
        for (from, to) in [
            ("onqueue-attachment", "onqueue"),
            ("upload", "delete"),
            ("2000", "-1"),
            ("2000", "253402300800"),
            (":7", ":-7"),
            ("\"bytes\"", "\"size\""),
            ("{", "{\"sub\":\"x\","),
            ("{", "{\"bytes\":8,"),
            ("0003", "000"),
        ] {
            let changed = TICKET.replacen(from, to, 1);
            assert_ne!(changed, TICKET);
            assert!(serde_json::from_str::<Ticket>(&changed).is_err(), "{changed}");
        }
        assert!(
            serde_json::from_str::<Claims>(TICKET).is_err(),
            "a ticket is no access token"
        );
    }

    #[test]
    fn it_holds_for_its_errand_until_it_ends() {
        let ticket: Ticket = serde_json::from_str(TICKET).expect("a ticket");
        let at = |second: i64, errand| {
            let checked = ticket.check(errand, Timestamp(second * 1_000));
            checked.map_err(|fault| fault.reason)
        };
        assert_eq!(at(1_999, Errand::Upload), Ok(()));
        assert_eq!(at(2_000, Errand::Upload), Err(Reason::TokenExpired));
        assert_eq!(at(1_999, Errand::Download), Err(Reason::TokenInvalid));
        assert_eq!(at(2_000 - 86_401, Errand::Upload), Err(Reason::TokenInvalid));
    }
}

//! What an access token says, and whether it may be believed now. The signature is somebody else's to check.

use onqueue_model::{
    ApiClientId, Caller, ConversationId, Fault, OrganisationId, ParticipantId, Principal, Reason, Timestamp, TokenId,
    UserId,
};
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// The audience of every access token.
pub const AUDIENCE: &str = "onqueue";

/// The longest that an access token of a user or guest may live.
pub const MAX_LIFETIME: Duration = Duration::from_secs(600);

/// The longest that an access token of an API client may live, and so of any.
pub const MAX_CLIENT_LIFETIME: Duration = Duration::from_secs(900);

/// How far ahead of ours the maker's clock may be.
const LEEWAY: Duration = Duration::from_secs(5);

/// The longest name, in bytes.
const MAX_NAME: usize = 512;

/// The last second of the year 9999; a later time is nonsense.
const MAX_SECOND: i64 = 253_402_300_799;

/// Who makes access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Issuer {
    /// The auth service, for users and API clients.
    Auth,
    /// The session service, for guests.
    Session,
}

impl Issuer {
    /// As tokens and the trust bundle write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Session => "session",
        }
    }

    /// The issuer of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Auth, Self::Session]
            .into_iter()
            .find(|issuer| issuer.as_str() == text)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The claims of an access token. Times are whole seconds. Reading them refuses unknown, missing, doubled and malformed
/// members, another audience, and members that do not belong to the kind of caller; whether they hold now and for this
/// issuer's key says [`Claims::check`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct Claims {
    /// Who made the token (`iss`).
    pub issuer: Issuer,
    /// The token family (`jti`).
    pub token: TokenId,
    /// The caller's organisation (`org`).
    pub organisation: OrganisationId,
    /// Who calls (`kind`, and `sub` and `name`, or `conversation` and `participant`).
    pub principal: Principal,
    /// When it was made (`iat`).
    pub issued_at: Timestamp,
    /// From when on it holds (`nbf`).
    pub not_before: Timestamp,
    /// When it ends (`exp`).
    pub expires_at: Timestamp,
}

impl Claims {
    /// Claims of a user, as auth makes them, from now for `lifetime` (cut to [`MAX_LIFETIME`]). `token` is the family: one
    /// login and everything refreshed from it.
    pub fn user(
        organisation: OrganisationId,
        user: UserId,
        name: &str,
        token: TokenId,
        now: Timestamp,
        lifetime: Duration,
    ) -> Self {
        let name = cut(name).to_owned();
        Self::new(
            Issuer::Auth,
            organisation,
            Principal::User { user, name },
            token,
            now,
            lifetime,
        )
    }

    /// Claims of an API client, as auth makes them, from now for `lifetime` (cut to [`MAX_CLIENT_LIFETIME`]). `token` is the
    /// family: everything made until the client is switched off.
    pub fn client(
        organisation: OrganisationId,
        client: ApiClientId,
        name: &str,
        token: TokenId,
        now: Timestamp,
        lifetime: Duration,
    ) -> Self {
        let name = cut(name).to_owned();
        let principal = Principal::Client { client, name };
        Self::new(Issuer::Auth, organisation, principal, token, now, lifetime)
    }

    /// Claims of a guest, as session makes them, from now for `lifetime` (cut to [`MAX_LIFETIME`]).
    pub fn guest(
        organisation: OrganisationId,
        conversation: ConversationId,
        participant: ParticipantId,
        token: TokenId,
        now: Timestamp,
        lifetime: Duration,
    ) -> Self {
        let principal = Principal::Guest {
            conversation,
            participant,
        };
        Self::new(Issuer::Session, organisation, principal, token, now, lifetime)
    }

    fn new(
        issuer: Issuer,
        organisation: OrganisationId,
        principal: Principal,
        token: TokenId,
        now: Timestamp,
        lifetime: Duration,
    ) -> Self {
        let issued_at = Timestamp(now.millis() - now.millis().rem_euclid(1_000));
        let lifetime = Duration::from_secs(lifetime.min(longest(&principal)).as_secs());
        Self {
            issuer,
            token,
            organisation,
            principal,
            issued_at,
            not_before: issued_at,
            expires_at: issued_at + lifetime,
        }
    }

    /// Whether a token with these claims, signed by a key of `issuer`, holds now. TOKEN_EXPIRED if it has ended;
    /// TOKEN_INVALID if it is another issuer's, speaks for a kind of caller that its issuer may not speak for, is from
    /// the future, or lives longer than its kind of caller may.
    pub fn check(&self, issuer: Issuer, now: Timestamp) -> Result<(), Fault> {
        let may_speak_for = match self.principal {
            Principal::User { .. } | Principal::Client { .. } => Issuer::Auth,
            Principal::Guest { .. } => Issuer::Session,
        };
        if self.issuer != issuer || issuer != may_speak_for {
            return Err(invalid("issuer"));
        }
        if self.expires_at <= self.not_before || self.not_before < self.issued_at {
            return Err(invalid("times out of order"));
        }
        if self.expires_at.since(self.issued_at) > longest(&self.principal) {
            return Err(invalid("lifetime"));
        }
        if self.expires_at <= now {
            return Err(Fault::new(
                Reason::TokenExpired,
                "the access token has ended; refresh it",
            ));
        }
        if self.not_before > now + LEEWAY {
            return Err(invalid("not yet valid"));
        }
        Ok(())
    }

    /// The caller that the claims name; who verified the signature knows the key.
    pub fn caller(self) -> Caller {
        Caller {
            organisation: self.organisation,
            principal: self.principal,
            token: self.token,
            key: String::new(),
            expires_at: self.expires_at,
        }
    }
}

/// How long a token of such a caller may live.
const fn longest(principal: &Principal) -> Duration {
    match principal {
        Principal::User { .. } | Principal::Guest { .. } => MAX_LIFETIME,
        Principal::Client { .. } => MAX_CLIENT_LIFETIME,
    }
}

fn invalid(context: &str) -> Fault {
    Fault::new(Reason::TokenInvalid, "the access token is not valid; log in again").with_context(context)
}

/// At most [`MAX_NAME`] bytes of the name, in whole characters.
fn cut(name: &str) -> &str {
    let end = (0..=MAX_NAME.min(name.len()))
        .rev()
        .find(|at| name.is_char_boundary(*at))
        .unwrap_or(0);
    &name[..end]
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    User,
    Client,
    Guest,
}

/// The claims as JSON has them. Flat, because a derived struct refuses doubled members and a nested one does not.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    iss: Issuer,
    aud: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: String,
    kind: Kind,
    org: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conversation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    participant: Option<String>,
}

impl From<Claims> for Wire {
    fn from(claims: Claims) -> Self {
        let mut wire = Self {
            iss: claims.issuer,
            aud: AUDIENCE.to_owned(),
            exp: claims.expires_at.millis() / 1_000,
            nbf: claims.not_before.millis() / 1_000,
            iat: claims.issued_at.millis() / 1_000,
            jti: claims.token.to_string(),
            kind: Kind::User,
            org: claims.organisation.to_string(),
            sub: None,
            name: None,
            conversation: None,
            participant: None,
        };
        match claims.principal {
            Principal::User { user, name } => {
                wire.sub = Some(user.to_string());
                wire.name = Some(name);
            }
            Principal::Client { client, name } => {
                wire.kind = Kind::Client;
                wire.sub = Some(client.to_string());
                wire.name = Some(name);
            }
            Principal::Guest {
                conversation,
                participant,
            } => {
                wire.kind = Kind::Guest;
                wire.conversation = Some(conversation.to_string());
                wire.participant = Some(participant.to_string());
            }
        }
        wire
    }
}

impl TryFrom<Wire> for Claims {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        if wire.aud != AUDIENCE {
            return Err("audience");
        }
        let at = |second: i64| match second {
            0..=MAX_SECOND => Ok(Timestamp(second * 1_000)),
            _ => Err("time"),
        };
        Ok(Self {
            issuer: wire.iss,
            token: wire.jti.parse().map_err(|_| "jti")?,
            organisation: wire.org.parse().map_err(|_| "org")?,
            issued_at: at(wire.iat)?,
            not_before: at(wire.nbf)?,
            expires_at: at(wire.exp)?,
            principal: principal(wire)?,
        })
    }
}

fn principal(wire: Wire) -> Result<Principal, &'static str> {
    match (wire.kind, wire.sub, wire.name, wire.conversation, wire.participant) {
        (Kind::User, Some(user), Some(name), None, None) if name.len() <= MAX_NAME => Ok(Principal::User {
            user: user.parse().map_err(|_| "sub")?,
            name,
        }),
        (Kind::Client, Some(client), Some(name), None, None) if name.len() <= MAX_NAME => Ok(Principal::Client {
            client: client.parse().map_err(|_| "sub")?,
            name,
        }),
        (Kind::Guest, None, None, Some(conversation), Some(participant)) => Ok(Principal::Guest {
            conversation: conversation.parse().map_err(|_| "conversation")?,
            participant: participant.parse().map_err(|_| "participant")?,
        }),
        _ => Err("members do not fit the kind"),
    }
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;

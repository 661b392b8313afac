//! The one vocabulary of errors.

use crate::Permission;
use std::{fmt, time::Duration};

/// Why something was not done, in the words that clients rely on. A closed set: each is documented in docs/reasons.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// The queue holds as many as it may.
    QueueFull,
    /// The queue takes nobody now.
    QueueClosed,
    /// No such queue, for this caller.
    QueueNotFound,
    /// No such deployment, or it is switched off.
    DeploymentNotFound,
    /// No such conversation, for this caller.
    ConversationNotFound,
    /// No such agent, for this caller.
    AgentNotFound,
    /// No such offer, for this caller.
    OfferNotFound,
    /// No such object of administration, for this caller; metadata: object.
    NotFound,
    /// The web page's origin is not one of the deployment's.
    OriginNotAllowed,
    /// The agent is not on queue.
    AgentNotOnQueue,
    /// The offer was not answered in time.
    OfferExpired,
    /// The offer was taken back.
    OfferRescinded,
    /// Somebody accepted the offer already.
    OfferAlreadyAccepted,
    /// The conversation is over.
    ConversationClosed,
    /// The conversation is over because nobody wrote.
    ConversationIdleTimeout,
    /// The key was used before with another body.
    RequestIdReused,
    /// The text is longer than allowed.
    MessageTooLarge,
    /// The text has no visible character.
    TextEmpty,
    /// A field has a value that it may not have; metadata: field.
    FieldInvalid,
    /// Not a UUID; metadata: field.
    IdMalformed,
    /// The cursor or page token is not one of ours.
    CursorMalformed,
    /// The log was restored from a backup since the cursor was given.
    LogRestored,
    /// The name is taken; metadata: field.
    NameTaken,
    /// Somebody changed the object meanwhile; metadata: etag, the current one.
    EtagMismatch,
    /// A text cannot be filled in; metadata: variables, separated by commas.
    VariableMissing,
    /// A script has problems; metadata: problems (how many), code and pointer of the first.
    ScriptInvalid,
    /// Somebody has taken that step of a script already; metadata: step, the current one.
    ScriptStepOutOfOrder,
    /// The organisation has as many of these as it may; metadata: limit.
    TenantQuota,
    /// The conversation holds as many or as large files as it may; metadata: limit.
    AttachmentQuota,
    /// The file is not let in; metadata: why.
    AttachmentRefused,
    /// The file is still being looked at.
    AttachmentNotReady,
    /// The object is not in a state that allows this.
    StateConflict,
    /// A conversation has to be kept as it is; metadata: conversation_id.
    LegalHold,
    /// No token, or one that is not valid.
    TokenInvalid,
    /// The token has ended.
    TokenExpired,
    /// Organisation, address or password is wrong.
    CredentialsInvalid,
    /// Too many wrong passwords or secrets.
    AccountLocked,
    /// A permission is missing; metadata: permission.
    PermissionMissing,
    /// Not for this kind of caller.
    CallerNotAllowed,
    /// Too many calls; try again later.
    RateLimited,
    /// The service is overloaded, starting or stopping; try again.
    Unavailable,
    /// The deadline passed.
    DeadlineExceeded,
    /// What others know of permissions is too old to act upon.
    TrustStale,
    /// No such rpc.
    Unimplemented,
    /// A defect; the log has more.
    Internal,
}

/// What kind of refusal a reason is; the shells map it onto their protocol's codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// The request is wrong in itself.
    Invalid,
    /// It does not exist, or not for this caller.
    NotFound,
    /// It exists already, differently.
    Exists,
    /// Somebody else changed it meanwhile.
    Conflict,
    /// The state of things forbids it.
    Precondition,
    /// Who are you?
    Unauthenticated,
    /// You may not.
    Denied,
    /// Too much or too many.
    Exhausted,
    /// Not now; the same call may succeed later.
    Unavailable,
    /// Too late.
    Deadline,
    /// No such operation.
    Unimplemented,
    /// A defect.
    Internal,
}

impl Reason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::QueueFull,
        Self::QueueClosed,
        Self::QueueNotFound,
        Self::DeploymentNotFound,
        Self::ConversationNotFound,
        Self::AgentNotFound,
        Self::OfferNotFound,
        Self::NotFound,
        Self::OriginNotAllowed,
        Self::AgentNotOnQueue,
        Self::OfferExpired,
        Self::OfferRescinded,
        Self::OfferAlreadyAccepted,
        Self::ConversationClosed,
        Self::ConversationIdleTimeout,
        Self::RequestIdReused,
        Self::MessageTooLarge,
        Self::TextEmpty,
        Self::FieldInvalid,
        Self::IdMalformed,
        Self::CursorMalformed,
        Self::LogRestored,
        Self::NameTaken,
        Self::EtagMismatch,
        Self::VariableMissing,
        Self::ScriptInvalid,
        Self::ScriptStepOutOfOrder,
        Self::TenantQuota,
        Self::AttachmentQuota,
        Self::AttachmentRefused,
        Self::AttachmentNotReady,
        Self::StateConflict,
        Self::LegalHold,
        Self::TokenInvalid,
        Self::TokenExpired,
        Self::CredentialsInvalid,
        Self::AccountLocked,
        Self::PermissionMissing,
        Self::CallerNotAllowed,
        Self::RateLimited,
        Self::Unavailable,
        Self::DeadlineExceeded,
        Self::TrustStale,
        Self::Unimplemented,
        Self::Internal,
    ];

    /// The stable text that clients compare.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "QUEUE_FULL",
            Self::QueueClosed => "QUEUE_CLOSED",
            Self::QueueNotFound => "QUEUE_NOT_FOUND",
            Self::DeploymentNotFound => "DEPLOYMENT_NOT_FOUND",
            Self::ConversationNotFound => "CONVERSATION_NOT_FOUND",
            Self::AgentNotFound => "AGENT_NOT_FOUND",
            Self::OfferNotFound => "OFFER_NOT_FOUND",
            Self::NotFound => "NOT_FOUND",
            Self::OriginNotAllowed => "ORIGIN_NOT_ALLOWED",
            Self::AgentNotOnQueue => "AGENT_NOT_ON_QUEUE",
            Self::OfferExpired => "OFFER_EXPIRED",
            Self::OfferRescinded => "OFFER_RESCINDED",
            Self::OfferAlreadyAccepted => "OFFER_ALREADY_ACCEPTED",
            Self::ConversationClosed => "CONVERSATION_CLOSED",
            Self::ConversationIdleTimeout => "CONVERSATION_IDLE_TIMEOUT",
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::MessageTooLarge => "MESSAGE_TOO_LARGE",
            Self::TextEmpty => "TEXT_EMPTY",
            Self::FieldInvalid => "FIELD_INVALID",
            Self::IdMalformed => "ID_MALFORMED",
            Self::CursorMalformed => "CURSOR_MALFORMED",
            Self::LogRestored => "LOG_RESTORED",
            Self::NameTaken => "NAME_TAKEN",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::VariableMissing => "VARIABLE_MISSING",
            Self::ScriptInvalid => "SCRIPT_INVALID",
            Self::ScriptStepOutOfOrder => "SCRIPT_STEP_OUT_OF_ORDER",
            Self::TenantQuota => "TENANT_QUOTA",
            Self::AttachmentQuota => "ATTACHMENT_QUOTA",
            Self::AttachmentRefused => "ATTACHMENT_REFUSED",
            Self::AttachmentNotReady => "ATTACHMENT_NOT_READY",
            Self::StateConflict => "STATE_CONFLICT",
            Self::LegalHold => "LEGAL_HOLD",
            Self::TokenInvalid => "TOKEN_INVALID",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::CredentialsInvalid => "CREDENTIALS_INVALID",
            Self::AccountLocked => "ACCOUNT_LOCKED",
            Self::PermissionMissing => "PERMISSION_MISSING",
            Self::CallerNotAllowed => "CALLER_NOT_ALLOWED",
            Self::RateLimited => "RATE_LIMITED",
            Self::Unavailable => "UNAVAILABLE",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::TrustStale => "TRUST_STALE",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
        }
    }

    /// The reason of that text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == text)
    }

    /// What kind of refusal it is.
    pub const fn category(self) -> Category {
        match self {
            Self::FieldInvalid
            | Self::IdMalformed
            | Self::CursorMalformed
            | Self::MessageTooLarge
            | Self::TextEmpty => Category::Invalid,
            Self::QueueNotFound
            | Self::DeploymentNotFound
            | Self::ConversationNotFound
            | Self::AgentNotFound
            | Self::OfferNotFound
            | Self::NotFound => Category::NotFound,
            Self::RequestIdReused | Self::NameTaken => Category::Exists,
            Self::EtagMismatch => Category::Conflict,
            Self::QueueClosed
            | Self::AgentNotOnQueue
            | Self::OfferExpired
            | Self::OfferRescinded
            | Self::OfferAlreadyAccepted
            | Self::ConversationClosed
            | Self::ConversationIdleTimeout
            | Self::LogRestored
            | Self::VariableMissing
            | Self::ScriptInvalid
            | Self::ScriptStepOutOfOrder
            | Self::AttachmentRefused
            | Self::AttachmentNotReady
            | Self::StateConflict
            | Self::LegalHold => Category::Precondition,
            Self::TokenInvalid | Self::TokenExpired | Self::CredentialsInvalid => Category::Unauthenticated,
            Self::OriginNotAllowed | Self::PermissionMissing | Self::CallerNotAllowed => Category::Denied,
            Self::QueueFull | Self::RateLimited | Self::AccountLocked | Self::TenantQuota | Self::AttachmentQuota => {
                Category::Exhausted
            }
            Self::Unavailable | Self::TrustStale => Category::Unavailable,
            Self::DeadlineExceeded => Category::Deadline,
            Self::Unimplemented => Category::Unimplemented,
            Self::Internal => Category::Internal,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What somebody has to mend before anything can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The database's file is damaged.
    DamagedDatabase,
}

/// A refusal or failure: a reason for the client, a sentence for a person, and a private context for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Why.
    pub reason: Reason,
    /// A sentence that says what is wrong and what to do; goes to the client.
    pub message: String,
    /// What programs may want to know beside it; goes to the client.
    pub metadata: Vec<(&'static str, String)>,
    /// When to try again, if that helps.
    pub retry_after: Option<Duration>,
    /// What the log should say; never leaves the process.
    pub context: Option<String>,
    /// What an operator has to mend first, where that is known; never leaves the process.
    pub cause: Option<Cause>,
}

impl Fault {
    /// A fault with a sentence for the client.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            metadata: Vec::new(),
            retry_after: None,
            context: None,
            cause: None,
        }
    }

    /// A defect: the client learns nothing but that, the log gets the context.
    pub fn internal(context: impl fmt::Display) -> Self {
        Self::new(Reason::Internal, "something went wrong on our side; it has been logged").with_context(context)
    }

    /// Something needed is out of reach for now.
    pub fn unavailable(context: impl fmt::Display) -> Self {
        Self::new(Reason::Unavailable, "the service cannot do this right now; try again").with_context(context)
    }

    /// A field has a value it may not have.
    pub fn field(field: &'static str, problem: impl Into<String>) -> Self {
        Self::new(Reason::FieldInvalid, problem).with("field", field)
    }

    /// Refuses for the first of what was found, if anything was.
    pub fn first_of(found: Vec<Self>) -> Result<(), Self> {
        found.into_iter().next().map_or(Ok(()), Err)
    }

    /// A field is not a UUID.
    pub fn id(field: &'static str) -> Self {
        Self::new(
            Reason::IdMalformed,
            format!("{field} must be a UUID such as 0190a5c8-1111-7abc-8def-0123456789ab"),
        )
        .with("field", field)
    }

    /// There is no such thing for this caller; `object` is its word, such as `role`.
    pub fn not_found(object: &'static str) -> Self {
        let said = object.replace('_', " ");
        Self::new(Reason::NotFound, format!("there is no {said} of this id")).with("object", object)
    }

    /// Somebody changed it since the caller read it; `current` is its etag now.
    pub fn etag_mismatch(current: impl fmt::Display) -> Self {
        let message = "somebody changed this meanwhile; read it again and repeat the change";
        Self::new(Reason::EtagMismatch, message).with("etag", current)
    }

    /// Something of that name is there already.
    pub fn name_taken(field: &'static str) -> Self {
        Self::new(Reason::NameTaken, "this is taken; choose another").with("field", field)
    }

    /// The same request id came with another body.
    pub fn request_id_reused() -> Self {
        let message = "this request_id was used before for something else; make a new one for each request";
        Self::new(Reason::RequestIdReused, message).with("field", "request_id")
    }

    /// The caller lacks a permission.
    pub fn missing(permission: &Permission) -> Self {
        Self::missing_named(permission.as_str())
    }

    /// The caller lacks the permission of that name, given as people write it.
    pub fn missing_named(permission: &str) -> Self {
        Self::new(
            Reason::PermissionMissing,
            format!("this needs the permission {permission}"),
        )
        .with("permission", permission)
    }

    /// Adds metadata.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.metadata.push((key, value.to_string()));
        self
    }

    /// The same about a field that the request calls otherwise.
    #[must_use]
    pub fn about(mut self, field: &str) -> Self {
        self.metadata.retain(|(key, _)| *key != "field");
        self.with("field", field)
    }

    /// Adds the log's private context.
    #[must_use]
    pub fn with_context(mut self, context: impl fmt::Display) -> Self {
        self.context = Some(context.to_string());
        self
    }

    /// Says what has to be mended.
    #[must_use]
    pub const fn with_cause(mut self, cause: Cause) -> Self {
        self.cause = Some(cause);
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.message)
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_about_one_field() {
        let fault = Fault::field("text", "too long").with("limit", 5).about("first_message");
        assert_eq!(
            fault.metadata,
            [("limit", "5".to_owned()), ("field", "first_message".to_owned())]
        );
    }

    #[test]
    fn every_reason_has_one_text_and_is_found_by_it() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
        }
        let mut texts: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Reason::ALL.len());
    }
}

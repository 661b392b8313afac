//! What each rpc declares about itself in the protos.

use std::{collections::HashMap, sync::LazyLock};

/// One rpc.
#[derive(Debug, PartialEq, Eq)]
pub struct Method {
    /// `/package.Service/Method`.
    pub path: &'static str,
    /// Who may call; `None` is a defect that a test finds.
    pub access: Option<Access>,
    /// How a repeated call is made harmless.
    pub idempotency: Idempotency,
    /// The largest request.
    pub size: SizeClass,
    /// Whether it answers with a stream.
    pub streams: bool,
    /// Whether every call that changes something leaves exactly one record in the audit trail.
    pub audited: bool,
    /// The most milliseconds that a unary call gets, and what it gets when it names no deadline; 0 for what every other gets.
    pub deadline_ms: u32,
}

/// Who may call an rpc.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Users and integrators with this permission, as people write it.
    Permission(&'static str),
    /// Everybody; no token is looked at.
    Anyone,
    /// Any user or integrator.
    User,
    /// A party to the conversation named in the request; the owning service decides.
    Participant,
    /// Only these services.
    Services(&'static [&'static str]),
}

/// How a repeated call is made harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing declared: a defect that a test finds.
    Unspecified,
    /// It only reads.
    Read,
    /// The request carries a key.
    Key,
    /// By what it decides.
    State,
    /// Not at all.
    None,
}

impl Idempotency {
    /// Whether the same request may be sent again when its answer was lost.
    pub const fn may_repeat(self) -> bool {
        matches!(self, Self::Read | Self::Key | Self::State)
    }
}

/// The largest request that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeClass {
    /// Nothing declared: a defect that a test finds.
    Unspecified,
    /// 4 KiB.
    Small,
    /// 64 KiB.
    Text,
    /// 1 MiB.
    Internal,
}

impl SizeClass {
    /// In bytes of the encoded message.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Unspecified => 0,
            Self::Small => 4 * 1024,
            Self::Text => 64 * 1024,
            Self::Internal => 1024 * 1024,
        }
    }
}

impl Method {
    /// `package.Service`.
    pub fn service(&self) -> &'static str {
        self.path.trim_start_matches('/').split('/').next().unwrap_or_default()
    }

    /// Whether the public door forwards it.
    pub fn is_public(&self) -> bool {
        !matches!(self.access, Some(Access::Services(_)) | None)
    }
}

include!(concat!(env!("OUT_DIR"), "/methods.rs"));

/// Every rpc, sorted by path.
pub fn methods() -> &'static [Method] {
    METHODS
}

/// The rpc of that path. Every call asks several times, and paths differ late: hashing is cheaper than searching.
pub fn method(path: &str) -> Option<&'static Method> {
    static BY_PATH: LazyLock<HashMap<&str, &Method>> =
        LazyLock::new(|| METHODS.iter().map(|method| (method.path, method)).collect());
    BY_PATH.get(path).copied()
}

/// That path, if it is an rpc's: a name that may be kept and counted by.
pub fn known(path: &str) -> Option<&'static str> {
    method(path).map(|method| method.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_from_the_protos() {
        let create = method("/onqueue.routing.v1.QueueService/CreateQueue").expect("declared");
        assert_eq!(create.access, Some(Access::Permission("routing:queue:add")));
        assert_eq!(
            (create.idempotency, create.size, create.streams),
            (Idempotency::Key, SizeClass::Text, false)
        );
        let feed = method("/onqueue.session.v1.FeedService/Feed").expect("declared");
        assert_eq!(feed.access, Some(Access::Services(&["routing"])));
        assert!(feed.streams && !feed.is_public());
        assert_eq!((create.deadline_ms, create.audited), (0, true));
        let search = method("/onqueue.content.v1.ResponseService/SearchResponses").expect("declared");
        assert_eq!(search.deadline_ms, 2_000);
        let import = method("/onqueue.content.v1.ResponseTransferService/ImportResponses").expect("declared");
        assert_eq!(import.deadline_ms, 60_000);
        assert_eq!(method("/onqueue.session.v1.FeedService/Nothing"), None);
    }
}

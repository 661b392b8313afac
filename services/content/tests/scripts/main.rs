//! Scripts through gRPC: drafts and versions, and leading a conversation's agents through them.

mod documents;
mod drafts;
mod fake_session;
mod forgetting;
#[path = "../organisation/mod.rs"]
mod organisation;
mod runs;
mod versions;
mod world;
mod writes;

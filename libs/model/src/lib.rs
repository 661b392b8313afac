//! What every other crate speaks in: typed ids, permissions, callers, faults and time. Pure data, no I/O; it leaves
//! making ids and telling the time to the shells.
#![deny(missing_docs)]

mod caller;
mod divisions;
mod fault;
mod id;
mod language;
mod permission;
mod shard;
mod time;

pub use caller::{Caller, Principal};
pub use divisions::Divisions;
pub use fault::{Category, Cause, Fault, Reason};
pub use id::{
    ApiClientId, AssistanceId, AttachmentId, ContactFieldId, ContactId, ConversationId, DecisionId, DeploymentId,
    DivisionId, ErasureId, EventId, GroupId, Id, IdMalformed, InteractionId, LabelId, LibraryId, OfferId,
    OrganisationId, ParticipantId, QueueId, ResponseId, RoleId, ScheduleGroupId, ScheduleId, ScriptId, ScriptRunId,
    SkillId, TokenId, UserId, WorkId, WrapUpCodeId,
};
pub use language::Language;
pub use permission::{Permission, permissions};
pub use shard::{SHARDS, Shard};
pub use time::Timestamp;

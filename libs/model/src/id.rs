//! Typed ids. Each is a UUID whose type says what it names.

use serde::{Deserialize, Serialize};
use std::{fmt, marker::PhantomData, str::FromStr};
use uuid::Uuid;

/// A UUID that names a `T`. Ordered by its bytes, which for version 7 is the order of making.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id<T> {
    uuid: Uuid,
    #[serde(skip)]
    names: PhantomData<fn() -> T>,
}

/// The text is not a UUID in its hyphenated form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct IdMalformed;

impl<T> Id<T> {
    /// Wraps a UUID.
    pub const fn new(uuid: Uuid) -> Self {
        Self {
            uuid,
            names: PhantomData,
        }
    }

    /// The UUID within.
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<T> std::hash::Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u128(self.uuid.as_u128());
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.hyphenated().fmt(f)
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.hyphenated().fmt(f)
    }
}
impl<T> From<Uuid> for Id<T> {
    fn from(uuid: Uuid) -> Self {
        Self::new(uuid)
    }
}
impl<T> From<Id<T>> for Uuid {
    fn from(id: Id<T>) -> Self {
        id.uuid
    }
}
impl<T> FromStr for Id<T> {
    type Err = IdMalformed;

    /// Accepts the 36-character hyphenated form only, so that one thing has one name.
    fn from_str(text: &str) -> Result<Self, IdMalformed> {
        if text.len() != 36 {
            return Err(IdMalformed);
        }
        Uuid::try_parse(text).map(Self::new).map_err(|_| IdMalformed)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $marker:ident $name:ident)*) => {$(
        #[doc(hidden)]
        pub enum $marker {}
        $(#[$doc])*
        pub type $name = Id<$marker>;
    )*};
}

ids! {
    /// Names an organisation.
    Organisation OrganisationId
    /// Names a division of an organisation.
    Division DivisionId
    /// Names a user.
    User UserId
    /// Names a role.
    Role RoleId
    /// Names a deployment (a chat page's configuration).
    Deployment DeploymentId
    /// Names a queue.
    Queue QueueId
    /// Names a skill.
    Skill SkillId
    /// Names a schedule.
    Schedule ScheduleId
    /// Names a group of schedules.
    ScheduleGroup ScheduleGroupId
    /// Names a group of agents within a queue's members.
    Group GroupId
    /// Names a label of interactions that has a utilization of its own.
    Label LabelId
    /// Names work that was not routed here, as whoever reports it calls it.
    Work WorkId
    /// Names something that an agent may say of how a conversation went.
    WrapUpCode WrapUpCodeId
    /// Names a conversation.
    Conversation ConversationId
    /// Names an event of a conversation.
    Event EventId
    /// Names a participant of a conversation.
    Participant ParticipantId
    /// Names a request for a supervisor.
    Assistance AssistanceId
    /// Names something attached to a conversation.
    Attachment AttachmentId
    /// Names an offer.
    Offer OfferId
    /// Names a decision record.
    Decision DecisionId
    /// Names a token family: one login and everything refreshed from it.
    Token TokenId
    /// Names another system that calls.
    ApiClient ApiClientId
    /// Names a library of responses.
    Library LibraryId
    /// Names a canned response.
    Response ResponseId
    /// Names a script.
    Script ScriptId
    /// Names a way of a conversation through a script.
    ScriptRun ScriptRunId
    /// Names what is known of a customer.
    Contact ContactId
    /// Names something that an organisation keeps of its contacts.
    ContactField ContactFieldId
    /// Names the receipt of an erasing.
    Erasure ErasureId
}

/// What routing sees of a conversation: the conversation and which opening of it, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InteractionId {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its opening number.
    pub opening: u32,
}

impl fmt::Display for InteractionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.conversation, self.opening)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let good = "0190a5c8-1111-7abc-8def-0123456789ab";
        assert_eq!(good.parse::<QueueId>().map(|id| id.to_string()), Ok(good.to_owned()));
        for bad in [
            "",
            "x",
            "0190a5c811117abc8def0123456789ab",
            "{0190a5c8-1111-7abc-8def-0123456789ab}",
            "0190a5c8-1111-7abc-8def-0123456789aß",
        ] {
            assert_eq!(bad.parse::<QueueId>(), Err(IdMalformed), "{bad}");
        }
    }
}

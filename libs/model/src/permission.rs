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
        /// May change queues.
        QUEUE_EDIT = "routing:queue:edit";
        /// May remove queues.
        QUEUE_DELETE = "routing:queue:delete";
        /// May set the members of queues.
        QUEUE_MEMBER_MANAGE = "routing:queueMember:manage";
        /// May see skills, and who has which.
        SKILL_VIEW = "routing:skill:view";
        /// May make skills.
        SKILL_ADD = "routing:skill:add";
        /// May change skills.
        SKILL_EDIT = "routing:skill:edit";
        /// May remove skills.
        SKILL_DELETE = "routing:skill:delete";
        /// May set the skills and languages of agents.
        USER_SKILL_MANAGE = "routing:userSkill:manage";
        /// May see how much work agents take at once.
        UTILIZATION_VIEW = "routing:utilization:view";
        /// May set how much work agents take at once.
        UTILIZATION_MANAGE = "routing:utilization:manage";
        /// May see what of routing holds for the whole organisation.
        ROUTING_SETTINGS_VIEW = "routing:settings:view";
        /// May set what of routing holds for the whole organisation.
        ROUTING_SETTINGS_MANAGE = "routing:settings:manage";
        /// May see schedules.
        SCHEDULE_VIEW = "routing:schedule:view";
        /// May make schedules.
        SCHEDULE_ADD = "routing:schedule:add";
        /// May change schedules.
        SCHEDULE_EDIT = "routing:schedule:edit";
        /// May remove schedules.
        SCHEDULE_DELETE = "routing:schedule:delete";
        /// May see schedule groups.
        SCHEDULE_GROUP_VIEW = "routing:scheduleGroup:view";
        /// May make schedule groups.
        SCHEDULE_GROUP_ADD = "routing:scheduleGroup:add";
        /// May change schedule groups.
        SCHEDULE_GROUP_EDIT = "routing:scheduleGroup:edit";
        /// May remove schedule groups.
        SCHEDULE_GROUP_DELETE = "routing:scheduleGroup:delete";
        /// May close queues in an emergency, and open them again.
        EMERGENCY_MANAGE = "routing:emergency:manage";
        /// May read why routing decided.
        DECISION_VIEW = "routing:decision:view";
        /// May see what agents can say of how a conversation went.
        WRAPUP_CODE_VIEW = "routing:wrapupCode:view";
        /// May make wrap-up codes.
        WRAPUP_CODE_ADD = "routing:wrapupCode:add";
        /// May change wrap-up codes.
        WRAPUP_CODE_EDIT = "routing:wrapupCode:edit";
        /// May remove wrap-up codes.
        WRAPUP_CODE_DELETE = "routing:wrapupCode:delete";
        /// May change the priority of interactions and what they ask for.
        INTERACTION_EDIT = "routing:interaction:edit";
        /// May report work that agents have elsewhere.
        EXTERNAL_WORK_REPORT = "routing:externalWork:report";
        /// May see how queues and agents do, now and before.
        OBSERVATION_VIEW = "routing:observation:view";
        /// May accept and decline chats.
        WEBCHAT_ACCEPT = "conversation:webchat:accept";
        /// May take chats from the line.
        WEBCHAT_PULL = "conversation:webchat:pull";
        /// May give chats to agents.
        WEBCHAT_ASSIGN = "conversation:webchat:assign";
        /// May watch chats silently.
        WEBCHAT_MONITOR = "conversation:webchat:monitor";
        /// May write to agents in their chats, unseen by customers.
        WEBCHAT_COACH = "conversation:webchat:coach";
        /// May join chats beside the agent.
        WEBCHAT_BARGE = "conversation:webchat:barge";
        /// May ask for a supervisor.
        ASSISTANCE_REQUEST = "conversation:assistance:request";
        /// May answer requests for a supervisor.
        ASSISTANCE_TAKE = "conversation:assistance:take";
        /// May take chats from others.
        WEBCHAT_TAKEOVER = "conversation:webchat:takeover";
        /// May transfer chats to queues and agents.
        COMMUNICATION_BLIND_TRANSFER = "conversation:communication:blindTransfer";
        /// May say how a conversation went.
        PARTICIPANT_WRAPUP = "conversation:participant:wrapup";
        /// May see conversations that others have.
        COMMUNICATION_VIEW = "conversation:communication:view";
        /// May note something of conversations.
        ATTRIBUTE_EDIT = "conversation:attribute:edit";
        /// May end a chat.
        COMMUNICATION_DISCONNECT = "conversation:communication:disconnect";
        /// May read transcripts.
        TRANSCRIPT_VIEW = "recording:transcript:view";
        /// May take transcripts out as files.
        TRANSCRIPT_EXPORT = "recording:transcript:export";
        /// May remove single messages for good.
        TRANSCRIPT_REDACT = "recording:transcript:redact";
        /// May remove everything personal of a customer for good.
        TRANSCRIPT_ERASE = "recording:transcript:erase";
        /// May say which transcripts have to be kept.
        TRANSCRIPT_HOLD = "recording:transcript:hold";
        /// May see what is known of customers.
        CONTACT_VIEW = "externalContacts:contact:view";
        /// May make contacts.
        CONTACT_ADD = "externalContacts:contact:add";
        /// May change contacts, merge and separate them, and say with whom a conversation is.
        CONTACT_EDIT = "externalContacts:contact:edit";
        /// May remove contacts.
        CONTACT_DELETE = "externalContacts:contact:delete";
        /// May see what is kept of contacts beside what every one has.
        CUSTOM_FIELD_VIEW = "externalContacts:customField:view";
        /// May have more kept of contacts.
        CUSTOM_FIELD_ADD = "externalContacts:customField:add";
        /// May change what is kept of contacts.
        CUSTOM_FIELD_EDIT = "externalContacts:customField:edit";
        /// May have less kept of contacts.
        CUSTOM_FIELD_DELETE = "externalContacts:customField:delete";
        /// May see libraries of responses.
        LIBRARY_VIEW = "responses:library:view";
        /// May make libraries.
        LIBRARY_ADD = "responses:library:add";
        /// May change libraries.
        LIBRARY_EDIT = "responses:library:edit";
        /// May remove libraries.
        LIBRARY_DELETE = "responses:library:delete";
        /// May find and use responses.
        RESPONSE_VIEW = "responses:response:view";
        /// May make responses.
        RESPONSE_ADD = "responses:response:add";
        /// May change responses.
        RESPONSE_EDIT = "responses:response:edit";
        /// May remove responses.
        RESPONSE_DELETE = "responses:response:delete";
        /// May see scripts and their versions.
        SCRIPT_VIEW = "scripter:script:view";
        /// May make scripts.
        SCRIPT_ADD = "scripter:script:add";
        /// May change the drafts of scripts.
        SCRIPT_EDIT = "scripter:script:edit";
        /// May remove scripts.
        SCRIPT_DELETE = "scripter:script:delete";
        /// May publish scripts.
        SCRIPT_PUBLISH = "scripter:script:publish";
        /// May be led through scripts, and see how others were.
        PUBLISHED_SCRIPT_VIEW = "scripter:publishedScript:view";
        /// May change the organisation itself.
        ORGANISATION_EDIT = "authorization:organisation:edit";
        /// May see divisions.
        DIVISION_VIEW = "authorization:division:view";
        /// May make divisions.
        DIVISION_ADD = "authorization:division:add";
        /// May change divisions.
        DIVISION_EDIT = "authorization:division:edit";
        /// May remove divisions.
        DIVISION_DELETE = "authorization:division:delete";
        /// May see users.
        USER_VIEW = "authorization:user:view";
        /// May make users.
        USER_ADD = "authorization:user:add";
        /// May change users.
        USER_EDIT = "authorization:user:edit";
        /// May remove users.
        USER_DELETE = "authorization:user:delete";
        /// May give others a new password.
        USER_PASSWORD_MANAGE = "authorization:userPassword:manage";
        /// May see roles.
        ROLE_VIEW = "authorization:role:view";
        /// May make roles.
        ROLE_ADD = "authorization:role:add";
        /// May change roles.
        ROLE_EDIT = "authorization:role:edit";
        /// May remove roles.
        ROLE_DELETE = "authorization:role:delete";
        /// May see who holds which role where.
        GRANT_VIEW = "authorization:grant:view";
        /// May say who holds which role where.
        GRANT_MANAGE = "authorization:grant:manage";
        /// May see other systems that call.
        API_CLIENT_VIEW = "authorization:apiClient:view";
        /// May make other systems known.
        API_CLIENT_ADD = "authorization:apiClient:add";
        /// May change what other systems are known.
        API_CLIENT_EDIT = "authorization:apiClient:edit";
        /// May remove other systems.
        API_CLIENT_DELETE = "authorization:apiClient:delete";
        /// May see the configuration of chat pages.
        DEPLOYMENT_VIEW = "authorization:deployment:view";
        /// May make chat pages.
        DEPLOYMENT_ADD = "authorization:deployment:add";
        /// May change chat pages.
        DEPLOYMENT_EDIT = "authorization:deployment:edit";
        /// May remove chat pages.
        DEPLOYMENT_DELETE = "authorization:deployment:delete";
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

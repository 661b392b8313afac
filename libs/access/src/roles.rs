//! The roles that every organisation begins with.

use onqueue_model::permissions as may;

/// A role that every organisation begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultRole {
    /// Talks to customers.
    Agent,
    /// Looks after queues and the agents on them.
    Supervisor,
    /// May do everything.
    Administrator,
    /// Another system that reads what goes on.
    Integrator,
}

impl DefaultRole {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Supervisor, Self::Administrator, Self::Integrator];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "Agent",
            Self::Supervisor => "Supervisor",
            Self::Administrator => "Administrator",
            Self::Integrator => "Integrator",
        }
    }

    /// Its permissions; parts may be `*`.
    pub const fn permissions(self) -> &'static [&'static str] {
        match self {
            Self::Agent => AGENT,
            Self::Supervisor => SUPERVISOR,
            Self::Administrator => &["*:*:*"],
            Self::Integrator => INTEGRATOR,
        }
    }
}

/// What an agent needs to take chats.
const AGENT: &[&str] = &[
    may::AGENT_ONQUEUE,
    may::QUEUE_JOIN,
    may::QUEUE_SEARCH,
    may::QUEUE_VIEW,
    may::WEBCHAT_ACCEPT,
    may::WEBCHAT_PULL,
    may::ASSISTANCE_REQUEST,
    may::COMMUNICATION_BLIND_TRANSFER,
    may::PARTICIPANT_WRAPUP,
    may::WRAPUP_CODE_VIEW,
    may::ATTRIBUTE_EDIT,
    may::COMMUNICATION_DISCONNECT,
    may::RESPONSE_VIEW,
    may::PUBLISHED_SCRIPT_VIEW,
    may::CONTACT_VIEW,
    may::CONTACT_ADD,
    may::CONTACT_EDIT,
    may::CUSTOM_FIELD_VIEW,
];

/// What a supervisor needs to watch, help and staff.
const SUPERVISOR: &[&str] = &[
    may::QUEUE_SEARCH,
    may::QUEUE_VIEW,
    may::QUEUE_MEMBER_MANAGE,
    may::DECISION_VIEW,
    may::INTERACTION_EDIT,
    may::WEBCHAT_ASSIGN,
    may::WEBCHAT_MONITOR,
    may::WEBCHAT_COACH,
    may::WEBCHAT_BARGE,
    may::ASSISTANCE_TAKE,
    may::WEBCHAT_TAKEOVER,
    may::COMMUNICATION_BLIND_TRANSFER,
    may::PARTICIPANT_WRAPUP,
    may::WRAPUP_CODE_VIEW,
    may::OBSERVATION_VIEW,
    may::COMMUNICATION_VIEW,
    may::ATTRIBUTE_EDIT,
    may::COMMUNICATION_DISCONNECT,
    may::TRANSCRIPT_VIEW,
    may::TRANSCRIPT_EXPORT,
    may::TRANSCRIPT_REDACT,
    may::USER_VIEW,
    may::SKILL_VIEW,
    may::USER_SKILL_MANAGE,
    may::UTILIZATION_VIEW,
    may::ROUTING_SETTINGS_VIEW,
    may::SCHEDULE_VIEW,
    may::SCHEDULE_GROUP_VIEW,
    may::EMERGENCY_MANAGE,
    may::LIBRARY_VIEW,
    may::RESPONSE_VIEW,
    may::RESPONSE_ADD,
    may::RESPONSE_EDIT,
    may::RESPONSE_DELETE,
    may::SCRIPT_VIEW,
    may::PUBLISHED_SCRIPT_VIEW,
    may::CONTACT_VIEW,
    may::CONTACT_ADD,
    may::CONTACT_EDIT,
    may::CUSTOM_FIELD_VIEW,
];

/// What other people's programs need to read and report.
const INTEGRATOR: &[&str] = &[
    may::QUEUE_SEARCH,
    may::QUEUE_VIEW,
    may::SKILL_VIEW,
    may::SCHEDULE_VIEW,
    may::SCHEDULE_GROUP_VIEW,
    may::WRAPUP_CODE_VIEW,
    may::EXTERNAL_WORK_REPORT,
    may::INTERACTION_EDIT,
    may::DECISION_VIEW,
    may::OBSERVATION_VIEW,
    may::COMMUNICATION_VIEW,
    may::ATTRIBUTE_EDIT,
    may::TRANSCRIPT_VIEW,
    may::LIBRARY_VIEW,
    may::RESPONSE_VIEW,
    may::SCRIPT_VIEW,
    may::USER_VIEW,
    may::DEPLOYMENT_VIEW,
    may::CONTACT_VIEW,
    may::CUSTOM_FIELD_VIEW,
];

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_model::Permission;

    #[test]
    fn default_roles_speak_the_grammar_and_cover_the_catalogue() {
        for role in DefaultRole::ALL {
            for text in role.permissions() {
                assert!(Permission::parse(text).is_some(), "{} {text}", role.name());
            }
        }
        let held: Vec<_> = DefaultRole::ALL
            .iter()
            .flat_map(|role| role.permissions())
            .filter_map(|text| Permission::parse(text))
            .collect();
        for text in may::ALL {
            let wanted = Permission::parse(text).expect("grammar");
            assert!(held.iter().any(|permission| permission.covers(&wanted)), "{text}");
        }
    }
}

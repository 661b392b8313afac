//! Conversations as one viewer gets them, and the words for what they are. What a viewer must not see ends here.

pub(super) use super::events::event;

use crate::app::{
    access::{Seen, Viewer},
    guests::Tokens,
};
use crate::store::conversations::{Conversation, Participant};
use onqueue_chat::{Class, ConversationKind, EndReason, ParticipantKind, Rules, State, Visibility};
use onqueue_model::{Timestamp, UserId};
use onqueue_proto::{session::v1 as proto, timestamp};
use std::collections::BTreeMap;

pub(super) fn conversation(seen: &Seen) -> proto::Conversation {
    let Seen {
        conversation,
        policy,
        viewer,
    } = seen;
    let head = &conversation.head;
    let ended = match head.state {
        State::Ended { at, reason } => Some((at, reason)),
        _ => None,
    };
    let participant = |one| participant(one, *viewer);
    proto::Conversation {
        conversation_id: head.conversation.to_string(),
        queue_id: head.queue.to_string(),
        queue_name: policy.as_ref().map(|policy| policy.name.clone()).unwrap_or_default(),
        language: conversation.language.clone().unwrap_or_default(),
        guest_name: conversation.guest_name.clone(),
        topic: conversation.topic.clone(),
        state: state(head.state, *viewer).into(),
        created_at: Some(timestamp(conversation.created_at)),
        last_activity_at: Some(timestamp(head.last_activity_at)),
        ended_at: ended.map(|(at, _)| timestamp(at)),
        end_reason: ended
            .map_or(proto::EndReason::Unspecified, |(_, reason)| end_reason(reason))
            .into(),
        participants: conversation.participants.iter().map(participant).collect(),
        deployment_id: conversation.deployment.to_string(),
        attributes: attributes(conversation, *viewer),
        contact_id: contact_id(conversation, *viewer),
        erased_at: conversation.erased_at.map(timestamp),
        opening: i64::from(head.opening),
        kind: conversation_kind(head.kind).into(),
        guest_away_since: conversation
            .guest_away_since
            .filter(|_| viewer.class != Class::Guest)
            .map(timestamp),
        reopen_until: reopen_until(seen).map(timestamp),
        ..proto::Conversation::default()
    }
}

/// Until when the guest's next message opens it again, if it rests.
fn reopen_until(seen: &Seen) -> Option<Timestamp> {
    let rules = seen
        .policy
        .as_ref()
        .map_or_else(Rules::default, |policy| policy.rules());
    seen.conversation.head.reopens_until(rules.messaging_window)
}

fn conversation_kind(kind: ConversationKind) -> proto::ConversationKind {
    match kind {
        ConversationKind::Chat => proto::ConversationKind::Chat,
        ConversationKind::Messaging => proto::ConversationKind::Messaging,
    }
}

/// What is noted of it is not the guest's business.
fn attributes(conversation: &Conversation, viewer: Viewer) -> BTreeMap<String, String> {
    match viewer.class {
        Class::Guest => BTreeMap::new(),
        Class::Agent | Class::Supervisor => (*conversation.head.attributes).clone(),
    }
}

/// A guest does not learn as whom they are known.
fn contact_id(conversation: &Conversation, viewer: Viewer) -> String {
    let known = conversation.contact.filter(|_| viewer.class != Class::Guest);
    known.map(|id| id.to_string()).unwrap_or_default()
}

pub(super) fn tokens(tokens: Tokens) -> proto::GuestTokens {
    proto::GuestTokens {
        access_token: tokens.access,
        access_expires_at: Some(timestamp(tokens.access_expires_at)),
        resume_token: tokens.resume,
    }
}

fn participant(one: &Participant, viewer: Viewer) -> proto::Participant {
    proto::Participant {
        participant_id: one.id.to_string(),
        kind: kind(one.kind).into(),
        name: one.name.clone(),
        user_id: user(one.user, viewer),
        joined_at: Some(timestamp(one.joined_at)),
        left_at: one.left_at.map(timestamp),
    }
}

/// Who an agent is in the organisation is not the guest's business.
pub(super) fn user(user: Option<UserId>, viewer: Viewer) -> String {
    match (viewer.class, user) {
        (Class::Guest, _) | (_, None) => String::new(),
        (_, Some(user)) => user.to_string(),
    }
}

/// To whom the chat is being offered, and that it is, is not the guest's business: they wait.
fn state(state: State, viewer: Viewer) -> proto::ConversationState {
    match state {
        State::Alerting if viewer.class == Class::Guest => proto::ConversationState::Queued,
        State::Pending => proto::ConversationState::Pending,
        State::Queued => proto::ConversationState::Queued,
        State::Alerting => proto::ConversationState::Alerting,
        State::Connected => proto::ConversationState::Connected,
        State::Ended { .. } => proto::ConversationState::Ended,
    }
}

pub(super) fn end_reason(reason: EndReason) -> proto::EndReason {
    match reason {
        EndReason::GuestLeft => proto::EndReason::GuestLeft,
        EndReason::AgentEnded => proto::EndReason::AgentEnded,
        EndReason::Inactivity => proto::EndReason::Inactivity,
        EndReason::Refused => proto::EndReason::Refused,
        EndReason::Abandoned => proto::EndReason::Abandoned,
        EndReason::Rested => proto::EndReason::Rested,
        EndReason::AgentLost => proto::EndReason::AgentLost,
    }
}

pub(super) fn kind(kind: ParticipantKind) -> proto::ParticipantKind {
    match kind {
        ParticipantKind::Guest => proto::ParticipantKind::Guest,
        ParticipantKind::Agent => proto::ParticipantKind::Agent,
        ParticipantKind::Supervisor => proto::ParticipantKind::Supervisor,
    }
}

pub(super) fn visibility(visibility: Visibility) -> proto::Visibility {
    match visibility {
        Visibility::Everyone => proto::Visibility::Everyone,
        Visibility::Agents => proto::Visibility::Agents,
        Visibility::Supervisors => proto::Visibility::Supervisors,
    }
}

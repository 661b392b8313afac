//! Conversations and events as one viewer gets them. What a viewer must not see ends here.

use crate::app::{
    access::{Seen, Viewer},
    guests::Tokens,
};
use crate::store::conversations::Participant;
use onqueue_chat::{Body, Class, EndReason, Event, ParticipantKind, State, Visibility};
use onqueue_model::{ParticipantId, QueueId, Timestamp, UserId, WrapUpCodeId};
use onqueue_proto::{
    session::v1::{self as proto, event},
    timestamp,
};

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
    }
}

pub(super) fn tokens(tokens: Tokens) -> proto::GuestTokens {
    proto::GuestTokens {
        access_token: tokens.access,
        access_expires_at: Some(timestamp(tokens.access_expires_at)),
        resume_token: tokens.resume,
    }
}

/// The event with its place in the viewer's numbering; `None` if it does not exist for them.
pub(super) fn event(event: &Event, viewer: Viewer) -> Option<proto::Event> {
    Some(proto::Event {
        event_id: event.id.to_string(),
        sequence: viewer.class.place(event)?,
        at: Some(timestamp(event.at)),
        participant_id: event.participant.map(|id| id.to_string()).unwrap_or_default(),
        visibility: visibility(event.body.visibility()).into(),
        body: Some(body(event, viewer)),
    })
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
fn user(user: Option<UserId>, viewer: Viewer) -> String {
    match (viewer.class, user) {
        (Class::Guest, _) | (_, None) => String::new(),
        (_, Some(user)) => user.to_string(),
    }
}

fn body(event: &Event, viewer: Viewer) -> event::Body {
    use event::Body as To;
    match event.body.clone() {
        Body::Opened {
            queue,
            language,
            guest_name,
            topic,
            guest,
        } => To::Opened(proto::Opened {
            queue_id: queue.to_string(),
            language: language.map(|language| language.to_string()).unwrap_or_default(),
            guest_name,
            topic,
            guest_participant_id: guest.to_string(),
        }),
        Body::Queued { queue, queue_name } => To::Queued(proto::Queued {
            queue_id: queue.to_string(),
            queue_name,
        }),
        Body::Offered { user, agent_name } => To::Offered(proto::Offered {
            user_id: user.to_string(),
            agent_name,
        }),
        Body::OfferWithdrawn { user, reason } => To::OfferWithdrawn(proto::OfferWithdrawn {
            user_id: user.to_string(),
            reason: reason.as_str().to_owned(),
        }),
        Body::ParticipantJoined {
            participant,
            kind,
            name,
            user,
        } => To::ParticipantJoined(joined(participant, kind, name, user, viewer)),
        Body::ParticipantLeft { participant } => To::ParticipantLeft(proto::ParticipantLeft {
            participant_id: participant.to_string(),
        }),
        Body::Message { text } => To::Message(message(event, text, viewer)),
        Body::InactivityWarned { ends_at } => To::InactivityWarned(warned(ends_at)),
        Body::Ended { reason } => To::Ended(proto::Ended {
            reason: end_reason(reason).into(),
        }),
        Body::Refused { reason } => To::Refused(proto::Refused { reason }),
        Body::Transferred {
            queue,
            queue_name,
            user,
            agent_name,
        } => To::Transferred(transferred((queue, queue_name), (user, agent_name))),
        Body::WrapUpSet { user, code, code_name } => To::WrapUpSet(wrap_up(user, (code, code_name))),
    }
}

fn transferred(
    (queue, queue_name): (QueueId, String),
    (user, agent_name): (Option<UserId>, String),
) -> proto::Transferred {
    proto::Transferred {
        queue_id: queue.to_string(),
        queue_name,
        user_id: user.map(|user| user.to_string()).unwrap_or_default(),
        agent_name,
    }
}

fn wrap_up(user: UserId, (code, name): (Option<WrapUpCodeId>, String)) -> proto::WrapUpSet {
    proto::WrapUpSet {
        user_id: user.to_string(),
        wrap_up_code_id: code.map(|code| code.to_string()).unwrap_or_default(),
        wrap_up_code_name: name,
    }
}

fn joined(
    participant: ParticipantId,
    of: ParticipantKind,
    name: String,
    who: Option<UserId>,
    viewer: Viewer,
) -> proto::ParticipantJoined {
    proto::ParticipantJoined {
        participant_id: participant.to_string(),
        kind: kind(of).into(),
        name,
        user_id: user(who, viewer),
    }
}

fn message(event: &Event, text: String, viewer: Viewer) -> proto::Message {
    let own = event.participant.is_some() && event.participant == viewer.participant;
    let client_message_id = event.client_message_id.clone().filter(|_| own);
    proto::Message {
        text,
        client_message_id: client_message_id.unwrap_or_default(),
    }
}

fn warned(ends_at: Timestamp) -> proto::InactivityWarned {
    proto::InactivityWarned {
        ends_at: Some(timestamp(ends_at)),
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

fn end_reason(reason: EndReason) -> proto::EndReason {
    match reason {
        EndReason::GuestLeft => proto::EndReason::GuestLeft,
        EndReason::AgentEnded => proto::EndReason::AgentEnded,
        EndReason::Inactivity => proto::EndReason::Inactivity,
        EndReason::Refused => proto::EndReason::Refused,
    }
}

fn kind(kind: ParticipantKind) -> proto::ParticipantKind {
    match kind {
        ParticipantKind::Guest => proto::ParticipantKind::Guest,
        ParticipantKind::Agent => proto::ParticipantKind::Agent,
    }
}

fn visibility(visibility: Visibility) -> proto::Visibility {
    match visibility {
        Visibility::Everyone => proto::Visibility::Everyone,
        Visibility::Agents => proto::Visibility::Agents,
        Visibility::Supervisors => proto::Visibility::Supervisors,
    }
}

//! From what was found into answers.

use super::burden;
use crate::app::{AgentNow, Frame, Named, Next, OfferNow};
use crate::store;
use onqueue_acd::{AgentState, Evaluation};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::watch_me_response::Frame as Out;
use onqueue_proto::timestamp;
use prost::Message as _;

pub fn queue(queue: &store::Queue) -> proto::Queue {
    proto::Queue {
        queue_id: queue.id.to_string(),
        etag: queue.etag(),
        created_at: Some(timestamp(queue.created_at)),
        ..content(&queue.content)
    }
}

/// What is set about a queue.
pub fn content(content: &store::Content) -> proto::Queue {
    proto::Queue {
        name: content.name.clone(),
        description: content.description.clone(),
        division_id: content.division.to_string(),
        evaluation: evaluation(content.evaluation).into(),
        routing_method: routing_method(content.routing_method).into(),
        limit: i32::try_from(content.limit).unwrap_or(i32::MAX),
        alerting_timeout_ms: content.alerting_timeout_ms,
        inactivity_timeout_ms: content.inactivity_timeout_ms,
        inactivity_warning_ms: content.inactivity_warning_ms,
        schedule_group_id: content
            .schedule_group
            .map(|group| group.to_string())
            .unwrap_or_default(),
        ..super::queue_settings::encoded(&content.settings)
    }
}

const fn evaluation(evaluation: Evaluation) -> proto::Evaluation {
    match evaluation {
        Evaluation::AllSkills => proto::Evaluation::AllSkills,
        Evaluation::BestSkills => proto::Evaluation::BestSkills,
        Evaluation::Disregard => proto::Evaluation::Disregard,
    }
}

const fn routing_method(method: store::RoutingMethod) -> proto::RoutingMethod {
    match method {
        store::RoutingMethod::Standard => proto::RoutingMethod::Standard,
        store::RoutingMethod::Bullseye => proto::RoutingMethod::Bullseye,
        store::RoutingMethod::Preferred => proto::RoutingMethod::Preferred,
        store::RoutingMethod::Conditional => proto::RoutingMethod::Conditional,
    }
}

pub fn member(member: store::Member) -> proto::Member {
    proto::Member {
        user_id: member.user.to_string(),
        name: member.name,
        joined: member.joined,
        ring: i32::from(member.ring),
        group_ids: member.groups.iter().map(ToString::to_string).collect(),
    }
}

pub fn agent(agent: AgentNow) -> proto::Agent {
    let queues = agent.queues.into_iter().map(|place| proto::AgentQueue {
        queue_id: place.queue.to_string(),
        name: place.name,
        joined: place.joined,
    });
    proto::Agent {
        user_id: agent.user.to_string(),
        name: agent.name,
        state: state(agent.state).into(),
        active_chats: i32::try_from(agent.active).unwrap_or(i32::MAX),
        maximum_chats: i32::from(agent.maximum),
        since: Some(timestamp(agent.since)),
        queues: queues.collect(),
        skills: agent.skills.into_iter().map(proficiency).collect(),
        languages: agent.languages.into_iter().map(proficiency).collect(),
        ..burden::encoded(agent.burden)
    }
}

const fn state(state: AgentState) -> proto::AgentState {
    match state {
        AgentState::OffQueue => proto::AgentState::OffQueue,
        AgentState::Idle => proto::AgentState::Idle,
        AgentState::Interacting => proto::AgentState::Interacting,
        AgentState::Communicating => proto::AgentState::Communicating,
        AgentState::NotResponding => proto::AgentState::NotResponding,
    }
}

fn proficiency(named: Named) -> proto::Proficiency {
    proto::Proficiency {
        id: named.id,
        name: named.name,
        level: i32::from(named.level),
    }
}

fn offer(offer: OfferNow) -> proto::Offer {
    proto::Offer {
        offer_id: offer.offer.to_string(),
        conversation_id: offer.conversation.to_string(),
        queue_id: offer.queue.to_string(),
        queue_name: offer.queue_name,
        language: offer.language,
        guest_name: offer.guest_name,
        topic: offer.topic,
        offered_at: Some(timestamp(offer.offered_at)),
        expires_at: Some(timestamp(offer.expires_at)),
        waiting_since: Some(timestamp(offer.waiting_since)),
    }
}

/// The frame that ends a stream, as bytes.
pub fn goodbye(reason: &'static str) -> Vec<u8> {
    next(Next::Goodbye(reason)).encode_to_vec()
}

pub fn next(next: Next) -> proto::WatchMeResponse {
    let out = match next {
        Next::Frame(Frame::Agent(now)) => Out::Agent(agent(*now)),
        Next::Frame(Frame::Offered(now)) => Out::Offered(offer(*now)),
        Next::Frame(Frame::OfferEnded {
            offer,
            conversation,
            reason,
        }) => Out::OfferEnded(proto::OfferEnded {
            offer_id: offer.to_string(),
            conversation_id: conversation.to_string(),
            reason: reason.to_owned(),
        }),
        Next::Heartbeat(at) => Out::Heartbeat(proto::AgentHeartbeat {
            at: Some(timestamp(at)),
        }),
        Next::Goodbye(reason) => Out::Goodbye(proto::AgentGoodbye {
            reason: reason.to_owned(),
        }),
    };
    proto::WatchMeResponse { frame: Some(out) }
}

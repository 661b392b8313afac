//! What session is told of an effect.

use super::host::Names;
use onqueue_acd::{Command, Effect, Engine, InteractionPlace, OfferEnd, Refusal};
use onqueue_model::{InteractionId, Reason, UserId};
use onqueue_proto::session::v1::{
    AssignedFact, OfferedFact, QueuedFact, RefusedFact, RescindedFact, TransferredFact, report_request::Fact,
};
use onqueue_proto::timestamp;

/// Which interaction the effect is about and what is reported of it; `None` for what session need not know. Of a `leg`, which
/// stands for what somebody has in hand, only to whom it is offered and who accepts it: the customer does not wait.
pub fn of_effect(names: &Names, leg: Option<&Engine>, effect: &Effect) -> Option<(InteractionId, Fact)> {
    match effect {
        Effect::Queued { .. } | Effect::Rejected { .. } if leg.is_some() => None,
        Effect::Queued { interaction, queue } => {
            let queue_id = queue.to_string();
            Some((*interaction, Fact::Queued(QueuedFact { queue_id })))
        }
        Effect::Offered {
            interaction,
            agent,
            offer,
            expires,
            ..
        } => {
            let offered = OfferedFact {
                offer_id: offer.to_string(),
                user_id: agent.to_string(),
                agent_name: names.agent(*agent),
                expires_at: Some(timestamp(*expires)),
            };
            Some((*interaction, Fact::Offered(offered)))
        }
        Effect::Rescinded {
            interaction,
            agent,
            offer,
            end,
        } => {
            let rescinded = RescindedFact {
                offer_id: offer.to_string(),
                user_id: agent.to_string(),
                // A leg may be over although its conversation is not.
                reason: withdrawal(*end).or(leg.map(|_| "agent_gone"))?.to_owned(),
            };
            Some((*interaction, Fact::Rescinded(rescinded)))
        }
        Effect::Assigned {
            interaction,
            agent,
            offer,
        } => {
            let queue = leg.and_then(|engine| engine.offer(*offer)).map(|offer| offer.queue);
            let assigned = AssignedFact {
                offer_id: offer.to_string(),
                user_id: agent.to_string(),
                agent_name: names.agent(*agent),
                queue_id: queue.map(|queue| queue.to_string()).unwrap_or_default(),
            };
            Some((*interaction, Fact::Assigned(assigned)))
        }
        Effect::Rejected { interaction, refusal } => {
            let reason = reason(*refusal).as_str().to_owned();
            Some((*interaction, Fact::Refused(RefusedFact { reason })))
        }
        Effect::StageChanged { .. }
        | Effect::AgentStateChanged { .. }
        | Effect::SlotFreed { .. }
        | Effect::AcwStarted { .. }
        | Effect::AcwEnded { .. }
        | Effect::Over { .. }
        | Effect::DecisionRecorded { .. } => None,
    }
}

/// Why the offer did not come to anything, as session knows it: an agent from whom a chat was taken away could not have it
/// any more than one who has gone. `None` where the conversation is over, which session knows first.
const fn withdrawal(end: OfferEnd) -> Option<&'static str> {
    match end {
        OfferEnd::Declined => Some("declined"),
        OfferEnd::TimedOut => Some("timed_out"),
        OfferEnd::AgentGone | OfferEnd::Interrupted | OfferEnd::Reassigned => Some("agent_gone"),
        OfferEnd::Cancelled => None,
    }
}

const fn reason(refusal: Refusal) -> Reason {
    match refusal {
        Refusal::QueueFull => Reason::QueueFull,
        _ => Reason::QueueNotFound,
    }
}

/// What session is told of a command that passes an interaction on, if it is not refused.
pub fn of_transfer(engine: &Engine, names: &Names, command: &Command, note: String) -> Option<(InteractionId, Fact)> {
    let (interaction, queue, agent, attended) = match command {
        Command::Transfer {
            interaction,
            queue,
            agent,
            ..
        } => (interaction, queue, agent, false),
        Command::TransferAttended { held, queue, agent, .. } => (held, queue, agent, true),
        _ => return None,
    };
    let from = match engine.interaction(*interaction)?.place {
        InteractionPlace::Held { agent, .. } => Some(agent),
        InteractionPlace::Waiting | InteractionPlace::Alerting { .. } => None,
    };
    let id = |user: Option<UserId>| user.map(|user| user.to_string()).unwrap_or_default();
    let transferred = TransferredFact {
        queue_id: queue.to_string(),
        from_user_id: id(from),
        to_user_id: id(*agent),
        to_agent_name: agent.map(|agent| names.agent(agent)).unwrap_or_default(),
        attended,
        note,
    };
    Some((*interaction, Fact::Transferred(transferred)))
}

/// Which interaction the effect is about, if any is.
pub fn interaction(effect: &Effect) -> Option<InteractionId> {
    match effect {
        Effect::Queued { interaction, .. }
        | Effect::Offered { interaction, .. }
        | Effect::Rescinded { interaction, .. }
        | Effect::Assigned { interaction, .. }
        | Effect::StageChanged { interaction, .. }
        | Effect::SlotFreed { interaction, .. }
        | Effect::AcwStarted { interaction, .. }
        | Effect::AcwEnded { interaction, .. }
        | Effect::Over { interaction }
        | Effect::Rejected { interaction, .. } => Some(*interaction),
        Effect::DecisionRecorded { decision } => Some(decision.interaction),
        Effect::AgentStateChanged { .. } => None,
    }
}

//! What a watching agent is told.

use super::burden::Burden;
use super::host::Host;
use onqueue_acd::{AgentState, Effect, Medium, OfferEnd, OfferOutcome, OfferView};
use onqueue_model::{ConversationId, InteractionId, OfferId, QueueId, Timestamp, UserId};
use tokio::sync::mpsc;

/// One thing told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The agent's state now.
    Agent(Box<AgentNow>),
    /// An offer alerts them.
    Offered(Box<OfferNow>),
    /// An offer no longer does.
    OfferEnded {
        /// Which.
        offer: OfferId,
        /// Of which conversation.
        conversation: ConversationId,
        /// `accepted`, `declined`, `timed_out`, `agent_gone`, `reassigned` or `cancelled`.
        reason: &'static str,
    },
}

/// An agent as others see them now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentNow {
    /// Who.
    pub user: UserId,
    /// As others see them.
    pub name: String,
    /// What they do.
    pub state: AgentState,
    /// Chats in hand, alerting ones included.
    pub active: usize,
    /// How many at once.
    pub maximum: u8,
    /// Since when in this state.
    pub since: Timestamp,
    /// Queues of which they are a member.
    pub queues: Vec<Place>,
    /// Skills.
    pub skills: Vec<Named>,
    /// Languages.
    pub languages: Vec<Named>,
    /// What they have to do.
    pub burden: Burden,
}

/// A membership with the queue's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which queue.
    pub queue: QueueId,
    /// Its name.
    pub name: String,
    /// Whether the membership is active.
    pub joined: bool,
}

/// A proficiency with the name of what it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Id of a skill or tag of a language.
    pub id: String,
    /// Its name.
    pub name: String,
    /// In hundredths.
    pub level: u16,
}

/// An offer as its agent sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferNow {
    /// Which.
    pub offer: OfferId,
    /// Of which conversation.
    pub conversation: ConversationId,
    /// From which queue.
    pub queue: QueueId,
    /// Its name.
    pub queue_name: String,
    /// Language asked for; empty is any.
    pub language: String,
    /// As the guest called themselves.
    pub guest_name: String,
    /// What it is about.
    pub topic: String,
    /// When it was made.
    pub offered_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// When the conversation came into the queue.
    pub waiting_since: Timestamp,
}

/// How an offer's end is called in frames. One that was interrupted reads like an agent's who was not there: they
/// could not be reached either.
const fn end(end: OfferEnd) -> &'static str {
    match end {
        OfferEnd::Declined => "declined",
        OfferEnd::TimedOut => "timed_out",
        OfferEnd::AgentGone | OfferEnd::Interrupted => "agent_gone",
        OfferEnd::Reassigned => "reassigned",
        OfferEnd::Cancelled => "cancelled",
    }
}

/// Whom the effect concerns and what they are told of it. The agent's own state is told apart, once for many effects.
pub fn of_effect(host: &Host, effect: &Effect) -> Option<(UserId, Frame)> {
    match effect {
        Effect::Offered { agent, offer, .. } => {
            let view = host.engine().offer(*offer)?;
            Some((*agent, Frame::Offered(Box::new(offer_now(host, &view)))))
        }
        Effect::Rescinded {
            interaction,
            agent,
            offer,
            end: why,
        } => Some((*agent, ended(*interaction, *offer, end(*why)))),
        Effect::Assigned {
            interaction,
            agent,
            offer,
        } => Some((*agent, ended(*interaction, *offer, "accepted"))),
        _ => None,
    }
}

const fn ended(interaction: InteractionId, offer: OfferId, reason: &'static str) -> Frame {
    Frame::OfferEnded {
        offer,
        conversation: interaction.conversation,
        reason,
    }
}

/// The agent now; `None` without a routing profile.
pub fn agent_now(host: &Host, user: UserId) -> Option<AgentNow> {
    let view = host.engine().agent(user)?;
    let names = host.names();
    let queues = view.profile.queues.iter().map(|(queue, membership)| Place {
        queue: *queue,
        name: names.queue(*queue),
        joined: membership.joined,
    });
    let skills = view.profile.skills.iter().map(|(skill, level)| Named {
        id: skill.to_string(),
        name: names.skill(*skill),
        level: *level,
    });
    let languages = view.profile.languages.iter().map(|(language, level)| Named {
        id: language.to_string(),
        name: language.to_string(),
        level: *level,
    });
    Some(AgentNow {
        user,
        name: names.agent(user),
        state: view.state,
        active: view.active_by_medium[Medium::Chat as usize],
        maximum: view.profile.utilization.maximum(Medium::Chat),
        since: view.since,
        queues: queues.collect(),
        skills: skills.collect(),
        languages: languages.collect(),
        burden: Burden::of(host, &view),
    })
}

/// Whose state the effect changes as others see it.
pub const fn touched(effect: &Effect) -> Option<UserId> {
    match effect {
        Effect::AgentStateChanged { agent, .. }
        | Effect::Assigned { agent, .. }
        | Effect::SlotFreed { agent, .. }
        | Effect::AcwStarted { agent, .. }
        | Effect::AcwEnded { agent, .. } => Some(*agent),
        _ => None,
    }
}

/// Everything that holds now: the state, then what alerts. `None` without a routing profile.
pub fn everything(host: &Host, user: UserId) -> Option<Vec<Frame>> {
    let mut frames = vec![Frame::Agent(Box::new(agent_now(host, user)?))];
    let alerting = host.engine().agent(user)?.alerting;
    let offers = alerting.iter().filter_map(|offer| host.engine().offer(*offer));
    let live = offers.filter(|offer| offer.outcome == OfferOutcome::Alerting);
    frames.extend(live.map(|offer| Frame::Offered(Box::new(offer_now(host, &offer)))));
    Some(frames)
}

fn offer_now(host: &Host, offer: &OfferView) -> OfferNow {
    let details = host.details(offer.interaction);
    let interaction = host.engine().interaction(offer.interaction);
    let language = interaction.and_then(|interaction| interaction.requirements.language.clone());
    OfferNow {
        offer: offer.id,
        conversation: offer.interaction.conversation,
        queue: offer.queue,
        queue_name: host.names().queue(offer.queue),
        language: language.map(|language| language.to_string()).unwrap_or_default(),
        guest_name: details.guest_name,
        topic: details.topic,
        offered_at: offer.offered_at,
        expires_at: offer.expires,
        waiting_since: offer.entered,
    }
}

/// Who follows which agent.
#[derive(Debug, Default)]
pub struct Watchers(std::collections::BTreeMap<UserId, Vec<mpsc::Sender<Frame>>>);

impl Watchers {
    /// The stream is told of the agent from now on.
    pub fn add(&mut self, user: UserId, stream: mpsc::Sender<Frame>) {
        let streams = self.0.entry(user).or_default();
        streams.retain(|stream| !stream.is_closed());
        streams.push(stream);
    }

    /// The streams that follow the agent.
    pub fn of(&self, user: UserId) -> &[mpsc::Sender<Frame>] {
        self.0.get(&user).map_or(&[], Vec::as_slice)
    }

    /// Ends a stream, which did not take its frames in time or is gone.
    pub fn drop(&mut self, user: UserId, stream: &mpsc::Sender<Frame>) {
        if let Some(streams) = self.0.get_mut(&user) {
            streams.retain(|other| !other.same_channel(stream));
            if streams.is_empty() {
                self.0.remove(&user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_that_were_closed_do_not_pile_up() {
        let user = uuid::Uuid::from_u128(1).into();
        let mut watchers = Watchers::default();
        for _ in 0..10 {
            let (stream, frames) = mpsc::channel(1);
            watchers.add(user, stream);
            drop(frames);
        }
        assert_eq!(watchers.0[&user].len(), 1);
    }
}

//! What can happen to the engine.

use crate::{AgentProfile, QueueConfig, Requirements};
use onqueue_model::{InteractionId, OfferId, QueueId, UserId};
use serde::{Deserialize, Serialize};

/// One input. Ids that a command's effects will need are made by the shell beforehand and travel in it or, for offers, are
/// derived (see [`crate::Effect::Offered`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// A queue was made or changed. Offers that alert already lapse when they said they would.
    UpsertQueue {
        /// Its whole configuration.
        queue: QueueConfig,
    },
    /// A queue is no more. What waits or alerts in it ends as rejected; what is in hand stays there. Changes nothing for a queue
    /// that is not known.
    RemoveQueue {
        /// Which.
        queue: QueueId,
    },
    /// An agent's profile was made or changed. Keeps their state, what they hold and what alerts them; memberships are
    /// replaced. A new agent is off queue.
    UpsertAgent {
        /// The whole profile.
        agent: AgentProfile,
    },
    /// The agent takes interactions from now on; ends NotResponding and forgets what they declined or missed. Changes
    /// nothing for an agent who is on queue already, so that repeating it is harmless.
    GoOnQueue {
        /// Who.
        agent: UserId,
    },
    /// The agent takes no more; alerting offers go back at their old place. What is in hand stays, and still counts.
    GoOffQueue {
        /// Who.
        agent: UserId,
    },
    /// The agent activates a membership.
    JoinQueue {
        /// Who.
        agent: UserId,
        /// Of which queue.
        queue: QueueId,
    },
    /// The agent deactivates a membership. An offer that alerts already stands.
    LeaveQueue {
        /// Who.
        agent: UserId,
        /// Of which queue.
        queue: QueueId,
    },
    /// An interaction wants an agent. A second one for the same interaction changes nothing, nor does one for any of the
    /// last 4,096 that ended: for older ones it is for the shell not to repeat itself.
    Enqueue {
        /// Which.
        interaction: InteractionId,
        /// Into which queue.
        queue: QueueId,
        /// What it asks for.
        requirements: Requirements,
    },
    /// The interaction needs nobody any more, wherever it is: waiting, alerting, or in hand.
    Cancel {
        /// Which.
        interaction: InteractionId,
    },
    /// The agent takes the offer.
    Accept {
        /// Who.
        agent: UserId,
        /// Which offer.
        offer: OfferId,
    },
    /// The agent does not take the offer.
    Decline {
        /// Who.
        agent: UserId,
        /// Which offer.
        offer: OfferId,
    },
    /// The agent's desk is gone: off queue, alerting offers go back.
    AgentGone {
        /// Who.
        agent: UserId,
    },
    /// Nothing but the passing of time.
    Tick,
    /// The engine goes on after nobody could be shown or answer anything. Offers that have lapsed by now are taken back, no
    /// agent is blamed for them, and nothing happens at the times between; then everybody waiting is routed anew.
    Resume,
}

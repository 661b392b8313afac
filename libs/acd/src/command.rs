//! What can happen to the engine.

use crate::{AgentProfile, Medium, QueueConfig, Requirements, Settings};
use onqueue_model::{InteractionId, LabelId, OfferId, QueueId, Timestamp, UserId, WorkId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One input. Ids that a command's effects will need are made by the shell beforehand and travel in it or, for offers, are
/// derived (see [`crate::Effect::Offered`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// What holds for the whole organisation was changed.
    Configure {
        /// All of it.
        settings: Settings,
    },
    /// A queue was made or changed. Offers that alert already lapse when they said they would; after-contact work that has begun
    /// goes on as it began. If the method changed, what waits in it is at the stage at which it would be had it been so from its
    /// entry on, with the metrics as they are now.
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
    /// An agent is no more. Offers that alert them go back; what they have in hand goes back to its queue at its old place (to
    /// nobody if the queue is no more: then it ends as rejected); their after-contact work and external work are over. Changes
    /// nothing for an agent who is not known.
    RemoveAgent {
        /// Who.
        agent: UserId,
    },
    /// The agent takes interactions from now on; ends NotResponding and forgets what they declined, missed or passed on. Changes
    /// nothing for an agent who is on queue already, so that repeating it is harmless.
    GoOnQueue {
        /// Who.
        agent: UserId,
        /// When they had their last interaction elsewhere, if that is later than the last one here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_interaction: Option<Timestamp>,
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
    /// The interaction has another priority from now on. In line it is ranked anew.
    SetPriority {
        /// Which.
        interaction: InteractionId,
        /// −25,000,000 … 25,000,000.
        priority: i32,
    },
    /// The interaction asks for something else from now on. Offers stand; medium, labels and priority stay; the stage too.
    SetRequirements {
        /// Which.
        interaction: InteractionId,
        /// In place of its skills, language, and preferred agents. Its priority, medium, labels and last agent are not looked at.
        requirements: Requirements,
    },
    /// The interaction needs nobody any more, wherever it is: waiting, alerting, or in hand; in hand, after-contact work follows
    /// as its queue says.
    Cancel {
        /// Which.
        interaction: InteractionId,
    },
    /// The interaction goes to another queue, or anew to its own: from hand (after-contact work follows; who had it is not
    /// offered it again until they come back on queue), from alerting (the offer is rescinded) or from waiting. Preferred and
    /// last agent are forgotten; the method begins anew. Refused as `QueueFull` if the queue is, and nothing changes.
    Transfer {
        /// Which.
        interaction: InteractionId,
        /// Into which queue.
        queue: QueueId,
        /// Whether it keeps the time of its entry, and so its age, for its rank; else that is now.
        #[serde(default)]
        keep_age: bool,
        /// Whom it is offered first, as if by [`Command::AssignByHand`] without force; if that cannot be, the transfer is refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<UserId>,
        /// In place of its skills and language; `None` keeps them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requirements: Option<Requirements>,
    },
    /// What an agent has in hand goes to another queue as soon as somebody accepts it, and is theirs until then. It is offered
    /// under a second id: that enters the queue as a new interaction of the same kind, is not offered to its holder, and when
    /// somebody accepts it, what is in hand is over for its holder, whose after-contact work follows. When what is in hand is over
    /// or goes elsewhere first, the second is over; so is a former one. Refused as `NotHeld` unless somebody has it in hand, as
    /// `QueueFull` if the queue is, and nothing changes. A second one with the same id changes nothing.
    TransferAttended {
        /// Under which id it is offered.
        interaction: InteractionId,
        /// What is in hand.
        held: InteractionId,
        /// Into which queue.
        queue: QueueId,
        /// Whom it is offered as if by [`Command::AssignByHand`] without force, and nobody else: if they do not take it, it is over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<UserId>,
        /// In place of its skills and language; `None` keeps them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requirements: Option<Requirements>,
        /// In place of its priority; `None` keeps it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        priority: Option<i32>,
    },
    /// A supervisor gives a waiting or alerting interaction to an agent: it is offered to them, whatever the stage, the skills and
    /// the memberships. An offer to somebody else is rescinded as reassigned; one to the same agent stands. Refused unless they are
    /// on queue and have room for it.
    AssignByHand {
        /// Which.
        interaction: InteractionId,
        /// To whom.
        agent: UserId,
        /// Even if they are off queue or have no room.
        #[serde(default)]
        forced: bool,
    },
    /// The agent takes a waiting interaction of a queue in which they are a joined member, whatever the stage, the skills and the
    /// rank; it is theirs at once. Refused unless they are on queue and have room for it.
    Pull {
        /// Who.
        agent: UserId,
        /// Which.
        interaction: InteractionId,
    },
    /// The agent is done with an interaction in hand, which is over; after-contact work follows as its queue says.
    EndWork {
        /// Who.
        agent: UserId,
        /// Which.
        interaction: InteractionId,
    },
    /// The agent wants after-contact work when this interaction, which they have in hand, is over. Looked at under
    /// [`crate::AfterContactMode::AgentRequested`].
    RequestAcw {
        /// Who.
        agent: UserId,
        /// After which.
        interaction: InteractionId,
    },
    /// The agent is done with the after-contact work.
    CompleteAcw {
        /// Who.
        agent: UserId,
        /// Of which interaction.
        interaction: InteractionId,
    },
    /// The agent has work that was not routed here, on queue or off. A second one with the same id changes nothing.
    StartExternalWork {
        /// Who.
        agent: UserId,
        /// What it is called.
        work: WorkId,
        /// Of what kind it is.
        medium: Medium,
        /// Its labels.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        labels: BTreeSet<LabelId>,
    },
    /// That work is over. Changes nothing if the agent has none of that id.
    EndExternalWork {
        /// Who.
        agent: UserId,
        /// What it is called.
        work: WorkId,
    },
    /// What rules look at has changed. Interactions that have entered already are not evaluated anew.
    ObserveMetric {
        /// Of which queue.
        queue: QueueId,
        /// In milliseconds; `None` is not known.
        estimated_wait_ms: Option<u64>,
        /// In hundredths of a percent; `None` is not known.
        service_level: Option<u16>,
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
    /// The agent's desk is gone: off queue, alerting offers go back, after-contact work is over. What is in hand stays.
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

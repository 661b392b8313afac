//! What the engine decides.

use onqueue_model::{InteractionId, Language, OfferId, QueueId, SkillId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// One consequence of a command, in the order in which it came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// The interaction waits (or waits again) in the queue.
    Queued {
        /// Which.
        interaction: InteractionId,
        /// Where.
        queue: QueueId,
    },
    /// The interaction alerts an agent. The offer's id is the first 16 bytes of SHA-256 over (interaction, how many offers
    /// the engine made before), so that a replay makes the same ones.
    Offered {
        /// Which.
        interaction: InteractionId,
        /// To whom.
        agent: UserId,
        /// Names the offer.
        offer: OfferId,
        /// From which queue.
        queue: QueueId,
        /// When it lapses.
        expires: Timestamp,
        /// When the interaction came into the queue.
        entered: Timestamp,
    },
    /// The offer is over without an acceptance. A `Queued` follows unless the interaction was cancelled.
    Rescinded {
        /// Which.
        interaction: InteractionId,
        /// Whose.
        agent: UserId,
        /// Which offer.
        offer: OfferId,
        /// Why.
        end: OfferEnd,
    },
    /// The agent has the interaction.
    Assigned {
        /// Which.
        interaction: InteractionId,
        /// Who.
        agent: UserId,
        /// By which offer.
        offer: OfferId,
    },
    /// The agent's state or load changed.
    AgentStateChanged {
        /// Who.
        agent: UserId,
        /// What they do now.
        state: AgentState,
    },
    /// The agent no longer holds the interaction.
    SlotFreed {
        /// Who.
        agent: UserId,
        /// Which.
        interaction: InteractionId,
    },
    /// An interaction was not taken, or lost the queue in which it waited.
    Rejected {
        /// Which.
        interaction: InteractionId,
        /// Why.
        refusal: Refusal,
    },
    /// Why an offer was made; directly follows its `Offered`.
    DecisionRecorded {
        /// The record.
        decision: Decision,
    },
}

/// Why a command, or the interaction in it, was refused. A refused command changes nothing but the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The queue holds as many as it may.
    QueueFull,
    /// No such queue.
    UnknownQueue,
    /// No such agent.
    UnknownAgent,
    /// The agent is not a member of the queue.
    NotMember,
    /// No such offer to this agent, ever.
    UnknownOffer,
    /// The offer lapsed.
    OfferExpired,
    /// The offer was taken back, or declined by this agent.
    OfferRescinded,
    /// The offer was accepted already (by this agent: repeating it is harmless).
    OfferAlreadyAccepted,
}

/// How an offer ended without an acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferEnd {
    /// The agent said no.
    Declined,
    /// The agent did not answer.
    TimedOut,
    /// The agent's desk is gone, or they went off queue.
    AgentGone,
    /// The interaction ended first.
    Cancelled,
    /// It could not be answered in time by anyone: see [`crate::Command::Resume`].
    Interrupted,
}

/// What an agent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Takes nothing.
    OffQueue,
    /// On queue with nothing in hand.
    Idle,
    /// On queue with something in hand or alerting.
    Interacting,
    /// Did not answer; gets nothing until back on queue.
    NotResponding,
}

/// Why an offer went to whom it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What was offered.
    pub interaction: InteractionId,
    /// From which queue.
    pub queue: QueueId,
    /// When.
    pub at: Timestamp,
    /// The offer made.
    pub offer: OfferId,
    /// Smaller is served first: entry in milliseconds less 60,000 for each point of priority.
    pub rank_key: i64,
    /// Stage of the routing method; `standard`.
    pub stage: String,
    /// Skills asked for.
    pub skills: Vec<SkillId>,
    /// Language asked for.
    pub language: Option<Language>,
    /// The ten best, the chosen first.
    pub candidates: Vec<Candidate>,
    /// Why the other members were not eligible, with their number; in order of the reason.
    pub excluded: Vec<(Exclusion, u32)>,
    /// What decided between the first two.
    pub decided: Decided,
}

/// An agent who could have had it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub agent: UserId,
    /// Milliseconds since the later of their last assignment and last end, at most 7 days.
    pub idle_ms: u64,
    /// Chats in hand, alerting ones included, before this offer.
    pub active: u8,
}

/// The first reason for which a member was not eligible, in the order in which they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// Membership is not active.
    NotJoined,
    /// Off queue.
    OffQueue,
    /// Did not answer an earlier offer.
    NotResponding,
    /// Declined or missed this interaction.
    Declined,
    /// Has as many chats as they may.
    AtCapacity,
    /// Does not speak the language.
    Language,
    /// Lacks this skill (the first missing one by id).
    MissingSkill(SkillId),
}

/// What decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// There was nobody else.
    OnlyCandidate,
    /// Idle longer than the next.
    LongestIdle,
    /// Equally idle; the smaller id.
    AgentId,
}

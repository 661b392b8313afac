//! What the engine decides.

use crate::Medium;
use onqueue_model::{InteractionId, LabelId, Language, OfferId, QueueId, SkillId, Timestamp, UserId};
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
    /// A waiting interaction is at another stage of its queue's method. Not noted for the stage at which it enters a queue.
    StageChanged {
        /// Which.
        interaction: InteractionId,
        /// What is open now.
        stage: Stage,
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
    /// The interaction does not count as the agent's any more: it is over or has left their hands, and after-contact work that
    /// holds the slot is over too.
    SlotFreed {
        /// Who.
        agent: UserId,
        /// Which.
        interaction: InteractionId,
    },
    /// After-contact work has begun. Follows `SlotFreed`, or comes before it where it holds the slot.
    AcwStarted {
        /// Who.
        agent: UserId,
        /// After which interaction.
        interaction: InteractionId,
        /// When it ends by itself; `None` is never.
        ends: Option<Timestamp>,
    },
    /// After-contact work is over.
    AcwEnded {
        /// Who.
        agent: UserId,
        /// After which interaction.
        interaction: InteractionId,
    },
    /// An interaction was not taken, or lost the queue in which it waited.
    Rejected {
        /// Which.
        interaction: InteractionId,
        /// Why.
        refusal: Refusal,
    },
    /// An interaction is over although the command does not say so: what an attended transfer offered, or what it took the place
    /// of.
    Over {
        /// Which.
        interaction: InteractionId,
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
    /// No such interaction, or it has ended.
    UnknownInteraction,
    /// The interaction is in somebody's hands.
    AlreadyAssigned,
    /// The interaction does not wait: it alerts somebody, or is in somebody's hands.
    NotWaiting,
    /// The agent does not have that interaction in hand.
    NotHeld,
    /// The agent is not on queue, or not responding.
    OffQueue,
    /// The agent's membership is not active.
    NotJoined,
    /// The agent has no room for it.
    AtCapacity,
    /// The agent has no after-contact work of that interaction.
    UnknownAcw,
    /// The after-contact work may not be ended early.
    AcwForced,
}

/// How an offer ended without an acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferEnd {
    /// The agent said no.
    Declined,
    /// The agent did not answer.
    TimedOut,
    /// The agent's desk is gone, they went off queue, or are no more.
    AgentGone,
    /// The interaction was transferred, or given to somebody else by hand.
    Reassigned,
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
    /// On queue with something in hand, alerting, or after-contact work that holds its slot.
    Interacting,
    /// On queue with work that was not routed here, and nothing else.
    Communicating,
    /// Did not answer; gets nothing until back on queue.
    NotResponding,
}

/// What is open to a waiting interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Whom the customer had last, alone.
    LastAgent,
    /// All members: of [`crate::Method::Standard`], and where there is nothing to open step by step.
    Standard,
    /// Rings up to this one, from 1.
    Ring(u8),
    /// Preferred agents of the rules up to this one, from 1.
    Preferred(u8),
    /// All members, and the preferred agents that were opened, when the rules of [`crate::Method::Preferred`] are over.
    AfterPreferred,
    /// Groups of the true rules up to this one, which is named by its place among all rules, from 1.
    Groups(u8),
    /// Nobody: an offer made by hand or taken from the line.
    ByHand,
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
    /// Smaller is served first: entry in milliseconds less 60,000 for each point of priority; under
    /// [`crate::Scoring::PriorityOnly`] minus the priority, and the queue comes before others.
    pub rank_key: i64,
    /// At which stage.
    pub stage: Stage,
    /// Skills still required or asked for, those that the stage removed not among them.
    pub skills: Vec<SkillId>,
    /// Language asked for.
    pub language: Option<Language>,
    /// How many were eligible.
    pub eligible: u32,
    /// The ten best, the chosen first.
    pub candidates: Vec<Candidate>,
    /// Why the other members (and agents named by the stage) were not eligible, with their number; in order of the reason.
    pub excluded: Vec<(Exclusion, u32)>,
    /// What decided between the first two.
    pub decided: Decided,
}

/// An agent who could have had it. Compared in the order of the fields that count at the stage: preference (more), proficiency
/// (more), active (fewer), idle (longer), agent (smaller).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub agent: UserId,
    /// The interaction's score for them, where preferred agents rank first; `None` for others and elsewhere.
    pub preference: Option<u8>,
    /// Sum of proficiency in what is asked for, where it counts; 0 elsewhere.
    pub proficiency: u32,
    /// Milliseconds since they were last used, at most 7 days.
    pub idle_ms: u64,
    /// How much they had, alerting ones, after-contact work that holds its slot and external work included, before this offer.
    /// Counts if the settings say so.
    pub active: u8,
}

/// The first reason for which somebody was not eligible, in the order in which they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// Not a member of the queue. Counted for agents whom the stage names only.
    NotMember,
    /// Membership is not active.
    NotJoined,
    /// Off queue.
    OffQueue,
    /// Did not answer an earlier offer.
    NotResponding,
    /// Declined, missed or passed on this interaction.
    Declined,
    /// Stands in a ring that is not open yet.
    OuterRing,
    /// Not preferred, or not by a rule that is open yet; under [`Stage::LastAgent`] not the last agent.
    NotPreferredYet,
    /// In none of the groups that are open.
    NotInGroup,
    /// Has as much of this medium as they may.
    AtCapacity(Medium),
    /// Has something of this medium in hand (the first such), which the interaction's may not interrupt.
    BlockedBy(Medium),
    /// Has as much of this label (the first such) as they may.
    AtLabel(LabelId),
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
    /// Preferred more than the next.
    Preference,
    /// Knows better what is asked for than the next.
    Proficiency,
    /// Has less in hand than the next.
    LeastLoaded,
    /// Idle longer than the next.
    LongestIdle,
    /// Equal in all; the smaller id.
    AgentId,
    /// A supervisor, or a transfer to an agent.
    ByHand,
    /// A supervisor, although the agent was off queue or had no room.
    ByForce,
    /// The agent took it from the line.
    Pulled,
}

//! What may be asked of the engine, and the shapes of the answers. Reading changes nothing.

use crate::lines::Group;
use crate::state::{Interaction, Place, Queue};
use crate::table::Slot;
use crate::{
    AgentProfile, AgentState, Candidate, Engine, Exclusion, Medium, OfferEnd, QueueConfig, Requirements, Settings,
    Stage,
};
use onqueue_model::{InteractionId, LabelId, Language, OfferId, QueueId, SkillId, Timestamp, UserId, WorkId};
use serde::{Deserialize, Serialize};

/// An agent as they are now.
#[derive(Clone, Copy, Debug)]
pub struct AgentView<'a> {
    /// As last upserted, with the memberships that were joined and left since.
    pub profile: &'a AgentProfile,
    /// What they do.
    pub state: AgentState,
    /// Since when they do it.
    pub since: Timestamp,
    /// When they were last used; their idle time counts from then. `None` is never.
    pub last_used: Option<Timestamp>,
    /// All that counts: alerting, in hand, after-contact work that holds its slot, external work.
    pub active: usize,
    /// The same by medium, in the order of [`Medium::ALL`].
    pub active_by_medium: [usize; 5],
    /// Interactions in hand, by id.
    pub held: &'a [InteractionId],
    /// Offers that alert them, by id.
    pub alerting: &'a [OfferId],
    /// After-contact work, by interaction.
    pub acw: &'a [AcwView],
    /// Work that was not routed here, by id.
    pub external: &'a [ExternalWorkView],
}

/// After-contact work that goes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AcwView {
    /// After which interaction.
    pub interaction: InteractionId,
    /// Of which queue it was.
    pub queue: QueueId,
    /// Of what kind it was.
    pub medium: Medium,
    /// Its labels.
    pub labels: Vec<LabelId>,
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself; `None` is never.
    pub ends: Option<Timestamp>,
    /// Whether it counts as active.
    pub holds_slot: bool,
    /// Whether it may not be ended early.
    pub forced: bool,
}

/// Work that was not routed here and goes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExternalWorkView {
    /// What it is called.
    pub work: WorkId,
    /// Of what kind it is.
    pub medium: Medium,
    /// Its labels.
    pub labels: Vec<LabelId>,
    /// Since when.
    pub since: Timestamp,
}

/// A queue as it is now.
#[derive(Clone, Copy, Debug)]
pub struct QueueView<'a> {
    /// As last upserted.
    pub config: &'a QueueConfig,
    /// The metrics last observed; `None` is not known.
    pub estimated_wait_ms: Option<u64>,
    /// In hundredths of a percent.
    pub service_level: Option<u16>,
    /// Interactions waiting, alerting ones not counted.
    pub waiting: usize,
    /// Interactions alerting. The limit counts both.
    pub alerting: usize,
}

/// An offer: alerting, or over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferView {
    /// Which.
    pub id: OfferId,
    /// How many offers the engine made before.
    pub number: u64,
    /// Of which interaction.
    pub interaction: InteractionId,
    /// To whom.
    pub agent: UserId,
    /// From which queue.
    pub queue: QueueId,
    /// When the interaction came into the queue.
    pub entered: Timestamp,
    /// When it was made.
    pub offered_at: Timestamp,
    /// When it lapses, or would have.
    pub expires: Timestamp,
    /// What became of it.
    pub outcome: OfferOutcome,
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferOutcome {
    /// Nothing yet.
    Alerting,
    /// The agent took it.
    Accepted,
    /// It is over without an acceptance.
    Ended(OfferEnd),
}

/// An interaction that has not ended.
#[derive(Clone, Copy, Debug)]
pub struct InteractionView<'a> {
    /// Which.
    pub id: InteractionId,
    /// The queue it came into.
    pub queue: QueueId,
    /// What it asks for.
    pub requirements: &'a Requirements,
    /// When it came into the queue.
    pub entered: Timestamp,
    /// Its place among all that wait: smaller is served first, across queues.
    pub rank: Rank,
    /// Its stage if it waits, else that which it had when it left the line.
    pub stage: Stage,
    /// When the method of its queue began (or begins, while the last agent has it to themselves).
    pub stage_since: Timestamp,
    /// Until when its last agent has, or had, it to themselves; `None` if it was not held for them. They stay open to it.
    pub hold: Option<Timestamp>,
    /// Which rules of [`crate::Method::Conditional`] were true when it entered, by their place, from 0.
    pub openings: &'a [u8],
    /// Agents who declined, missed or passed it on since they came on queue, by id.
    pub declined: &'a [UserId],
    /// Where it is.
    pub place: InteractionPlace,
    /// Under which id it is offered to others while it is in hand.
    pub offered_as: Option<InteractionId>,
    /// What somebody has in hand while this is offered in its place.
    pub stands_for: Option<InteractionId>,
}

/// Place in line: smaller is served first, also across queues. Read as: class, key, tie, position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rank {
    /// 0 where the queue scores by priority alone, else 1.
    pub class: u8,
    /// Entry in milliseconds less 60,000 for each point of priority; under [`crate::Scoring::PriorityOnly`] minus the priority.
    pub key: i64,
    /// Under [`crate::Scoring::PriorityOnly`] the entry in milliseconds, else 0.
    pub tie: i64,
    /// How many entries into queues had been taken, its own included.
    pub position: u64,
}

/// Where an interaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InteractionPlace {
    /// In line.
    Waiting,
    /// Alerting an agent.
    Alerting {
        /// Whom.
        agent: UserId,
        /// By which offer.
        offer: OfferId,
    },
    /// In an agent's hands.
    Held {
        /// Whose.
        agent: UserId,
        /// By which offer it came there.
        offer: OfferId,
    },
}

/// Why a waiting interaction has nobody, or whom the next routing pass would give it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Which.
    pub interaction: InteractionId,
    /// In which queue.
    pub queue: QueueId,
    /// As of when.
    pub at: Timestamp,
    /// Smaller is served first.
    pub rank_key: i64,
    /// What is open to it.
    pub stage: Stage,
    /// Skills still required or asked for.
    pub skills: Vec<SkillId>,
    /// Language asked for.
    pub language: Option<Language>,
    /// How many are eligible.
    pub eligible: u32,
    /// The ten best, the one who would get it first. Empty after every [`Engine::apply`]: had there been one, they would
    /// have got it.
    pub candidates: Vec<Candidate>,
    /// Why the other members are not eligible, with their number; in order of the reason.
    pub excluded: Vec<(Exclusion, u32)>,
}

/// Where an agent stands with a waiting interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentExplanation {
    /// They could have it.
    Eligible {
        /// With what they compete.
        candidate: Candidate,
        /// Their place among the eligible, from 1.
        place: u32,
    },
    /// They could not.
    Excluded {
        /// The first reason.
        exclusion: Exclusion,
        /// Where the reason is a medium or a label: how much of it they have, and how much they may.
        load: Option<Load>,
    },
}

/// How much somebody has, and how much they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Alerting, in hand, after-contact work that holds its slot, external work.
    pub active: u32,
    /// At most.
    pub maximum: u32,
}

impl Engine {
    /// The latest time the engine saw.
    pub fn now(&self) -> Timestamp {
        self.state.now
    }

    /// When the next timer is due: an offer, after-contact work or a stage. The shell sends a [`crate::Command::Tick`] then,
    /// unless something else comes first.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.index.timers.first().map(|(at, _)| *at)
    }

    /// What holds for the whole organisation.
    pub fn settings(&self) -> Settings {
        self.state.settings
    }

    /// An agent; `None` if there is none of that id.
    pub fn agent(&self, id: UserId) -> Option<AgentView<'_>> {
        self.state.agents.slot(id).map(|slot| self.agent_view(slot))
    }

    /// All agents, by id.
    pub fn agents(&self) -> impl Iterator<Item = AgentView<'_>> {
        self.state.agents.in_order().map(|(slot, _)| self.agent_view(slot))
    }

    /// A queue; `None` if there is none of that id.
    pub fn queue(&self, id: QueueId) -> Option<QueueView<'_>> {
        self.state.queues.get(id).map(|queue| self.queue_view(queue))
    }

    /// All queues, by id.
    pub fn queues(&self) -> impl Iterator<Item = QueueView<'_>> {
        self.state.queues.in_order().map(|(_, queue)| self.queue_view(queue))
    }

    /// An offer. One that is over is known as long as its interaction is in the hands of who accepted it, and then until
    /// 4,096 others are over; `None` afterwards, or if it never was.
    pub fn offer(&self, id: OfferId) -> Option<OfferView> {
        self.state.offers.get(id).copied()
    }

    /// An interaction; `None` if it never came or has ended.
    pub fn interaction(&self, id: InteractionId) -> Option<InteractionView<'_>> {
        let interaction = self.state.interactions.get(id);
        interaction.map(|interaction| self.interaction_view(interaction))
    }

    /// All interactions that have not ended, by id.
    pub fn interactions(&self) -> impl Iterator<Item = InteractionView<'_>> {
        let interactions = self.state.interactions.in_order();
        interactions.map(|(_, interaction)| self.interaction_view(interaction))
    }

    /// Who waits in the queue, in rank order; alerting ones are not in it. Looks at the places of all of them first.
    pub fn waiting(&self, queue: QueueId) -> impl Iterator<Item = InteractionView<'_>> {
        let number = self.index.roster.number_of(queue).into_iter();
        let all = number.flat_map(|number| self.index.lines.in_order(number));
        all.map(|(.., slot)| self.interaction_view(&self.state.interactions[slot]))
    }

    /// Who waits in the queue, in rank order, with the group of those that are open to the same agents now: found without a look
    /// at the interactions.
    pub(crate) fn line(&self, queue: QueueId) -> impl Iterator<Item = (Rank, Group, Slot)> {
        let number = self.index.roster.number_of(queue).into_iter();
        number.flat_map(|number| self.index.lines.in_order(number))
    }

    /// An interaction of such a line.
    pub(crate) fn in_line(&self, slot: Slot) -> InteractionView<'_> {
        self.interaction_view(&self.state.interactions[slot])
    }

    fn queue_view<'a>(&'a self, queue: &'a Queue) -> QueueView<'a> {
        let number = self.index.roster.number_of(queue.config.id).unwrap_or(u32::MAX);
        QueueView {
            config: &queue.config,
            estimated_wait_ms: queue.metrics.estimated_wait_ms,
            service_level: queue.metrics.service_level,
            waiting: self.index.lines.waiting(number),
            alerting: self.index.lines.alerting(number),
        }
    }

    fn interaction_view<'a>(&'a self, interaction: &'a Interaction) -> InteractionView<'a> {
        let scoring = self.state.config(interaction.queue).map(|config| config.scoring);
        InteractionView {
            id: interaction.id,
            queue: interaction.queue,
            requirements: &interaction.requirements,
            entered: interaction.entered,
            rank: interaction.rank(scoring.unwrap_or_default(), &self.rules),
            stage: interaction.stage,
            stage_since: interaction.stage_since,
            hold: interaction.hold,
            openings: &interaction.openings,
            declined: &interaction.declined,
            place: self.place(interaction),
            offered_as: interaction.offered_as,
            stands_for: interaction.stands_for,
        }
    }

    fn place(&self, interaction: &Interaction) -> InteractionPlace {
        match interaction.place {
            Place::Waiting => InteractionPlace::Waiting,
            Place::Held { agent, offer } => InteractionPlace::Held { agent, offer },
            Place::Alerting { offer } => InteractionPlace::Alerting {
                agent: self
                    .state
                    .offers
                    .get(offer)
                    .map(|offer| offer.agent)
                    .expect("an offer that alerts is kept"),
                offer,
            },
        }
    }

    fn agent_view(&self, slot: Slot) -> AgentView<'_> {
        let (agent, entry) = (&self.state.agents[slot], self.index.roster.entry(slot));
        AgentView {
            profile: &agent.profile,
            state: entry.state(),
            since: agent.since,
            last_used: self.state.last_used(slot),
            active: entry.burden.total(),
            active_by_medium: Medium::ALL.map(|medium| entry.burden.of_medium(medium)),
            held: &agent.held,
            alerting: &agent.alerting,
            acw: &agent.acw,
            external: &agent.external,
        }
    }
}

//! What the engine remembers: the content of a snapshot and of the digest. Whatever can be derived from it is in the index.

use crate::few::Few;
use crate::load::Work;
use crate::rules::Rules;
use crate::table::{Keyed, Map, Slot, Table};
use crate::{
    AcwView, AgentProfile, ExternalWorkView, IdleFrom, OfferOutcome, OfferView, QueueConfig, Rank, Requirements,
    Scoring, Settings, Stage,
};
use onqueue_model::{InteractionId, OfferId, QueueId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many ended offers, and how many ended interactions, are remembered.
const MEMORY: usize = 4096;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub now: Timestamp,
    /// Entries into queues so far: the last one's log position.
    pub entries: u64,
    /// Offers made so far.
    pub offers_made: u64,
    pub settings: Settings,
    pub queues: Table<Queue>,
    pub agents: Table<Agent>,
    pub interactions: Table<Interaction>,
    /// Alerting offers, accepted ones while their interaction is in hand, and the retired ones.
    pub offers: Table<OfferView>,
    pub retired_offers: VecDeque<OfferId>,
    pub ended_interactions: Ended,
}

impl State {
    /// Keeps an offer that nothing refers to any more until enough others have followed it.
    pub fn retire_offer(&mut self, offer: OfferId) {
        self.retired_offers.push_back(offer);
        if self.retired_offers.len() > MEMORY
            && let Some(oldest) = self.retired_offers.pop_front()
        {
            self.offers.remove(oldest);
        }
    }

    pub fn last_used(&self, agent: Slot) -> Option<Timestamp> {
        self.agents[agent].last_used(self.settings.idle_from)
    }

    pub fn config(&self, queue: QueueId) -> Option<&QueueConfig> {
        self.queues.get(queue).map(|queue| &queue.config)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Queue {
    pub config: QueueConfig,
    #[serde(default)]
    pub metrics: Metrics,
}

/// As last observed.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Metrics {
    pub estimated_wait_ms: Option<u64>,
    pub service_level: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Presence {
    Off,
    On,
    /// Let an offer lapse.
    Silent,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Agent {
    pub profile: AgentProfile,
    pub presence: Presence,
    /// When the state last changed.
    pub since: Timestamp,
    /// When they were last given something.
    pub assigned: Option<Timestamp>,
    /// When they were last done with something, or came on queue if that counts.
    pub ended: Option<Timestamp>,
    pub alerting: Few<OfferId>,
    pub held: Few<InteractionId>,
    /// Live interactions that they declined, missed or passed on since they came on queue.
    pub declined: Few<InteractionId>,
    /// By interaction.
    pub acw: Vec<AcwView>,
    /// By id.
    pub external: Vec<ExternalWorkView>,
}

impl Agent {
    pub fn new(profile: AgentProfile, now: Timestamp) -> Self {
        Self {
            profile,
            presence: Presence::Off,
            since: now,
            assigned: None,
            ended: None,
            alerting: Few::default(),
            held: Few::default(),
            declined: Few::default(),
            acw: Vec::new(),
            external: Vec::new(),
        }
    }

    /// When their idle time began; `None` is before all time.
    pub fn last_used(&self, from: IdleFrom) -> Option<Timestamp> {
        match from {
            IdleFrom::LastOfAssignmentAndEnd => self.assigned.max(self.ended),
            IdleFrom::End => self.ended,
        }
    }

    pub fn acw_of(&self, interaction: InteractionId) -> Option<&AcwView> {
        self.acw.iter().find(|acw| acw.interaction == interaction)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Place {
    Waiting,
    Alerting { offer: OfferId },
    Held { agent: UserId, offer: OfferId },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Interaction {
    pub id: InteractionId,
    pub queue: QueueId,
    pub requirements: Requirements,
    pub entered: Timestamp,
    /// Log position: how many entries into queues had been taken, this one included.
    pub position: u64,
    /// When the queue's method begins.
    pub stage_since: Timestamp,
    /// Until when its last agent has it to themselves; stays when that is over, for they stay open.
    pub hold: Option<Timestamp>,
    /// Which rules of a conditional method were true when it entered.
    pub openings: Vec<u8>,
    /// The stage it is at, or was at when it left the line.
    pub stage: Stage,
    /// Agents who declined, missed or passed it on since they came on queue.
    pub declined: Few<UserId>,
    pub place: Place,
    /// Who has it in hand wants after-contact work.
    pub acw_requested: bool,
    /// Under which id it is offered to others while it is in hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_as: Option<InteractionId>,
    /// What somebody has in hand while this is offered in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<InteractionId>,
    /// It is for whom it is offered first, or for nobody.
    #[serde(default, skip_serializing_if = "is_false")]
    pub alone: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks so
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Interaction {
    pub fn rank(&self, scoring: Scoring, rules: &Rules) -> Rank {
        let priority = i64::from(self.requirements.priority);
        let (class, key, tie) = match scoring {
            Scoring::TimestampAndPriority => {
                let head_start = i64::try_from(rules.head_start.as_millis()).unwrap_or(i64::MAX);
                let head_start = priority.saturating_mul(head_start);
                (1, self.entered.millis().saturating_sub(head_start), 0)
            }
            Scoring::PriorityOnly => {
                let class = if rules.priority_only_first { 0 } else { 2 };
                (class, -priority, self.entered.millis())
            }
        };
        let position = self.position;
        Rank {
            class,
            key,
            tie,
            position,
        }
    }

    pub fn work(&self) -> Work {
        Work {
            medium: self.requirements.medium,
            labels: self.requirements.labels.iter().copied().collect(),
        }
    }
}

/// The interactions that ended last.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "VecDeque<InteractionId>", into = "VecDeque<InteractionId>")]
pub(crate) struct Ended {
    order: VecDeque<InteractionId>,
    known: Map<InteractionId, ()>,
}

impl Ended {
    pub fn contains(&self, interaction: InteractionId) -> bool {
        self.known.contains_key(&interaction)
    }

    pub fn remember(&mut self, interaction: InteractionId) {
        self.order.push_back(interaction);
        self.known.insert(interaction, ());
        if self.order.len() > MEMORY
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

impl From<VecDeque<InteractionId>> for Ended {
    fn from(order: VecDeque<InteractionId>) -> Self {
        let known = order.iter().map(|interaction| (*interaction, ())).collect();
        Self { order, known }
    }
}

impl From<Ended> for VecDeque<InteractionId> {
    fn from(ended: Ended) -> Self {
        ended.order
    }
}

macro_rules! keyed {
    ($($value:ty, $key:ty, |$it:ident| $expression:expr;)*) => {$(
        impl Keyed for $value {
            type Key = $key;

            fn key(&self) -> $key {
                let $it = self;
                $expression
            }
        }
    )*};
}

keyed! {
    Queue, QueueId, |queue| queue.config.id;
    Agent, UserId, |agent| agent.profile.id;
    Interaction, InteractionId, |interaction| interaction.id;
    OfferView, OfferId, |offer| offer.id;
}

impl OfferView {
    pub(crate) fn is_alerting(&self) -> bool {
        self.outcome == OfferOutcome::Alerting
    }
}

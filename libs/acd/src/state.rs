//! What the engine remembers: the content of a snapshot and of the digest. Whatever can be derived from it is in the index.

use crate::few::Few;
use crate::rules::Rules;
use crate::{AgentProfile, AgentState, Medium, OfferOutcome, OfferView, Proficiency, QueueConfig, Requirements};
use onqueue_model::{InteractionId, Language, OfferId, QueueId, SkillId, Timestamp, UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many ended offers, and how many ended interactions, are remembered.
const MEMORY: usize = 4096;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub now: Timestamp,
    /// Interactions taken so far: the last one's log position.
    pub entries: u64,
    /// Offers made so far.
    pub offers_made: u64,
    #[serde(with = "keyed")]
    pub queues: BTreeMap<QueueId, QueueConfig>,
    #[serde(with = "keyed")]
    pub agents: BTreeMap<UserId, Agent>,
    #[serde(with = "keyed")]
    pub interactions: BTreeMap<InteractionId, Interaction>,
    /// Alerting offers, accepted ones while their interaction is in hand, and the retired ones.
    #[serde(with = "keyed")]
    pub offers: BTreeMap<OfferId, OfferView>,
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
            self.offers.remove(&oldest);
        }
    }
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
    /// The later of the last assignment and the last end.
    pub last_used: Option<Timestamp>,
    pub alerting: Few<OfferId>,
    pub held: Few<InteractionId>,
    /// Live interactions that they declined or missed since they came on queue.
    pub declined: BTreeSet<InteractionId>,
}

impl Agent {
    pub fn new(profile: AgentProfile, now: Timestamp) -> Self {
        Self {
            profile,
            presence: Presence::Off,
            since: now,
            last_used: None,
            alerting: Few::default(),
            held: Few::default(),
            declined: BTreeSet::new(),
        }
    }

    pub fn active(&self) -> usize {
        self.alerting.len() + self.held.len()
    }

    pub fn has_room(&self, rules: &Rules) -> bool {
        let alerting = if rules.offer_holds_slot { self.alerting.len() } else { 0 };
        self.held.len() + alerting < usize::from(self.profile.utilization.maximum(Medium::Chat))
    }

    pub fn state(&self) -> AgentState {
        match self.presence {
            Presence::Off => AgentState::OffQueue,
            Presence::Silent => AgentState::NotResponding,
            Presence::On if self.active() == 0 => AgentState::Idle,
            Presence::On => AgentState::Interacting,
        }
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
    /// Log position: how many interactions had been taken, this one included.
    pub position: u64,
    /// Agents who declined or missed it since they came on queue.
    pub declined: BTreeSet<UserId>,
    pub place: Place,
}

/// Place in line: smaller is served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub key: i64,
    pub position: u64,
}

/// What decides who may have an interaction: those with an equal signature differ in rank alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Signature {
    pub queue: QueueId,
    pub skills: BTreeMap<SkillId, Proficiency>,
    pub language: Option<Language>,
    pub declined: BTreeSet<UserId>,
}

impl Signature {
    /// A skill without which nobody is eligible, if there is one: it spares an agent the groups that they can not have.
    pub fn lead(&self) -> Option<SkillId> {
        let mut required = self.skills.iter().filter(|(_, least)| **least > 0);
        required.next().map(|(skill, _)| *skill)
    }
}

impl Interaction {
    pub fn rank(&self, rules: &Rules) -> Rank {
        let head_start = i64::try_from(rules.head_start.as_millis()).unwrap_or(i64::MAX);
        let head_start = i64::from(self.requirements.priority).saturating_mul(head_start);
        Rank {
            key: self.entered.millis().saturating_sub(head_start),
            position: self.position,
        }
    }

    pub fn signature(&self) -> Signature {
        Signature {
            queue: self.queue,
            skills: self.requirements.skills.clone(),
            language: self.requirements.language.clone(),
            declined: self.declined.clone(),
        }
    }
}

/// The interactions that ended last.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "VecDeque<InteractionId>", into = "VecDeque<InteractionId>")]
pub(crate) struct Ended {
    order: VecDeque<InteractionId>,
    known: BTreeSet<InteractionId>,
}

impl Ended {
    pub fn contains(&self, interaction: InteractionId) -> bool {
        self.known.contains(&interaction)
    }

    pub fn remember(&mut self, interaction: InteractionId) {
        self.order.push_back(interaction);
        self.known.insert(interaction);
        if self.order.len() > MEMORY
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

impl From<VecDeque<InteractionId>> for Ended {
    fn from(order: VecDeque<InteractionId>) -> Self {
        let known = order.iter().copied().collect();
        Self { order, known }
    }
}

impl From<Ended> for VecDeque<InteractionId> {
    fn from(ended: Ended) -> Self {
        ended.order
    }
}

/// A value that carries its own key, so that a map of them is written as a plain list.
pub(crate) trait Keyed {
    type Key: Ord;
    fn key(&self) -> Self::Key;
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
    QueueConfig, QueueId, |queue| queue.id;
    Agent, UserId, |agent| agent.profile.id;
    Interaction, InteractionId, |interaction| interaction.id;
    OfferView, OfferId, |offer| offer.id;
}

mod keyed {
    use super::{BTreeMap, Deserialize, Deserializer, Keyed, Serialize, Serializer};

    pub fn serialize<V: Keyed + Serialize, S: Serializer>(
        map: &BTreeMap<V::Key, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map.values())
    }

    pub fn deserialize<'de, V: Keyed + Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<V::Key, V>, D::Error> {
        let values = Vec::<V>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|value| (value.key(), value)).collect())
    }
}

impl OfferView {
    pub(crate) fn is_alerting(&self) -> bool {
        self.outcome == OfferOutcome::Alerting
    }
}

//! How much an agent may have at once.

use onqueue_model::LabelId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A kind of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// A call.
    Call,
    /// A chat.
    #[default]
    Chat,
    /// An email.
    Email,
    /// A conversation that goes on for days.
    Message,
    /// A call that was promised.
    Callback,
}

impl Medium {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Call, Self::Chat, Self::Email, Self::Message, Self::Callback];

    /// How many at once unless something else is said.
    pub const fn usual_maximum(self) -> u8 {
        match self {
            Self::Call | Self::Email | Self::Callback => 1,
            Self::Chat | Self::Message => 4,
        }
    }
}

/// How much of one medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// 0–25 at once.
    pub maximum: u8,
    /// Media that may arrive while this one is in hand.
    #[serde(default)]
    pub interruptible_by: BTreeSet<Medium>,
}

/// How much of everything. An agent can take another of a medium if fewer than its maximum are active, every *other* medium of
/// which anything is active may be interrupted by it, and of each of the interaction's labels that has a maximum fewer are
/// active.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Utilization {
    /// What is absent has its usual maximum and is interrupted by nothing.
    pub media: BTreeMap<Medium, Capacity>,
    /// Maxima of labels; labels that are absent have none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<LabelId, u8>,
}

impl Utilization {
    /// The usual one with another number of chats.
    pub fn with_chats(maximum: u8) -> Self {
        let interruptible_by = BTreeSet::new();
        let chats = Capacity {
            maximum,
            interruptible_by,
        };
        Self {
            media: BTreeMap::from([(Medium::Chat, chats)]),
            labels: BTreeMap::new(),
        }
    }

    /// How many of a medium at once.
    pub fn maximum(&self, medium: Medium) -> u8 {
        let capacity = self.media.get(&medium);
        capacity.map_or(medium.usual_maximum(), |capacity| capacity.maximum)
    }

    /// Whether `arriving` may come while `active` is in hand.
    pub fn lets_through(&self, active: Medium, arriving: Medium) -> bool {
        let capacity = self.media.get(&active);
        capacity.is_some_and(|capacity| capacity.interruptible_by.contains(&arriving))
    }
}

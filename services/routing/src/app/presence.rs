//! Which agents are still there: each was heard of lately.

use onqueue_model::{Timestamp, UserId};
use std::{collections::BTreeMap, time::Duration};

/// When each agent on queue, or with something in hand, was last heard of.
#[derive(Debug)]
pub struct Presence {
    gone_after: Duration,
    heard: BTreeMap<UserId, Timestamp>,
    /// When to look next; never later than somebody may be gone.
    look_at: Option<Timestamp>,
}

impl Presence {
    /// Nobody is on queue yet.
    pub const fn new(gone_after: Duration) -> Self {
        Self {
            gone_after,
            heard: BTreeMap::new(),
            look_at: None,
        }
    }

    /// The agent is on queue from now on.
    pub fn came(&mut self, agent: UserId, now: Timestamp) {
        self.heard.insert(agent, now);
        let gone_at = now + self.gone_after;
        self.look_at = Some(self.look_at.map_or(gone_at, |at| at.min(gone_at)));
    }

    /// The agent is to be heard of from now on, if not before.
    pub fn meet(&mut self, agent: UserId, now: Timestamp) {
        if !self.heard.contains_key(&agent) {
            self.came(agent, now);
        }
    }

    /// The agent has shown that they are there.
    pub fn hear(&mut self, agent: UserId, now: Timestamp) {
        if let Some(heard) = self.heard.get_mut(&agent) {
            *heard = now;
        }
    }

    /// The agent is on queue no more.
    pub fn left(&mut self, agent: UserId) {
        self.heard.remove(&agent);
    }

    /// When [`Presence::gone`] is to be asked next.
    pub const fn look_at(&self) -> Option<Timestamp> {
        self.look_at
    }

    /// Who has not been heard of for too long; they are taken as having left.
    pub fn gone(&mut self, now: Timestamp) -> Vec<UserId> {
        if self.look_at.is_none_or(|at| now < at) {
            return Vec::new();
        }
        let is_gone = |heard: &Timestamp| *heard + self.gone_after <= now;
        let gone: Vec<UserId> = self
            .heard
            .iter()
            .filter(|(_, heard)| is_gone(heard))
            .map(|(agent, _)| *agent)
            .collect();
        for agent in &gone {
            self.heard.remove(agent);
        }
        self.look_at = self.heard.values().min().map(|heard| *heard + self.gone_after);
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn who_is_silent_for_too_long_is_gone_once() {
        let [quiet, lively]: [UserId; 2] = [1, 2].map(|n| Uuid::from_u128(n).into());
        let mut presence = Presence::new(Duration::from_secs(45));
        assert_eq!(presence.look_at(), None);
        presence.came(quiet, Timestamp(0));
        presence.came(lively, Timestamp(10_000));
        presence.hear(lively, Timestamp(40_000));
        assert_eq!(presence.look_at(), Some(Timestamp(45_000)));
        assert_eq!(presence.gone(Timestamp(44_999)), []);
        assert_eq!(presence.gone(Timestamp(45_000)), [quiet]);
        assert_eq!(presence.look_at(), Some(Timestamp(85_000)));
        presence.hear(quiet, Timestamp(50_000));
        presence.left(lively);
        assert_eq!(presence.gone(Timestamp(90_000)), []);
        assert_eq!(presence.look_at(), None);
    }
}

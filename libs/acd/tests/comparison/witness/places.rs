//! Invariants of where things are: 8 and 15.

use super::Witness;
use onqueue_acd::{Engine, InteractionPlace};
use onqueue_model::InteractionId;
use std::collections::BTreeSet;

impl Witness {
    pub fn each_is_in_one_place(&self, engine: &Engine) {
        let mut places: Vec<InteractionId> = Vec::new();
        for agent in engine.agents() {
            places.extend(agent.held);
            let alerting = agent
                .alerting
                .iter()
                .map(|offer| engine.offer(*offer).expect("it alerts"));
            places.extend(alerting.map(|offer| offer.interaction));
            let slots = self.slots.get(&agent.profile.id).map_or(0, Vec::len);
            assert_eq!(agent.active, slots + agent.external.len(), "8: {agent:?}");
            assert_eq!(
                agent.active_by_medium.iter().sum::<usize>(),
                agent.active,
                "8: {agent:?}"
            );
            if let Some(state) = self.states.get(&agent.profile.id) {
                assert_eq!(agent.state, *state, "8: {agent:?}");
            }
        }
        for queue in engine.queues() {
            let waiting: Vec<_> = engine.waiting(queue.config.id).collect();
            assert_eq!(waiting.len(), queue.waiting);
            assert!(waiting.iter().all(|one| one.place == InteractionPlace::Waiting));
            assert!(waiting.is_sorted_by_key(|one| one.rank));
            places.extend(waiting.iter().map(|one| one.id));
        }
        let distinct: BTreeSet<_> = places.iter().copied().collect();
        assert_eq!(distinct.len(), places.len(), "8: one place for each");
        let live: BTreeSet<_> = engine.interactions().map(|interaction| interaction.id).collect();
        assert_eq!(live, distinct, "8");
        assert_eq!(self.entered.len(), live.len() + self.ended.len(), "15: nobody is lost");
    }
}

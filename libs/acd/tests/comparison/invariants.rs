//! What holds after every command, checked from outside, on what the engine answers and did; numbers as in the design.

use onqueue_acd::{
    AgentState, AgentView, Applied, Command, Decision, Effect, Engine, InteractionPlace, InteractionView, OfferEnd,
};
use onqueue_model::{InteractionId, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// What the effects so far tell.
#[derive(Default)]
pub struct Witness {
    entered: BTreeSet<InteractionId>,
    ended: BTreeSet<InteractionId>,
    /// Who declined or missed what since they came on queue.
    spared: BTreeSet<(UserId, InteractionId)>,
    load: BTreeMap<UserId, usize>,
    states: BTreeMap<UserId, AgentState>,
    /// How many chats at once, as it was before the command.
    maxima: BTreeMap<UserId, u8>,
}

impl Witness {
    pub fn check(&mut self, engine: &Engine, command: &Command, applied: &Applied) {
        for effect in &applied.effects {
            self.see(engine, effect);
        }
        if let Command::Cancel { interaction } = command
            && self.entered.contains(interaction)
        {
            self.ended.insert(*interaction);
        }
        self.maxima = engine
            .agents()
            .map(|agent| (agent.profile.id, agent.profile.maximum_chats))
            .collect();
        work_is_conserved(engine);
        self.each_is_in_one_place(engine);
        let timed_out = |effect: &Effect| {
            matches!(
                effect,
                Effect::Rescinded {
                    end: OfferEnd::TimedOut,
                    ..
                }
            )
        };
        if !applied.effects.iter().any(timed_out) {
            self.nobody_is_bypassed(engine, applied);
        }
    }

    fn see(&mut self, engine: &Engine, effect: &Effect) {
        match effect {
            Effect::Queued { interaction, .. } => {
                assert!(!self.ended.contains(interaction), "an ended interaction came back");
                self.entered.insert(*interaction);
            }
            Effect::Offered { interaction, agent, .. } => self.offered(*interaction, *agent),
            Effect::Rescinded {
                interaction,
                agent,
                end,
                ..
            } => {
                *self.load.entry(*agent).or_default() -= 1;
                if matches!(end, OfferEnd::Declined | OfferEnd::TimedOut) {
                    self.spared.insert((*agent, *interaction));
                }
            }
            Effect::AgentStateChanged { agent, state } => self.turned(*agent, *state),
            Effect::Rejected { interaction, .. } if self.entered.contains(interaction) => {
                self.ended.insert(*interaction);
            }
            Effect::SlotFreed { agent, .. } => *self.load.entry(*agent).or_default() -= 1,
            Effect::DecisionRecorded { decision } => {
                self.has_room(engine, decision);
                explained(engine, decision);
            }
            _ => {}
        }
    }

    fn turned(&mut self, agent: UserId, state: AgentState) {
        let on = |state| matches!(state, AgentState::Idle | AgentState::Interacting);
        let former = self.states.insert(agent, state).unwrap_or(AgentState::OffQueue);
        if on(state) && !on(former) {
            self.spared.retain(|(who, _)| *who != agent);
        }
    }

    fn offered(&mut self, interaction: InteractionId, agent: UserId) {
        let spared = self.spared.contains(&(agent, interaction));
        assert!(!spared, "12: offered again to who declined it");
        *self.load.entry(agent).or_default() += 1;
    }

    /// 1: what was decided before the command's own time, by a timer, is held against what held then.
    fn has_room(&self, engine: &Engine, decision: &Decision) {
        let chosen = decision.candidates[0].agent;
        let maximum = if decision.at < engine.now() {
            self.maxima.get(&chosen).copied()
        } else {
            engine.agent(chosen).map(|agent| agent.profile.maximum_chats)
        };
        let load = self.load.get(&chosen).copied().unwrap_or(0);
        assert!(load <= usize::from(maximum.unwrap_or(0)), "1: above capacity");
    }

    /// 4, 5, 7: who got an offer could not have had one that waits still and ranks before it.
    fn nobody_is_bypassed(&self, engine: &Engine, applied: &Applied) {
        for effect in &applied.effects {
            let Effect::DecisionRecorded { decision } = effect else {
                continue;
            };
            let agent = engine.agent(decision.candidates[0].agent).expect("offered");
            for waiting in engine.queues().flat_map(|queue| engine.waiting(queue.config.id)) {
                let spared = self.spared.contains(&(agent.profile.id, waiting.id));
                if fits(&agent, &waiting) && !spared {
                    assert!(
                        decision.rank_key <= waiting.rank_key,
                        "4, 5, 7: {decision:?} before {waiting:?}"
                    );
                }
            }
        }
    }

    fn each_is_in_one_place(&self, engine: &Engine) {
        let mut places: Vec<InteractionId> = Vec::new();
        for agent in engine.agents() {
            places.extend(agent.held);
            places.extend(
                agent
                    .alerting
                    .iter()
                    .filter_map(|offer| Some(engine.offer(*offer)?.interaction)),
            );
            assert_eq!(agent.active, self.load.get(&agent.profile.id).copied().unwrap_or(0));
        }
        for queue in engine.queues() {
            let waiting: Vec<_> = engine.waiting(queue.config.id).collect();
            assert_eq!(waiting.len(), queue.waiting);
            assert!(waiting.iter().all(|one| one.place == InteractionPlace::Waiting));
            assert!(waiting.is_sorted_by_key(|one| one.rank_key));
            places.extend(waiting.iter().map(|one| one.id));
        }
        let distinct: BTreeSet<_> = places.iter().copied().collect();
        assert_eq!(distinct.len(), places.len(), "8: one place for each");
        let live: BTreeSet<_> = engine.interactions().map(|interaction| interaction.id).collect();
        assert_eq!(live, distinct);
        assert_eq!(self.entered.len(), live.len() + self.ended.len(), "15: nobody is lost");
    }
}

/// 3: no waiting interaction has an eligible agent; and its explanation accounts for every member (11).
fn work_is_conserved(engine: &Engine) {
    for waiting in engine
        .interactions()
        .filter(|interaction| interaction.place == InteractionPlace::Waiting)
    {
        let members = engine
            .agents()
            .filter(|agent| agent.profile.queues.contains_key(&waiting.queue))
            .count();
        let explanation = engine.explain(waiting.id, Timestamp(0)).expect("it waits");
        assert!(explanation.candidates.is_empty(), "3: {explanation:?}");
        let excluded: u32 = explanation.excluded.iter().map(|(_, number)| number).sum();
        assert_eq!(excluded as usize, members, "11: {explanation:?}");
    }
}

fn fits(agent: &AgentView<'_>, wish: &InteractionView<'_>) -> bool {
    let joined = agent
        .profile
        .queues
        .get(&wish.queue)
        .is_some_and(|membership| membership.joined);
    let skilled = wish
        .requirements
        .skills
        .iter()
        .all(|(skill, least)| agent.profile.has(*skill, *least));
    let speaks = wish
        .requirements
        .language
        .as_ref()
        .is_none_or(|language| agent.profile.speaks(language));
    joined && skilled && speaks
}

/// 6, 11: the chosen is the best of the named, they are in order, and each is what it says.
fn explained(engine: &Engine, decision: &Decision) {
    let order = |one: &onqueue_acd::Candidate| (std::cmp::Reverse(one.idle_ms), one.agent);
    assert!(decision.candidates.is_sorted_by_key(order), "6: {decision:?}");
    assert!(decision.excluded.is_sorted(), "11: {decision:?}");
    let offer = engine.offer(decision.offer).expect("just made");
    assert_eq!(offer.agent, decision.candidates[0].agent, "11: {decision:?}");
    assert_eq!(offer.interaction, decision.interaction, "11: {decision:?}");
}

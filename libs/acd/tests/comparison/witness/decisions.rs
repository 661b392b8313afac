//! Invariants of what is decided: 1–7, 11, 12.

use super::{Kind, Witness};
use onqueue_acd::{
    AgentExplanation, Candidate, Decided, Decision, Effect, Engine, Evaluation, Exclusion, InteractionPlace,
    InteractionView, Rank, Stage,
};
use onqueue_model::UserId;
use std::cmp::Reverse;
use std::collections::BTreeMap;

impl Witness {
    /// Of one decision, just made.
    pub fn decided(&self, engine: &Engine, decision: &Decision) {
        let chosen = decision.candidates[0].agent;
        let offer = engine.offer(decision.offer).expect("just made");
        assert_eq!(
            (offer.agent, offer.interaction),
            (chosen, decision.interaction),
            "11: {decision:?}"
        );
        let kind = &self.kinds[&decision.interaction];
        let has_room = self.has_room(engine, chosen, kind, 1);
        assert!(has_room || decision.decided == Decided::ByForce, "1: {decision:?}");
        self.is_the_best(decision);
        if decision.stage != Stage::ByHand {
            is_skilled(engine, decision);
            let spared = self.spared.contains(&(chosen, decision.interaction));
            assert!(!spared, "12: {decision:?}");
        }
    }

    /// 6, 11: the chosen is the first of the named, who are in order.
    fn is_the_best(&self, decision: &Decision) {
        let least_loaded = self.settings.least_loaded;
        let order = |one: &Candidate| {
            let active = if least_loaded { one.active } else { 0 };
            let better = Reverse((one.preference, one.proficiency));
            (better, active, Reverse(one.idle_ms), one.agent)
        };
        assert!(decision.candidates.is_sorted_by_key(order), "6: {decision:?}");
        assert!(decision.excluded.is_sorted(), "11: {decision:?}");
        assert!(
            decision.candidates.len() <= decision.eligible as usize,
            "11: {decision:?}"
        );
        let week = 7 * 86_400_000;
        assert!(
            decision.candidates.iter().all(|one| one.idle_ms <= week),
            "6: {decision:?}"
        );
    }

    /// 4, 5, 7: the decision, and who ranked before, waits still, and could have had the agent then.
    pub fn bypass(&self, engine: &Engine, decision: &Decision) -> Option<(Decision, String)> {
        let chosen = decision.candidates[0].agent;
        if decision.stage == Stage::ByHand {
            return None;
        }
        let rank = rank(engine, decision);
        let waiting = engine.interactions().filter(|it| it.place == InteractionPlace::Waiting);
        let mut before = waiting.filter(|it| it.rank < rank);
        let passed_over = before.find(|it| self.could(engine, chosen, it))?;
        Some((decision.clone(), format!("{passed_over:?}")))
    }

    /// Whether room alone kept the agent from having it, and they had that before the offer just made.
    fn could(&self, engine: &Engine, agent: UserId, wish: &InteractionView<'_>) -> bool {
        let explained = engine.explain_agent(wish.id, agent, engine.now());
        let for_room = matches!(
            explained,
            Some(AgentExplanation::Excluded {
                exclusion: Exclusion::AtCapacity(_) | Exclusion::BlockedBy(_) | Exclusion::AtLabel(_),
                ..
            })
        );
        let is_named = wish.requirements.preferred.contains_key(&agent) || wish.requirements.last_agent == Some(agent);
        for_room
            && !is_named
            && self.has_room(engine, agent, &Kind::of(wish.requirements), 1)
            && is_able(engine, agent, wish)
    }
}

/// 2: whoever is not named by the pool has the language and every skill that is still required.
fn is_skilled(engine: &Engine, decision: &Decision) {
    let wish = engine.interaction(decision.interaction).expect("it was offered");
    let chosen = decision.candidates[0].agent;
    let is_named = wish.requirements.preferred.contains_key(&chosen) || wish.requirements.last_agent == Some(chosen);
    let config = engine.queue(decision.queue).expect("it was offered from it").config;
    if is_named || config.evaluation == Evaluation::Disregard {
        return;
    }
    let profile = engine.agent(chosen).expect("they were chosen").profile;
    let required = decision
        .skills
        .iter()
        .map(|skill| (*skill, wish.requirements.skills[skill]));
    for (skill, least) in required {
        assert!(profile.has(skill, least), "2: {skill} in {decision:?}");
    }
    let speaks = decision
        .language
        .as_ref()
        .is_none_or(|language| profile.speaks(language));
    assert!(speaks, "2: {decision:?}");
}

fn is_able(engine: &Engine, agent: UserId, wish: &InteractionView<'_>) -> bool {
    let (Some(agent), Some(queue)) = (engine.agent(agent), engine.queue(wish.queue)) else {
        return false;
    };
    let explanation = engine.explain(wish.id, engine.now()).expect("it waits");
    let mut skills = explanation
        .skills
        .iter()
        .map(|skill| (*skill, wish.requirements.skills[skill]));
    let speaks = wish
        .requirements
        .language
        .as_ref()
        .is_none_or(|language| agent.profile.speaks(language));
    let is_skilled = skills.all(|(skill, least)| agent.profile.has(skill, least));
    queue.config.evaluation == Evaluation::Disregard || (speaks && is_skilled)
}

fn rank(engine: &Engine, decision: &Decision) -> Rank {
    let offered = engine.interaction(decision.interaction).expect("it was offered");
    assert_eq!(offered.rank.key, decision.rank_key);
    offered.rank
}

/// 4: within a pass room only shrinks, so that what is offered goes from the best rank to the worst.
pub fn in_order_of_rank(engine: &Engine, effects: &[Effect]) {
    let decisions = effects.iter().filter_map(|effect| match effect {
        Effect::DecisionRecorded { decision } if decision.stage != Stage::ByHand => Some(decision),
        _ => None,
    });
    let ranks: Vec<Rank> = decisions.map(|decision| rank(engine, decision)).collect();
    assert!(ranks.is_sorted(), "4: {ranks:?}");
}

/// 3: no waiting interaction has an eligible agent; 11: and each agent has a reason, which can be asked for one by one.
pub fn everybody_who_waits_is_explained(engine: &Engine) {
    for waiting in engine.interactions().filter(|it| it.place == InteractionPlace::Waiting) {
        let explanation = engine.explain(waiting.id, engine.now()).expect("it waits");
        assert!(explanation.candidates.is_empty(), "3: {explanation:?}");
        assert_eq!(explanation.eligible, 0, "3: {explanation:?}");
        let mut reasons: BTreeMap<Exclusion, u32> = BTreeMap::new();
        for agent in engine.agents() {
            let explained = engine.explain_agent(waiting.id, agent.profile.id, engine.now());
            let Some(AgentExplanation::Excluded { exclusion, load }) = explained else {
                panic!("3: {explained:?} of {waiting:?}");
            };
            if let Some(load) = load {
                let is_full = load.active >= load.maximum || matches!(exclusion, Exclusion::BlockedBy(_));
                assert!(is_full, "11: {explained:?}");
            }
            *reasons.entry(exclusion).or_default() += 1;
        }
        let mut counted = explanation.excluded.clone();
        // Whom nobody asked about is no member either.
        counted.retain(|(exclusion, _)| *exclusion != Exclusion::NotMember);
        reasons.remove(&Exclusion::NotMember);
        assert_eq!(counted, reasons.into_iter().collect::<Vec<_>>(), "11: {waiting:?}");
    }
}

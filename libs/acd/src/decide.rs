//! The routing pass: who gets what, and the record of why.

use crate::bits::Bits;
use crate::index::Index;
use crate::lines::GroupId;
use crate::roster::Survey;
use crate::rules::Rules;
use crate::state::{Place, Presence, Rank, State};
use crate::turn::Turn;
use crate::{Candidate, Decided, Decision, Effect, OfferOutcome, OfferView, Stage};
use onqueue_model::{InteractionId, OfferId, Timestamp, UserId};
use sha2::{Digest, Sha256};
use std::time::Duration;
use uuid::Uuid;

/// How many candidates a decision names.
const NAMED: usize = 10;

/// The best-ranked group for which somebody may be eligible.
struct Nominated {
    rank: Rank,
    group: GroupId,
    /// The agent who is.
    by: Option<UserId>,
}

impl Turn<'_> {
    /// Makes every offer that can be made, best rank first. Before the turn no waiting interaction had an eligible agent, so
    /// only new groups, and agents who gained something, need be looked at.
    pub fn route(&mut self) {
        while let Some(nominated) = self.nominate() {
            if self.offer_head(nominated.group) {
                continue;
            }
            self.index.lines.settle(nominated.group);
            if let Some(agent) = nominated.by {
                self.index.gained.remove(&agent);
            }
        }
    }

    fn nominate(&mut self) -> Option<Nominated> {
        let fresh = self.index.lines.first_fresh();
        let mut best = fresh.map(|(rank, group)| Nominated { rank, group, by: None });
        for agent in self.index.gained.clone() {
            let Some((rank, group)) = self.first_suitable(agent) else {
                self.index.gained.remove(&agent);
                continue;
            };
            if best.as_ref().is_none_or(|best| rank < best.rank) {
                let by = Some(agent);
                best = Some(Nominated { rank, group, by });
            }
        }
        best
    }

    /// The best-ranked group that the agent may be offered.
    fn first_suitable(&self, agent: UserId) -> Option<(Rank, GroupId)> {
        let agent = self.state.agents.get(&agent)?;
        if agent.presence != Presence::On || !agent.has_room(self.rules) {
            return None;
        }
        let Index { lines, roster, .. } = &*self.index;
        let suits = |group: GroupId| lines.signature(group).is_some_and(|wish| roster.suits(agent, wish));
        let joined = agent.profile.queues.iter().filter(|(_, membership)| membership.joined);
        let mut first: Option<(Rank, GroupId)> = None;
        for (queue, _) in joined {
            for lead in std::iter::once(None).chain(agent.profile.skills.keys().copied().map(Some)) {
                let heads = lines.heads(*queue, lead);
                let mut better = heads.take_while(|(rank, _)| first.is_none_or(|(best, _)| *rank < best));
                first = better.find(|(_, group)| suits(*group)).or(first);
            }
        }
        first
    }

    /// Offers the first interaction of the group to its best agent; false if it has none.
    fn offer_head(&mut self, group: GroupId) -> bool {
        let Index { lines, roster, .. } = &*self.index;
        let Some((signature, interaction)) = lines.signature(group).zip(lines.head(group)) else {
            return false;
        };
        let survey = roster.survey(signature);
        let candidates = candidates(self.state, self.index, self.rules, &survey.eligible, self.state.now);
        if candidates.is_empty() {
            return false;
        }
        let decision = self.decision(interaction, survey, candidates);
        self.offer(decision);
        true
    }

    fn decision(&self, id: InteractionId, survey: Survey, candidates: Vec<Candidate>) -> Decision {
        let interaction = &self.state.interactions[&id];
        Decision {
            interaction: id,
            queue: interaction.queue,
            at: self.state.now,
            offer: offer_id(id, self.state.offers_made),
            rank_key: interaction.rank(self.rules).key,
            stage: Stage::Standard,
            eligible: survey.eligible.len() as u32,
            skills: interaction.requirements.skills.keys().copied().collect(),
            language: interaction.requirements.language.clone(),
            decided: decided(&candidates),
            candidates,
            excluded: survey.excluded,
        }
    }

    fn offer(&mut self, decision: Decision) {
        let offer = self.new_offer(&decision);
        if let Some(interaction) = self.state.interactions.get_mut(&offer.interaction) {
            interaction.place = Place::Alerting { offer: offer.id };
            self.index.lines.remove(offer.queue, interaction.rank(self.rules));
        }
        self.index.lines.started_alerting(offer.queue);
        self.index.timers.insert((offer.expires, offer.number, offer.id));
        self.state.offers.insert(offer.id, offer);
        self.state.offers_made += 1;
        self.note(Effect::Offered {
            interaction: offer.interaction,
            agent: offer.agent,
            offer: offer.id,
            queue: offer.queue,
            expires: offer.expires,
            entered: offer.entered,
        });
        self.note(Effect::DecisionRecorded { decision });
        self.change_agent(offer.agent, |agent| {
            agent.alerting.insert(offer.id);
        });
    }

    fn new_offer(&self, decision: &Decision) -> OfferView {
        let alerting = self.state.queues[&decision.queue].alerting_timeout_ms;
        OfferView {
            id: decision.offer,
            number: self.state.offers_made,
            interaction: decision.interaction,
            agent: decision.candidates[0].agent,
            queue: decision.queue,
            entered: self.state.interactions[&decision.interaction].entered,
            offered_at: self.state.now,
            expires: self.state.now + Duration::from_millis(alerting),
            outcome: OfferOutcome::Alerting,
        }
    }
}

/// The ten best of the eligible as of `now`, best first.
pub(crate) fn candidates(
    state: &State,
    index: &Index,
    rules: &Rules,
    eligible: &Bits,
    now: Timestamp,
) -> Vec<Candidate> {
    let best = index.roster.best(eligible, NAMED);
    let candidate = |id: UserId| {
        let agent = &state.agents[&id];
        let idle = agent
            .last_used
            .map_or(rules.idle_cap, |at| now.since(at).min(rules.idle_cap));
        Candidate {
            agent: id,
            preference: None,
            proficiency: 0,
            idle_ms: u64::try_from(idle.as_millis()).unwrap_or(u64::MAX),
            active: u8::try_from(agent.active()).unwrap_or(u8::MAX),
        }
    };
    best.into_iter().map(candidate).collect()
}

fn decided(candidates: &[Candidate]) -> Decided {
    match candidates {
        [first, second, ..] if first.idle_ms == second.idle_ms => Decided::AgentId,
        [_, _, ..] => Decided::LongestIdle,
        _ => Decided::OnlyCandidate,
    }
}

fn offer_id(interaction: InteractionId, offers_made: u64) -> OfferId {
    let hash = Sha256::new()
        .chain_update(interaction.conversation.uuid().as_bytes())
        .chain_update(interaction.opening.to_be_bytes())
        .chain_update(offers_made.to_be_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    OfferId::new(Uuid::from_bytes(bytes))
}

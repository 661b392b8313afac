//! The routing pass: who gets what, and the record of why.

use crate::contest::Contest;
use crate::lines::{Group, Prospect};
use crate::offers::Answer;
use crate::stage::{Signature, asked};
use crate::state::State;
use crate::survey::{Current, Survey};
use crate::table::Slot;
use crate::turn::Turn;
use crate::{Candidate, Decided, Decision, Medium, Rank, Recording};
use onqueue_model::Timestamp;

/// How many candidates a decision names.
pub(crate) const NAMED: usize = 10;

/// The best-ranked group for which somebody may be eligible.
struct Nominated {
    rank: Rank,
    group: Group,
    /// The agent who is.
    by: Option<Slot>,
}

impl Turn<'_> {
    /// Makes every offer that can be made, best rank first. Before the turn no waiting interaction had an eligible agent, so
    /// only new groups, and agents who gained something, need be looked at.
    pub fn route(&mut self) {
        if self.rules.head_blocks_line {
            self.route_heads();
        } else {
            self.route_all();
        }
        self.index.roster.settle(self.state.now);
    }

    fn route_all(&mut self) {
        self.route_newcomer();
        while let Some(nominated) = self.nominate() {
            let signature = std::sync::Arc::clone(self.index.lines.signature(nominated.group));
            let interaction = self.index.lines.head(nominated.group);
            if self.offer_to_best(interaction, &signature) {
                continue;
            }
            self.index.lines.settle(nominated.group);
            if let Some(agent) = nominated.by {
                self.index.gained.retain(|gained| *gained != agent);
            }
        }
    }

    /// Where nothing else has changed, what has just entered is all there is to look at: it gets its best agent, or stands in
    /// line for good.
    fn route_newcomer(&mut self) {
        if !self.index.gained.is_empty() || self.index.lines.first_fresh().is_some() {
            return self.seat_newcomer();
        }
        let Some(newcomer) = self.newcomer.take() else { return };
        let due = self.set_stage(newcomer);
        let Some(signature) = self.sign(newcomer) else { return };
        if self.index.lines.knows(&signature) || !self.offer_to_best(newcomer, &signature) {
            self.insert(newcomer, signature, due, Prospect::None);
        }
    }

    fn nominate(&mut self) -> Option<Nominated> {
        let fresh = self.index.lines.first_fresh();
        let mut best = fresh.map(|(rank, group)| Nominated { rank, group, by: None });
        let mut place = 0;
        while let Some(agent) = self.index.gained.get(place).copied() {
            let Some((rank, group)) = self.first_suitable(agent) else {
                self.index.gained.swap_remove(place);
                continue;
            };
            if best.as_ref().is_none_or(|best| rank < best.rank) {
                let by = Some(agent);
                best = Some(Nominated { rank, group, by });
            }
            place += 1;
        }
        best
    }

    /// The best-ranked group that the agent may be offered.
    fn first_suitable(&self, slot: Slot) -> Option<(Rank, Group)> {
        let (lines, roster) = (&self.index.lines, &self.index.roster);
        let agent = roster.entry(slot);
        if !agent.is_on() {
            return None;
        }
        let suits = |group: Group| roster.why_not(slot, lines.signature(group)).is_none();
        let mut first = lines.naming(agent.id).find(|(_, group)| suits(*group));
        for seat in agent.seats.iter().filter(|seat| seat.joined) {
            let media = agent.media_with_room();
            for medium in media.filter(|medium| lines.has_heads(seat.pool, *medium)) {
                first = self.better_in(seat.pool, medium, slot, first).or(first);
            }
        }
        first
    }

    /// The best-ranked group open to members of a queue that the agent may be offered, if it is better than the best so far.
    /// Mostly it is not far from the front; if it is, going by what the agent knows spares the rest.
    fn better_in(&self, queue: u32, medium: Medium, slot: Slot, best: Option<(Rank, Group)>) -> Option<(Rank, Group)> {
        let (lines, roster) = (&self.index.lines, &self.index.roster);
        let agent = roster.entry(slot);
        let suits = |group: Group| roster.why_not(slot, lines.signature(group)).is_none();
        let is_better = |rank: Rank, best: Option<(Rank, Group)>| best.is_none_or(|(best, _)| rank < best);
        let in_front = lines.front(queue, medium, agent.knows);
        let mut better = in_front.take_while(|(rank, _)| is_better(*rank, best));
        if let Some(found) = better.find(|(_, group)| suits(*group)) {
            return Some(found);
        }
        let last = lines
            .end_of_front(queue, medium)
            .filter(|last| is_better(*last, best))?;
        let mut found = None;
        for lead in std::iter::once(None).chain(agent.leads().map(Some)) {
            let behind = lines.heads_led(queue, medium, lead, agent.knows, last);
            let mut better = behind.take_while(|(rank, _)| is_better(*rank, found.or(best)));
            found = better.find(|(_, group)| suits(*group)).or(found);
        }
        found
    }

    /// Under the wrong rule by which whoever is first in a queue holds up those behind.
    fn route_heads(&mut self) {
        self.seat_newcomer();
        self.index.gained.clear();
        self.index.lines.settle_all();
        loop {
            let mut heads: Vec<(Rank, Slot)> = self.index.lines.first_of_each().collect();
            heads.sort_unstable();
            let offered = heads.into_iter().any(|(_, slot)| {
                let signature = self.sign(slot);
                signature.is_some_and(|signature| self.offer_to_best(slot, &signature))
            });
            if !offered {
                return;
            }
        }
    }

    /// Offers an interaction to its best agent; false if it has none.
    fn offer_to_best(&mut self, slot: Slot, signature: &Signature) -> bool {
        self.index.roster.prepare(signature);
        let mut survey = std::mem::take(&mut self.index.survey);
        survey.make(&self.index.roster, &self.state.agents, signature, self.recording);
        let offered = self.offer_to_first(slot, &mut survey);
        self.index.survey = survey;
        offered
    }

    fn offer_to_first(&mut self, slot: Slot, survey: &mut Survey) -> bool {
        let eligible = survey.eligible();
        if eligible == 0 {
            return false;
        }
        if survey.is_large() {
            self.index.roster.settle(self.state.now);
        }
        let named = if self.recording == Recording::Off { 1 } else { NAMED };
        let Some(contest) = Contest::of(self.state, &self.index.roster, self.rules, slot, self.state.now) else {
            return false;
        };
        let everybody = match self.recording {
            Recording::Whole => Some(contest.everybody(&mut survey.clone())),
            Recording::On | Recording::Off => None,
        };
        let candidates = contest.candidates(survey, Current::Yes, named);
        let Some(agent) = candidates.first().and_then(|best| self.state.agents.slot(best.agent)) else {
            return false;
        };
        let decision = (self.recording != Recording::Off).then(|| Decision {
            eligible: u32::try_from(eligible).unwrap_or(u32::MAX),
            decided: decided(&candidates, self.state),
            candidates: everybody.unwrap_or(candidates),
            excluded: survey.excluded(),
            ..self.bare_decision(slot)
        });
        self.leave_line(slot);
        self.offer(slot, agent, decision, Answer::AsConfigured);
        true
    }

    /// What a decision says of the interaction and the moment.
    pub fn bare_decision(&self, slot: Slot) -> Decision {
        let interaction = &self.state.interactions[slot];
        let config = self.state.config(interaction.queue);
        Decision {
            interaction: interaction.id,
            queue: interaction.queue,
            at: self.state.now,
            offer: self.next_offer(interaction.id),
            rank_key: config.map_or(0, |config| interaction.rank(config.scoring, self.rules).key),
            stage: interaction.stage,
            skills: config.map_or_else(Vec::new, |config| asked(interaction, &config.method)),
            language: interaction.requirements.language.clone(),
            eligible: 0,
            candidates: Vec::new(),
            excluded: Vec::new(),
            decided: Decided::OnlyCandidate,
        }
    }

    /// An agent as somebody else's choice finds them.
    pub fn candidate_by_hand(&self, agent: Slot) -> Candidate {
        let entry = self.index.roster.entry(agent);
        Candidate {
            agent: entry.id,
            preference: None,
            proficiency: 0,
            idle_ms: idle_ms(self.state.last_used(agent), self.rules, self.state.now),
            active: u8::try_from(entry.burden.total()).unwrap_or(u8::MAX),
        }
    }
}

/// How long somebody last used then has been idle.
pub(crate) fn idle_ms(used: Option<Timestamp>, rules: &crate::Rules, now: Timestamp) -> u64 {
    let idle = used.map_or(rules.idle_cap, |at| now.since(at).min(rules.idle_cap));
    u64::try_from(idle.as_millis()).unwrap_or(u64::MAX)
}

fn decided(candidates: &[Candidate], state: &State) -> Decided {
    let [first, second, ..] = candidates else {
        return Decided::OnlyCandidate;
    };
    if first.preference != second.preference {
        Decided::Preference
    } else if first.proficiency != second.proficiency {
        Decided::Proficiency
    } else if state.settings.least_loaded && first.active != second.active {
        Decided::LeastLoaded
    } else if first.idle_ms != second.idle_ms {
        Decided::LongestIdle
    } else {
        Decided::AgentId
    }
}

//! What people decide themselves: assignment by hand, pulling from the line, transfer.

use crate::handle::Handled;
use crate::offers::Answer;
use crate::state::{Place, Presence};
use crate::table::Slot;
use crate::turn::{Age, Entry, Turn};
use crate::{Decided, Decision, OfferEnd, Recording, Refusal, Requirements, Stage};
use onqueue_model::{InteractionId, OfferId, QueueId, UserId};

/// Whether an agent gets something even if they are off queue or have no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Force {
    Yes,
    No,
}

impl From<bool> for Force {
    fn from(forced: bool) -> Self {
        if forced { Self::Yes } else { Self::No }
    }
}

impl Turn<'_> {
    pub fn assign_by_hand(&mut self, interaction: InteractionId, agent: UserId, force: Force) -> Handled {
        let to = self.agent_slot(agent)?;
        let slot = self.interaction_slot(interaction)?;
        let place = self.state.interactions[slot].place;
        let alerting = match place {
            Place::Held { .. } => return Err(Refusal::AlreadyAssigned),
            Place::Alerting { offer } => Some(offer),
            Place::Waiting => None,
        };
        let alerts_them = |offer: OfferId| self.state.offers.get(offer).is_some_and(|offer| offer.agent == agent);
        if alerting.is_some_and(alerts_them) {
            return Ok(());
        }
        let decided = match self.can_take(to, slot) {
            Ok(()) => Decided::ByHand,
            Err(_) if force == Force::Yes => Decided::ByForce,
            Err(refusal) => return Err(refusal),
        };
        match alerting {
            Some(offer) => self.end_offer(offer, OfferEnd::Reassigned),
            None => self.leave_line(slot),
        }
        self.offer_by_hand(slot, to, decided, Answer::AsConfigured);
        Ok(())
    }

    pub fn pull(&mut self, agent: UserId, interaction: InteractionId) -> Handled {
        let to = self.agent_slot(agent)?;
        let slot = self.interaction_slot(interaction)?;
        let it = &self.state.interactions[slot];
        if it.place != Place::Waiting {
            return Err(Refusal::NotWaiting);
        }
        let membership = self.state.agents[to].profile.queues.get(&it.queue);
        if !membership.ok_or(Refusal::NotMember)?.joined {
            return Err(Refusal::NotJoined);
        }
        self.can_take(to, slot)?;
        self.leave_line(slot);
        self.offer_by_hand(slot, to, Decided::Pulled, Answer::Given);
        Ok(())
    }

    /// Whether an agent is on queue and has room for an interaction.
    pub fn can_take(&self, agent: Slot, interaction: Slot) -> Handled {
        if self.state.agents[agent].presence != Presence::On {
            return Err(Refusal::OffQueue);
        }
        let work = self.state.interactions[interaction].work();
        let full = self.index.roster.full(agent, work.medium, &work.labels);
        if full.is_some() {
            Err(Refusal::AtCapacity)
        } else {
            Ok(())
        }
    }

    pub fn offer_by_hand(&mut self, interaction: Slot, agent: Slot, decided: Decided, answer: Answer) {
        let decision = (self.recording != Recording::Off).then(|| self.decision_by_hand(interaction, agent, decided));
        self.offer(interaction, agent, decision, answer);
    }

    fn decision_by_hand(&self, interaction: Slot, agent: Slot, decided: Decided) -> Decision {
        let candidate = self.candidate_by_hand(agent);
        Decision {
            stage: Stage::ByHand,
            eligible: 1,
            candidates: vec![candidate],
            excluded: Vec::new(),
            decided,
            ..self.bare_decision(interaction)
        }
    }

    pub fn transfer(
        &mut self,
        id: InteractionId,
        queue: QueueId,
        age: Age,
        agent: Option<UserId>,
        wanted: Option<Requirements>,
    ) -> Handled {
        let to = agent.map(|agent| self.agent_slot(agent)).transpose()?;
        let slot = self.interaction_slot(id)?;
        let it = &self.state.interactions[slot];
        let counted = it.queue == queue && !matches!(it.place, Place::Held { .. });
        self.admit(queue, usize::from(counted))?;
        if let Some(to) = to {
            self.can_take(to, slot)?;
        }
        self.leave(slot);
        self.redirect(slot, queue, age, wanted);
        match to {
            Some(to) => self.offer_by_hand(slot, to, Decided::ByHand, Answer::AsConfigured),
            None => self.stand_in_line(slot, Entry::New),
        }
        Ok(())
    }

    /// Takes an interaction from wherever it is.
    fn leave(&mut self, slot: Slot) {
        match self.state.interactions[slot].place {
            Place::Waiting => self.leave_line(slot),
            Place::Alerting { offer } => self.end_offer(offer, OfferEnd::Reassigned),
            Place::Held { agent, offer } => {
                self.end_twin(slot);
                let interaction = &mut self.state.interactions[slot];
                interaction.declined.insert(agent);
                let id = interaction.id;
                if let Some(agent) = self.state.agents.get_mut(agent) {
                    agent.declined.insert(id);
                }
                self.let_go(agent, slot, offer);
            }
        }
    }

    /// Makes an interaction one of another queue, or anew of its own.
    fn redirect(&mut self, slot: Slot, queue: QueueId, age: Age, wanted: Option<Requirements>) {
        let now = self.state.now;
        let keeps = age == Age::Kept && self.rules.transfer_keeps_age;
        if age == Age::None {
            self.state.entries += 1;
        }
        let position = self.state.entries;
        let interaction = &mut self.state.interactions[slot];
        if !keeps {
            interaction.entered = now;
        }
        if age == Age::None {
            interaction.position = position;
        }
        interaction.queue = queue;
        interaction.stage_since = now;
        interaction.hold = None;
        interaction.requirements.preferred.clear();
        interaction.requirements.last_agent = None;
        if let Some(wanted) = wanted {
            interaction.requirements.skills = wanted.skills;
            interaction.requirements.language = wanted.language;
        }
        interaction.place = Place::Waiting;
        self.open(slot);
        self.set_stage(slot);
    }
}

//! One turn of the engine: the transitions of agents, interactions and offers, which keep state and index in step and note
//! each effect.

use crate::index::Index;
use crate::rules::Rules;
use crate::state::{Agent, Interaction, Place, State};
use crate::{Effect, OfferEnd, OfferOutcome, OfferView};
use onqueue_model::{InteractionId, OfferId, Timestamp, UserId};

pub(crate) struct Turn<'e> {
    pub state: &'e mut State,
    pub index: &'e mut Index,
    pub rules: &'e Rules,
    effects: Vec<Effect>,
}

impl<'e> Turn<'e> {
    pub fn new(state: &'e mut State, index: &'e mut Index, rules: &'e Rules) -> Self {
        Self {
            state,
            index,
            rules,
            effects: Vec::new(),
        }
    }

    pub fn into_effects(self) -> Vec<Effect> {
        self.effects
    }

    pub fn note(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Lets each timer that was due before fire at its time, with a pass of its own.
    pub fn fire_timers_before(&mut self, now: Timestamp) {
        while let Some((due, ..)) = self.index.timers.first().copied()
            && due < now
        {
            self.pass_time(due);
            self.lapse_offers();
            self.route();
        }
    }

    pub fn pass_time(&mut self, now: Timestamp) {
        self.state.now = now.max(self.state.now);
        self.index.roster.age(self.state.now);
    }

    /// Ends the offers that have alerted long enough by now.
    pub fn lapse_offers(&mut self) {
        self.end_due_offers(OfferEnd::TimedOut);
    }

    /// Ends the same offers for that reason.
    pub fn end_due_offers(&mut self, end: OfferEnd) {
        while let Some((at, _, offer)) = self.index.timers.first().copied()
            && at <= self.state.now
        {
            self.end_offer(offer, end);
        }
    }

    /// Changes an agent, and tells if that changed their state or load.
    pub fn change_agent(&mut self, id: UserId, change: impl FnOnce(&mut Agent)) {
        let Some(agent) = self.state.agents.get_mut(&id) else {
            return;
        };
        let before = (agent.state(), agent.active());
        change(agent);
        let state = agent.state();
        if state != before.0 {
            agent.since = self.state.now;
        }
        let changed = (state, agent.active()) != before;
        self.index.roster.refresh(agent, self.state.now);
        if changed {
            self.note(Effect::AgentStateChanged { agent: id, state });
        }
    }

    /// Puts a new interaction in line.
    pub fn enter(&mut self, interaction: Interaction) {
        let id = interaction.id;
        self.state.interactions.insert(id, interaction);
        self.stand_in_line(id);
    }

    fn stand_in_line(&mut self, id: InteractionId) {
        let Some(interaction) = self.state.interactions.get_mut(&id) else {
            return;
        };
        interaction.place = Place::Waiting;
        self.index
            .lines
            .insert(interaction.rank(self.rules), id, interaction.signature());
        let queue = interaction.queue;
        self.note(Effect::Queued { interaction: id, queue });
    }

    /// Ends an alerting offer without an acceptance. Unless it ended itself, the interaction waits again, at its old place.
    pub fn end_offer(&mut self, id: OfferId, end: OfferEnd) {
        let Some(offer) = self.stop_alerting(id, OfferOutcome::Ended(end)) else {
            return;
        };
        self.state.retire_offer(id);
        self.note(Effect::Rescinded {
            interaction: offer.interaction,
            agent: offer.agent,
            offer: id,
            end,
        });
        let missed = matches!(end, OfferEnd::Declined | OfferEnd::TimedOut);
        if let Some(interaction) = self.state.interactions.get_mut(&offer.interaction).filter(|_| missed) {
            interaction.declined.insert(offer.agent);
        }
        if end != OfferEnd::Cancelled {
            self.stand_in_line(offer.interaction);
        }
        self.change_agent(offer.agent, |agent| {
            agent.alerting.remove(&id);
            if missed {
                agent.declined.insert(offer.interaction);
            }
            if end == OfferEnd::TimedOut {
                agent.presence = crate::state::Presence::Silent;
            }
        });
        self.index.gained.insert(offer.agent);
    }

    pub fn stop_alerting(&mut self, id: OfferId, outcome: OfferOutcome) -> Option<OfferView> {
        let offer = self.state.offers.get_mut(&id).filter(|offer| offer.is_alerting())?;
        offer.outcome = outcome;
        self.index.timers.remove(&(offer.expires, offer.number, id));
        self.index.lines.stopped_alerting(offer.queue);
        Some(*offer)
    }

    /// Gives the interaction to whom it alerts.
    pub fn assign(&mut self, id: OfferId) {
        let Some(offer) = self.stop_alerting(id, OfferOutcome::Accepted) else {
            return;
        };
        let OfferView { interaction, agent, .. } = offer;
        if let Some(interaction) = self.state.interactions.get_mut(&interaction) {
            interaction.place = Place::Held { agent, offer: id };
        }
        self.note(Effect::Assigned {
            interaction,
            agent,
            offer: id,
        });
        let now = self.state.now;
        self.change_agent(agent, |agent| {
            agent.alerting.remove(&id);
            agent.held.insert(interaction);
            agent.last_used = Some(now);
        });
    }

    /// The interaction is over, wherever it is.
    pub fn end_interaction(&mut self, id: InteractionId) {
        let Some(interaction) = self.state.interactions.get(&id) else {
            return;
        };
        match interaction.place {
            Place::Waiting => self.index.lines.remove(interaction.queue, interaction.rank(self.rules)),
            Place::Alerting { offer } => self.end_offer(offer, OfferEnd::Cancelled),
            Place::Held { agent, offer } => self.free_slot(agent, id, offer),
        }
        self.forget(id);
    }

    fn free_slot(&mut self, agent: UserId, interaction: InteractionId, offer: OfferId) {
        self.state.retire_offer(offer);
        self.note(Effect::SlotFreed { agent, interaction });
        let now = self.state.now;
        let resets = self.rules.end_resets_idle;
        self.change_agent(agent, |agent| {
            agent.held.remove(&interaction);
            if resets {
                agent.last_used = Some(now);
            }
        });
        self.index.gained.insert(agent);
    }

    fn forget(&mut self, id: InteractionId) {
        let Some(interaction) = self.state.interactions.remove(&id) else {
            return;
        };
        for agent in &interaction.declined {
            if let Some(agent) = self.state.agents.get_mut(agent) {
                agent.declined.remove(&id);
            }
        }
        self.state.ended_interactions.remember(id);
    }

    /// The agent may be offered again what they declined or missed.
    pub fn forgive(&mut self, agent: UserId) {
        let Some(declined) = self
            .state
            .agents
            .get_mut(&agent)
            .map(|agent| std::mem::take(&mut agent.declined))
        else {
            return;
        };
        for id in declined {
            let Some(interaction) = self.state.interactions.get_mut(&id) else {
                continue;
            };
            interaction.declined.remove(&agent);
            if interaction.place == Place::Waiting {
                let rank = interaction.rank(self.rules);
                self.index.lines.remove(interaction.queue, rank);
                self.index.lines.insert(rank, id, interaction.signature());
            }
        }
    }
}

//! Settings, queues and agents come, change and go.

use crate::few::Few;
use crate::load::Kind;
use crate::state::{Agent, Place, Queue};
use crate::table::Slot;
use crate::turn::{Entry, Turn};
use crate::{AgentProfile, Effect, OfferEnd, QueueConfig, Refusal, Settings};
use onqueue_model::{InteractionId, OfferId, QueueId, UserId};

impl Turn<'_> {
    pub fn configure(&mut self, settings: Settings) {
        self.state.settings = settings;
        self.index.roster.configure(&settings);
        let slots: Vec<Slot> = self.state.agents.in_order().map(|(slot, _)| slot).collect();
        for slot in slots {
            self.index
                .roster
                .refresh(slot, &self.state.agents[slot], self.state.now);
        }
    }

    pub fn upsert_queue(&mut self, config: QueueConfig) {
        let id = config.id;
        let former = self.state.queues.get(id).cloned();
        let metrics = former.as_ref().map(|queue| queue.metrics).unwrap_or_default();
        let former = former.map(|queue| queue.config);
        let another_method = former.as_ref().is_none_or(|former| former.method != config.method);
        let routes_alike = former.as_ref().is_some_and(|former| routes_alike(former, &config));
        if another_method {
            self.index.roster.set_method(id, &config.method);
        }
        self.state.queues.insert(Queue { config, metrics });
        if another_method {
            self.open_all(id);
        }
        if !routes_alike {
            self.stand_all_anew(id);
        }
    }

    /// Evaluates the rules of a queue anew for everything that is of it.
    fn open_all(&mut self, queue: QueueId) {
        let interactions = self.state.interactions.in_order();
        let of_it: Vec<Slot> = interactions
            .filter(|(_, it)| it.queue == queue)
            .map(|(slot, _)| slot)
            .collect();
        of_it.into_iter().for_each(|slot| self.open(slot));
    }

    /// Ranks and signs all that waits in a queue anew.
    fn stand_all_anew(&mut self, queue: QueueId) {
        let number = self.index.roster.number(queue);
        let in_order = self.index.lines.in_order(number);
        let mut waiting: Vec<Slot> = in_order.map(|(.., slot)| slot).collect();
        waiting.sort_unstable_by_key(|slot| self.state.interactions[*slot].position);
        for slot in waiting {
            self.stand_anew(slot, |_| {});
        }
        self.index.lines.refresh(number);
    }

    pub fn remove_queue(&mut self, queue: QueueId) {
        if self.state.queues.remove(queue).is_none() {
            return;
        }
        let interactions = self.state.interactions.in_order().map(|(_, it)| it);
        let unserved = interactions.filter(|it| it.queue == queue && !matches!(it.place, Place::Held { .. }));
        for interaction in unserved.map(|it| it.id).collect::<Vec<_>>() {
            self.end_interaction(interaction);
            self.note(Effect::Rejected {
                interaction,
                refusal: Refusal::UnknownQueue,
            });
        }
    }

    pub fn upsert_agent(&mut self, profile: AgentProfile) {
        let id = profile.id;
        let slot = match self.state.agents.slot(id) {
            Some(slot) => slot,
            None => {
                let agent = Agent::new(profile.clone(), self.state.now);
                self.state.agents.insert(agent)
            }
        };
        self.index.roster.enrol(slot, &profile);
        self.change_agent(slot, |agent, _| agent.profile = profile);
        self.gain(slot);
    }

    pub fn remove_agent(&mut self, id: UserId) {
        let Some(slot) = self.state.agents.slot(id) else {
            return;
        };
        self.forgive(slot);
        let agent = &self.state.agents[slot];
        let (alerting, held) = (agent.alerting.clone(), agent.held.clone());
        let acw: Vec<InteractionId> = agent.acw.iter().map(|acw| acw.interaction).collect();
        self.take_all_from(slot, alerting, held);
        for interaction in acw {
            self.take_acw(slot, interaction);
        }
        self.index.gained.retain(|gained| *gained != slot);
        self.index.roster.strike(slot);
        self.state.agents.remove(id);
    }

    /// Sends back what alerts an agent, and what they have in hand.
    fn take_all_from(&mut self, agent: Slot, alerting: Few<OfferId>, held: Few<InteractionId>) {
        for id in alerting {
            if let Some(offer) = self.rescind(id, OfferEnd::AgentGone)
                && let Some(work) = self.state.interactions.get(offer.interaction).map(|it| it.work())
            {
                self.index.roster.burden(agent).remove(Kind::Alerting, &work);
                self.lapse(offer.interaction);
            }
        }
        for interaction in held {
            self.send_back(agent, interaction);
        }
    }

    /// An interaction goes back from an agent's hands to its old place in line; if there is no line any more it is over.
    fn send_back(&mut self, holder: Slot, id: InteractionId) {
        let Some(slot) = self.state.interactions.slot(id) else {
            return;
        };
        self.end_twin(slot);
        let agent = self.state.agents[holder].profile.id;
        if let Place::Held { offer, .. } = self.state.interactions[slot].place {
            self.state.retire_offer(offer);
        }
        let work = self.state.interactions[slot].work();
        self.index.roster.burden(holder).remove(Kind::Held, &work);
        self.note(Effect::SlotFreed { agent, interaction: id });
        self.state.interactions[slot].acw_requested = false;
        if self.state.queues.contains(self.state.interactions[slot].queue) {
            return self.stand_in_line(slot, Entry::New);
        }
        self.forget(id);
        self.note(Effect::Rejected {
            interaction: id,
            refusal: Refusal::UnknownQueue,
        });
    }

    /// The agent may be offered again what they declined, missed or passed on.
    pub fn forgive(&mut self, slot: Slot) {
        let agent = &mut self.state.agents[slot];
        let (id, declined) = (agent.profile.id, std::mem::take(&mut agent.declined));
        for interaction in declined {
            if let Some(slot) = self.state.interactions.slot(interaction) {
                self.rejoin(slot, |interaction| {
                    interaction.declined.remove(&id);
                });
            }
        }
    }
}

/// Whether what waits is ranked, opened and evaluated alike under both.
fn routes_alike(one: &QueueConfig, other: &QueueConfig) -> bool {
    one.evaluation == other.evaluation
        && one.scoring == other.scoring
        && one.method == other.method
        && one.last_agent == other.last_agent
}

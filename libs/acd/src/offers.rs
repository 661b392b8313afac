//! Offers: made, taken, and over without that.

use crate::index::Timer;
use crate::load::Kind;
use crate::state::{Place, Presence};
use crate::table::Slot;
use crate::turn::{Entry, Turn};
use crate::{Decision, DeclineRule, Effect, OfferEnd, OfferOutcome, OfferView};
use onqueue_model::{InteractionId, OfferId};
use sha2::{Digest, Sha256};
use std::time::Duration;
use uuid::Uuid;

/// How an offer is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// By the agent.
    Awaited,
    /// In the moment in which it is made.
    Given,
    /// As the queue says.
    AsConfigured,
}

impl Turn<'_> {
    /// The id of the next offer, which is of this interaction.
    pub fn next_offer(&self, interaction: InteractionId) -> OfferId {
        let hash = Sha256::new()
            .chain_update(interaction.conversation.uuid().as_bytes())
            .chain_update(interaction.opening.to_be_bytes())
            .chain_update(self.state.offers_made.to_be_bytes())
            .finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        OfferId::new(Uuid::from_bytes(bytes))
    }

    /// Offers an interaction that stands in no line to an agent.
    pub fn offer(&mut self, interaction: Slot, agent: Slot, decision: Option<Decision>, answer: Answer) {
        let offer = self.new_offer(interaction, agent, decision.as_ref().map(|decision| decision.offer));
        let answer = self.answer(&offer, answer);
        let it = &mut self.state.interactions[interaction];
        it.place = Place::Alerting { offer: offer.id };
        let work = it.work();
        let queue = self.index.roster.number(offer.queue);
        self.index.lines.started_alerting(queue);
        if answer == Answer::Awaited {
            let timer = Timer::Offer(offer.number, offer.id);
            self.index.timers.insert((offer.expires, timer));
        }
        self.state.offers.insert(offer);
        self.state.offers_made += 1;
        self.note(Effect::Offered {
            interaction: offer.interaction,
            agent: offer.agent,
            offer: offer.id,
            queue: offer.queue,
            expires: offer.expires,
            entered: offer.entered,
        });
        if let Some(decision) = decision {
            self.note(Effect::DecisionRecorded { decision });
        }
        self.change_agent(agent, |agent, burden| {
            agent.alerting.insert(offer.id);
            burden.add(Kind::Alerting, &work);
        });
        if answer == Answer::Given {
            self.assign(offer.id);
        }
    }

    fn new_offer(&self, interaction: Slot, agent: Slot, id: Option<OfferId>) -> OfferView {
        let interaction = &self.state.interactions[interaction];
        let medium = interaction.requirements.medium;
        let alerting = self.state.config(interaction.queue).map_or(0, |config| {
            let by_medium = config.alerting_by_medium.get(&medium).copied();
            by_medium.unwrap_or(config.alerting_timeout_ms)
        });
        OfferView {
            id: id.unwrap_or_else(|| self.next_offer(interaction.id)),
            number: self.state.offers_made,
            interaction: interaction.id,
            agent: self.state.agents[agent].profile.id,
            queue: interaction.queue,
            entered: interaction.entered,
            offered_at: self.state.now,
            expires: self.state.now + Duration::from_millis(alerting),
            outcome: OfferOutcome::Alerting,
        }
    }

    fn answer(&self, offer: &OfferView, answer: Answer) -> Answer {
        if answer != Answer::AsConfigured {
            return answer;
        }
        let config = self.state.config(offer.queue);
        if config.is_some_and(|config| config.auto_answer) {
            Answer::Given
        } else {
            Answer::Awaited
        }
    }

    /// Ends an alerting offer without an acceptance. Unless it ended itself or goes elsewhere, the interaction waits again, at
    /// its old place.
    pub fn end_offer(&mut self, id: OfferId, end: OfferEnd) {
        if let Some(offer) = self.rescind(id, end)
            && let Some(agent) = self.state.agents.slot(offer.agent)
        {
            self.relieve(agent, &offer, end);
            if goes_back(end) {
                self.lapse(offer.interaction);
            }
        }
    }

    /// The interaction's side of it.
    pub fn rescind(&mut self, id: OfferId, end: OfferEnd) -> Option<OfferView> {
        let offer = self.stop_alerting(id, OfferOutcome::Ended(end))?;
        self.state.retire_offer(id);
        self.note(Effect::Rescinded {
            interaction: offer.interaction,
            agent: offer.agent,
            offer: id,
            end,
        });
        let interaction = self.state.interactions.slot(offer.interaction)?;
        if is_missed(end) {
            self.pass_by(interaction, &offer, end);
        }
        if goes_back(end) && !self.state.interactions[interaction].alone {
            self.stand_in_line(interaction, Entry::Back);
        }
        Some(offer)
    }

    /// The agent is spared the interaction, and if they had it to themselves they have not any more.
    fn pass_by(&mut self, interaction: Slot, offer: &OfferView, end: OfferEnd) {
        let now = self.state.now;
        let goes_last = self.rules.missed_goes_last && end == OfferEnd::TimedOut;
        if goes_last {
            self.state.entries += 1;
        }
        let position = self.state.entries;
        let interaction = &mut self.state.interactions[interaction];
        interaction.declined.insert(offer.agent);
        let last = interaction.requirements.last_agent == Some(offer.agent);
        if last && interaction.hold.is_some_and(|until| until > now) {
            interaction.hold = Some(now);
            interaction.stage_since = now;
        }
        if goes_last {
            interaction.entered = now;
            interaction.position = position;
        }
    }

    /// The agent's side of it.
    fn relieve(&mut self, agent: Slot, offer: &OfferView, end: OfferEnd) {
        let work = self
            .state
            .interactions
            .get(offer.interaction)
            .map(|interaction| interaction.work());
        let silences = match end {
            OfferEnd::TimedOut => true,
            OfferEnd::Declined => self.state.settings.decline == DeclineRule::NotResponding,
            _ => false,
        };
        self.change_agent(agent, |agent, burden| {
            agent.alerting.remove(&offer.id);
            burden.remove(Kind::Alerting, &work.unwrap_or_default());
            if is_missed(end) {
                agent.declined.insert(offer.interaction);
            }
            if silences && agent.presence == Presence::On {
                agent.presence = Presence::Silent;
            }
        });
        self.gain(agent);
    }

    fn stop_alerting(&mut self, id: OfferId, outcome: OfferOutcome) -> Option<OfferView> {
        let offer = self.state.offers.get_mut(id).filter(|offer| offer.is_alerting())?;
        offer.outcome = outcome;
        let offer = *offer;
        self.index
            .timers
            .remove(&(offer.expires, Timer::Offer(offer.number, id)));
        let queue = self.index.roster.number(offer.queue);
        self.index.lines.stopped_alerting(queue);
        Some(offer)
    }

    /// Gives the interaction to whom it alerts.
    pub fn assign(&mut self, id: OfferId) {
        let Some(offer) = self.stop_alerting(id, OfferOutcome::Accepted) else {
            return;
        };
        let OfferView { interaction, agent, .. } = offer;
        let slots = self
            .state
            .interactions
            .slot(interaction)
            .zip(self.state.agents.slot(agent));
        let Some((slot, holder)) = slots else { return };
        let it = &mut self.state.interactions[slot];
        it.place = Place::Held { agent, offer: id };
        let work = it.work();
        self.note(Effect::Assigned {
            interaction,
            agent,
            offer: id,
        });
        let now = self.state.now;
        self.change_agent(holder, |agent, burden| {
            agent.alerting.remove(&id);
            burden.remove(Kind::Alerting, &work);
            agent.held.insert(interaction);
            burden.add(Kind::Held, &work);
            agent.assigned = Some(now);
        });
        self.take_place(slot);
    }
}

/// Whether what was offered goes back to where it came from.
fn goes_back(end: OfferEnd) -> bool {
    !matches!(end, OfferEnd::Cancelled | OfferEnd::Reassigned)
}

fn is_missed(end: OfferEnd) -> bool {
    matches!(end, OfferEnd::Declined | OfferEnd::TimedOut)
}

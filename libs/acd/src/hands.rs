//! What leaves an agent's hands, and the after-contact work that follows.

use crate::index::Timer;
use crate::load::Kind;
use crate::state::Place;
use crate::table::Slot;
use crate::turn::Turn;
use crate::{AcwView, AfterContactMode, Effect, OfferEnd};
use onqueue_model::{InteractionId, OfferId, Timestamp, UserId};
use std::time::Duration;

/// How long mandatory after-contact work lasts if nobody has said.
const USUAL_ACW: Duration = Duration::from_secs(60);

impl Turn<'_> {
    /// The interaction is over, wherever it is.
    pub fn end_interaction(&mut self, id: InteractionId) {
        let Some(slot) = self.state.interactions.slot(id) else {
            return;
        };
        self.untie(slot);
        match self.state.interactions[slot].place {
            Place::Waiting => self.leave_line(slot),
            Place::Alerting { offer } => self.end_offer(offer, OfferEnd::Cancelled),
            Place::Held { agent, offer } => self.let_go(agent, slot, offer),
        }
        self.forget(id);
    }

    /// An interaction leaves an agent's hands; after-contact work follows as its queue says.
    pub fn let_go(&mut self, agent: UserId, interaction: Slot, offer: OfferId) {
        let Some(holder) = self.state.agents.slot(agent) else {
            return;
        };
        self.state.retire_offer(offer);
        let acw = self.acw_after(interaction);
        let it = &mut self.state.interactions[interaction];
        it.acw_requested = false;
        let (interaction, work) = (it.id, it.work());
        let former = self.take_acw(holder, interaction);
        let holds = acw.as_ref().is_some_and(|acw| acw.holds_slot);
        if !holds {
            self.note(Effect::SlotFreed { agent, interaction });
        }
        if let Some(acw) = &acw {
            self.start_acw(agent, acw);
        }
        let used = self.rules.end_resets_idle.then_some(self.state.now);
        self.change_agent(holder, |agent, burden| {
            if let Some(former) = former.filter(|former| former.holds_slot) {
                burden.remove(Kind::Acw, &former.work());
            }
            agent.held.remove(&interaction);
            burden.remove(Kind::Held, &work);
            if holds {
                burden.add(Kind::Acw, &work);
            }
            if let Some(acw) = acw {
                agent.acw.push(acw);
                agent.acw.sort_unstable();
            }
            agent.ended = used.or(agent.ended);
        });
        self.gain(holder);
    }

    /// The after-contact work that follows an interaction in hand, if any does.
    fn acw_after(&self, slot: Slot) -> Option<AcwView> {
        let interaction = &self.state.interactions[slot];
        let rule = self.state.config(interaction.queue)?.after_contact;
        let given = rule.timeout_ms.map(Duration::from_millis);
        let timeout = match rule.mode {
            AfterContactMode::Optional => return None,
            AfterContactMode::AgentRequested if !interaction.acw_requested => return None,
            AfterContactMode::Mandatory => None,
            AfterContactMode::AgentRequested => given,
            AfterContactMode::MandatoryTimeout | AfterContactMode::MandatoryForced => Some(given.unwrap_or(USUAL_ACW)),
        };
        let work = interaction.work();
        Some(AcwView {
            interaction: interaction.id,
            queue: interaction.queue,
            medium: work.medium,
            labels: work.labels,
            since: self.state.now,
            ends: timeout.map(|timeout| self.state.now + timeout),
            holds_slot: rule.holds_slot,
            forced: rule.mode == AfterContactMode::MandatoryForced,
        })
    }

    fn start_acw(&mut self, agent: UserId, acw: &AcwView) {
        if let Some(ends) = acw.ends {
            let timer = Timer::Acw(ends, agent, acw.interaction);
            self.index.timers.insert((ends, timer));
        }
        self.note(Effect::AcwStarted {
            agent,
            interaction: acw.interaction,
            ends: acw.ends,
        });
    }

    /// After-contact work is over.
    pub fn end_acw(&mut self, agent: UserId, interaction: InteractionId) {
        let Some(slot) = self.state.agents.slot(agent) else {
            return;
        };
        let Some(acw) = self.take_acw(slot, interaction) else {
            return;
        };
        let used = self.end_of_acw(&acw);
        self.change_agent(slot, |agent, burden| {
            if acw.holds_slot {
                burden.remove(Kind::Acw, &acw.work());
                agent.ended = used.or(agent.ended);
            }
        });
        self.gain(slot);
    }

    fn end_of_acw(&self, acw: &AcwView) -> Option<Timestamp> {
        (acw.holds_slot && self.rules.end_resets_idle).then_some(self.state.now)
    }

    /// Takes after-contact work from an agent and says so; what they have is for the caller to change.
    pub fn take_acw(&mut self, slot: Slot, interaction: InteractionId) -> Option<AcwView> {
        let agent = &mut self.state.agents[slot];
        let place = agent.acw.iter().position(|acw| acw.interaction == interaction)?;
        let (acw, agent) = (agent.acw.remove(place), agent.profile.id);
        if let Some(ends) = acw.ends {
            self.index.timers.remove(&(ends, Timer::Acw(ends, agent, interaction)));
        }
        self.note(Effect::AcwEnded { agent, interaction });
        if acw.holds_slot {
            self.note(Effect::SlotFreed { agent, interaction });
        }
        Some(acw)
    }
}

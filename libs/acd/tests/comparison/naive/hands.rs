//! Offers, what is in hand, and the work that follows.

use super::*;
use onqueue_acd::{AfterContactMode, Decision};

impl Naive {
    /// Alerts the first candidate; answers the offer's number.
    pub(super) fn offer(&mut self, chat: usize, decision: Decision) -> usize {
        let agent = decision.candidates[0].agent;
        let before = self.look(agent);
        let config = self.queue_of(&self.chats[chat]);
        let usual = config.alerting_timeout_ms;
        let alerting = config.alerting_by_medium.get(&self.chats[chat].wants.medium);
        let expires = self.now + i64::try_from(*alerting.unwrap_or(&usual)).expect("small");
        let chat = &mut self.chats[chat];
        chat.at = At::Alerting(agent);
        self.offers.push(Offer {
            id: decision.offer,
            chat: chat.id,
            agent,
            expires,
            end: None,
        });
        self.out.push(Effect::Offered {
            interaction: chat.id,
            agent,
            offer: decision.offer,
            queue: chat.queue,
            expires: Timestamp(expires),
            entered: Timestamp(chat.entered),
        });
        self.out.push(Effect::DecisionRecorded { decision });
        self.tell_if_changed(agent, before);
        self.offers.len() - 1
    }

    pub(super) fn answer_if_automatic(&mut self, number: usize) {
        let chat = self.chat(self.offers[number].chat).expect("it alerts");
        if self.queue_of(&self.chats[chat]).auto_answer {
            self.accept(number);
        }
    }

    /// The offer that alerts somebody with it.
    pub(super) fn offer_of(&self, interaction: InteractionId) -> usize {
        let live = |offer: &Offer| offer.chat == interaction && offer.end.is_none();
        self.offers.iter().position(live).expect("alerting by an offer")
    }

    pub(super) fn answerable(&self, agent: UserId, offer: OfferId) -> Result<usize, Refusal> {
        self.agent(agent).ok_or(Refusal::UnknownAgent)?;
        let is_it = |other: &Offer| other.id == offer && other.agent == agent;
        let number = self.offers.iter().position(is_it).ok_or(Refusal::UnknownOffer)?;
        match self.offers[number].end {
            None => Ok(number),
            Some(Ok(())) => Err(Refusal::OfferAlreadyAccepted),
            Some(Err(OfferEnd::TimedOut)) => Err(Refusal::OfferExpired),
            Some(Err(_)) => Err(Refusal::OfferRescinded),
        }
    }

    pub(super) fn accept(&mut self, number: usize) {
        let offer = &mut self.offers[number];
        offer.end = Some(Ok(()));
        let (interaction, agent, offer) = (offer.chat, offer.agent, offer.id);
        let before = self.look(agent);
        let chat = self.chat(interaction).expect("it alerts");
        self.chats[chat].at = At::With {
            agent,
            asked_for_acw: false,
        };
        let index = self.agent(agent).expect("it alerts somebody");
        self.agents[index].assigned = Some(self.now);
        self.out.push(Effect::Assigned {
            interaction,
            agent,
            offer,
        });
        self.tell_if_changed(agent, before);
        self.take_place(interaction);
    }

    pub(super) fn rescind(&mut self, number: usize, end: OfferEnd) {
        let (interaction, agent) = (self.offers[number].chat, self.offers[number].agent);
        let before = self.look(agent);
        self.offers[number].end = Some(Err(end));
        self.out.push(Effect::Rescinded {
            interaction,
            agent,
            offer: self.offers[number].id,
            end,
        });
        let chat = self.chat(interaction).expect("it alerted");
        if matches!(end, OfferEnd::Declined | OfferEnd::TimedOut) {
            self.refused(chat, agent);
        }
        match end {
            OfferEnd::Cancelled => self.finish(chat),
            OfferEnd::Reassigned => self.chats[chat].at = At::Nowhere,
            _ if self.chats[chat].alone => self.chats[chat].at = At::Nowhere,
            _ => {
                self.chats[chat].at = At::Line;
                let queue = self.chats[chat].queue;
                self.out.push(Effect::Queued { interaction, queue });
                self.note_stage(interaction);
            }
        }
        self.blame(agent, end);
        self.tell_if_changed(agent, before);
        if !matches!(end, OfferEnd::Cancelled | OfferEnd::Reassigned) {
            self.lapse(interaction);
        }
    }

    fn refused(&mut self, chat: usize, agent: UserId) {
        let now = self.now;
        let chat = &mut self.chats[chat];
        chat.refused_by.push(agent);
        if chat.wants.last_agent == Some(agent) {
            chat.hold = chat.hold.map(|until| until.min(now));
        }
    }

    fn blame(&mut self, agent: UserId, end: OfferEnd) {
        let silences = match end {
            OfferEnd::TimedOut => true,
            OfferEnd::Declined => self.settings.decline == onqueue_acd::DeclineRule::NotResponding,
            _ => false,
        };
        if let Some(index) = self.agent(agent).filter(|_| silences)
            && self.agents[index].duty == Duty::On
        {
            self.agents[index].duty = Duty::Silent;
        }
    }

    /// Where it is in the agent's hands.
    fn held_by(&self, agent: UserId, interaction: InteractionId) -> Result<usize, Refusal> {
        self.agent(agent).ok_or(Refusal::UnknownAgent)?;
        let chat = self.chat(interaction).ok_or(Refusal::UnknownInteraction)?;
        match self.chats[chat].at {
            At::With { agent: who, .. } if who == agent => Ok(chat),
            _ => Err(Refusal::NotHeld),
        }
    }

    pub(super) fn end_work(&mut self, agent: UserId, interaction: InteractionId) -> Done {
        self.held_by(agent, interaction)?;
        self.end_twin(interaction);
        let chat = self.held_by(agent, interaction)?;
        self.release(chat);
        self.finish(chat);
        Ok(())
    }

    pub(super) fn request_acw(&mut self, agent: UserId, interaction: InteractionId) -> Done {
        let chat = self.held_by(agent, interaction)?;
        self.chats[chat].at = At::With {
            agent,
            asked_for_acw: true,
        };
        Ok(())
    }

    /// It leaves the agent's hands; where it goes is for the caller.
    pub(super) fn release(&mut self, chat: usize) {
        let At::With { agent, asked_for_acw } = self.chats[chat].at else {
            unreachable!("only what is in hand is let go")
        };
        let interaction = self.chats[chat].id;
        let acw = self.what_follows(&self.chats[chat], agent, asked_for_acw);
        let before = self.look(agent);
        if acw.is_some() && self.acw(agent, interaction).is_some() {
            self.stop_acw(agent, interaction);
        }
        self.chats[chat].at = At::Nowhere;
        if !acw.as_ref().is_some_and(|acw| acw.holds) {
            self.out.push(Effect::SlotFreed { agent, interaction });
        }
        if let Some(acw) = acw {
            self.out.push(Effect::AcwStarted {
                agent,
                interaction,
                ends: acw.ends.map(Timestamp),
            });
            self.acws.push(acw);
        }
        let index = self.agent(agent).expect("it is in somebody's hands");
        self.agents[index].ended = Some(self.now);
        self.tell_if_changed(agent, before);
    }

    fn what_follows(&self, chat: &Chat, agent: UserId, asked_for: bool) -> Option<Acw> {
        let rule = self.queue(chat.queue)?.after_contact;
        let timeout = match rule.mode {
            AfterContactMode::Optional => return None,
            AfterContactMode::AgentRequested if !asked_for => return None,
            AfterContactMode::Mandatory => None,
            AfterContactMode::AgentRequested => rule.timeout_ms,
            AfterContactMode::MandatoryTimeout | AfterContactMode::MandatoryForced => {
                Some(rule.timeout_ms.unwrap_or(60_000))
            }
        };
        Some(Acw {
            agent,
            chat: chat.id,
            medium: chat.wants.medium,
            labels: chat.wants.labels.clone(),
            ends: timeout.map(|timeout| self.now + i64::try_from(timeout).expect("small")),
            holds: rule.holds_slot,
            forced: rule.mode == AfterContactMode::MandatoryForced,
        })
    }

    fn acw(&self, agent: UserId, chat: InteractionId) -> Option<usize> {
        self.acws.iter().position(|acw| acw.agent == agent && acw.chat == chat)
    }

    pub(super) fn complete_acw(&mut self, agent: UserId, interaction: InteractionId) -> Done {
        self.agent(agent).ok_or(Refusal::UnknownAgent)?;
        let acw = self.acw(agent, interaction).ok_or(Refusal::UnknownAcw)?;
        if self.acws[acw].forced {
            return Err(Refusal::AcwForced);
        }
        self.end_acw(agent, interaction);
        Ok(())
    }

    pub(super) fn end_acw(&mut self, agent: UserId, interaction: InteractionId) {
        let before = self.look(agent);
        self.stop_acw(agent, interaction);
        self.tell_if_changed(agent, before);
    }

    fn stop_acw(&mut self, agent: UserId, interaction: InteractionId) {
        let acw = self.acw(agent, interaction).expect("found before");
        let acw = self.acws.remove(acw);
        self.out.push(Effect::AcwEnded { agent, interaction });
        if acw.holds {
            self.out.push(Effect::SlotFreed { agent, interaction });
            if let Some(index) = self.agent(agent) {
                self.agents[index].ended = Some(self.now);
            }
        }
    }
}

//! Agents come and go.

use super::*;

impl Naive {
    pub(super) fn upsert_agent(&mut self, profile: &AgentProfile) {
        match self.agent(profile.id) {
            Some(agent) => self.agents[agent].profile = profile.clone(),
            None => self.agents.push(Agent {
                profile: profile.clone(),
                duty: Duty::Off,
                assigned: None,
                ended: None,
                external: Vec::new(),
            }),
        }
    }

    /// Out of the list first, so that nobody is told what a forgotten agent does.
    pub(super) fn remove_agent(&mut self, id: UserId) {
        let Some(agent) = self.agent(id) else {
            return;
        };
        self.agents.remove(agent);
        for number in self.alerting(id) {
            self.rescind(number, OfferEnd::AgentGone);
        }
        let held = |chat: &&Chat| matches!(chat.at, At::With { agent, .. } if agent == id);
        let mut held: Vec<InteractionId> = self.chats.iter().filter(held).map(|chat| chat.id).collect();
        held.sort_unstable();
        for interaction in held {
            self.give_back(id, interaction);
        }
        self.end_all_acw(id);
        for chat in &mut self.chats {
            chat.refused_by.retain(|other| *other != id);
        }
    }

    /// Back to the old place of what a forgotten agent had in hand.
    fn give_back(&mut self, agent: UserId, interaction: InteractionId) {
        self.end_twin(interaction);
        self.out.push(Effect::SlotFreed { agent, interaction });
        let chat = self.chat(interaction).expect("it was found just now");
        let queue = self.chats[chat].queue;
        if self.queue(queue).is_none() {
            self.finish(chat);
            let refusal = Refusal::UnknownQueue;
            return self.out.push(Effect::Rejected { interaction, refusal });
        }
        self.chats[chat].at = At::Line;
        self.chats[chat].stage = self.stage_at(&self.chats[chat], self.now);
        self.out.push(Effect::Queued { interaction, queue });
    }

    pub(super) fn go_on(&mut self, id: UserId, elsewhere: Option<Timestamp>) -> Done {
        let agent = self.agent(id).ok_or(Refusal::UnknownAgent)?;
        if self.agents[agent].duty == Duty::On {
            return Ok(());
        }
        let before = self.look(id);
        for chat in &mut self.chats {
            chat.refused_by.retain(|other| *other != id);
        }
        let now = self.now;
        let resets = self.settings.on_queue_resets_idle;
        let agent = &mut self.agents[agent];
        agent.duty = Duty::On;
        agent.ended = agent
            .ended
            .max(elsewhere.map(|time| time.0).filter(|time| *time <= now));
        if resets {
            agent.ended = Some(now);
        }
        self.tell_if_changed(id, before);
        Ok(())
    }

    pub(super) fn go_off(&mut self, id: UserId) -> Done {
        let agent = self.agent(id).ok_or(Refusal::UnknownAgent)?;
        let before = self.look(id);
        self.agents[agent].duty = Duty::Off;
        self.tell_if_changed(id, before);
        for number in self.alerting(id) {
            self.rescind(number, OfferEnd::AgentGone);
        }
        Ok(())
    }

    pub(super) fn gone(&mut self, id: UserId) -> Done {
        self.go_off(id)?;
        self.end_all_acw(id);
        Ok(())
    }

    /// The numbers of the offers that alert the agent, by the offers' ids.
    fn alerting(&self, agent: UserId) -> Vec<usize> {
        let mut found: Vec<(OfferId, usize)> = Vec::new();
        for (number, offer) in self.offers.iter().enumerate() {
            if offer.agent == agent && offer.end.is_none() {
                found.push((offer.id, number));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, number)| number).collect()
    }

    fn end_all_acw(&mut self, agent: UserId) {
        let of_agent = self.acws.iter().filter(|acw| acw.agent == agent);
        let mut chats: Vec<InteractionId> = of_agent.map(|acw| acw.chat).collect();
        chats.sort_unstable();
        for chat in chats {
            self.end_acw(agent, chat);
        }
    }

    pub(super) fn join(&mut self, id: UserId, queue: QueueId, joined: bool) -> Done {
        let agent = self.agent(id).ok_or(Refusal::UnknownAgent)?;
        self.queue(queue).ok_or(Refusal::UnknownQueue)?;
        let queues = &mut self.agents[agent].profile.queues;
        queues.get_mut(&queue).ok_or(Refusal::NotMember)?.joined = joined;
        Ok(())
    }

    pub(super) fn start_external(
        &mut self,
        id: UserId,
        work: WorkId,
        medium: Medium,
        labels: &BTreeSet<LabelId>,
    ) -> Done {
        let agent = self.agent(id).ok_or(Refusal::UnknownAgent)?;
        if self.agents[agent].external.iter().any(|other| other.work == work) {
            return Ok(());
        }
        let before = self.look(id);
        self.agents[agent].external.push(External {
            work,
            medium,
            labels: labels.clone(),
        });
        self.tell_if_changed(id, before);
        Ok(())
    }

    pub(super) fn end_external(&mut self, id: UserId, work: WorkId) -> Done {
        let agent = self.agent(id).ok_or(Refusal::UnknownAgent)?;
        let before = self.look(id);
        self.agents[agent].external.retain(|other| other.work != work);
        self.tell_if_changed(id, before);
        Ok(())
    }
}

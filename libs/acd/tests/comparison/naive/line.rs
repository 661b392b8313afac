//! Interactions come into line, change, and go.

use super::*;
use onqueue_acd::Decided;

impl Naive {
    /// Whether no other fits into the queue, which is there.
    pub(super) fn is_full(&self, queue: &QueueConfig, except: InteractionId) -> bool {
        let counts =
            |chat: &&Chat| chat.queue == queue.id && matches!(chat.at, At::Line | At::Alerting(_)) && chat.id != except;
        let number = self.chats.iter().filter(counts).count();
        queue.limit.is_some_and(|limit| number >= limit as usize)
    }

    pub(super) fn enqueue(&mut self, interaction: InteractionId, queue: QueueId, wants: &Requirements) -> Done {
        if self.over.contains(&interaction) || self.chat(interaction).is_some() {
            return Ok(());
        }
        let refusal = match self.queue(queue) {
            None => Some(Refusal::UnknownQueue),
            Some(config) if self.is_full(config, interaction) => Some(Refusal::QueueFull),
            Some(_) => None,
        };
        if let Some(refusal) = refusal {
            self.out.push(Effect::Rejected { interaction, refusal });
            return Err(refusal);
        }
        self.entries += 1;
        let mut chat = Chat {
            id: interaction,
            queue,
            wants: wants.clone(),
            entered: self.now,
            position: self.entries,
            since: self.now,
            hold: self.hold(queue, wants),
            openings: self.openings(queue),
            stage: Stage::Standard,
            at: At::Line,
            refused_by: Vec::new(),
            stands_for: None,
            alone: false,
        };
        chat.stage = self.stage_at(&chat, self.now);
        self.chats.push(chat);
        self.out.push(Effect::Queued { interaction, queue });
        Ok(())
    }

    pub(super) fn set_priority(&mut self, interaction: InteractionId, priority: i32) -> Done {
        let chat = self.chat(interaction).ok_or(Refusal::UnknownInteraction)?;
        self.chats[chat].wants.priority = priority;
        Ok(())
    }

    pub(super) fn set_requirements(&mut self, interaction: InteractionId, others: &Requirements) -> Done {
        let chat = self.chat(interaction).ok_or(Refusal::UnknownInteraction)?;
        let wants = &mut self.chats[chat].wants;
        wants.skills = others.skills.clone();
        wants.language = others.language.clone();
        wants.preferred = others.preferred.clone();
        if self.chats[chat].at == At::Line {
            self.note_stage(interaction);
        }
        Ok(())
    }

    pub(super) fn cancel(&mut self, interaction: InteractionId) {
        let Some(chat) = self.chat(interaction) else {
            return;
        };
        match self.chats[chat].at {
            At::Alerting(_) => return self.rescind(self.offer_of(interaction), OfferEnd::Cancelled),
            At::With { .. } => {
                self.end_twin(interaction);
                let chat = self.chat(interaction).expect("it is another");
                self.release(chat);
            }
            At::Line | At::Nowhere => {}
        }
        let chat = self.chat(interaction).expect("found before");
        self.finish(chat);
    }

    pub(super) fn finish(&mut self, chat: usize) {
        let chat = self.chats.remove(chat);
        self.over.push(chat.id);
    }

    pub(super) fn transfer(&mut self, command: &Command) -> Done {
        let Command::Transfer {
            interaction,
            queue,
            keep_age,
            agent,
            requirements,
        } = command
        else {
            unreachable!("only transfers come here")
        };
        self.check_transfer(*interaction, *queue, *agent)?;
        self.take_out(*interaction);
        let chat = self.chat(*interaction).expect("checked");
        let openings = self.openings(*queue);
        let moved = &mut self.chats[chat];
        moved.queue = *queue;
        if let Some(requirements) = requirements {
            moved.wants.skills = requirements.skills.clone();
            moved.wants.language = requirements.language.clone();
        }
        moved.wants.preferred.clear();
        moved.wants.last_agent = None;
        (moved.since, moved.hold, moved.openings) = (self.now, None, openings);
        if !keep_age {
            self.entries += 1;
            (moved.entered, moved.position) = (self.now, self.entries);
        }
        moved.at = At::Line;
        self.chats[chat].stage = self.stage_at(&self.chats[chat], self.now);
        match agent {
            Some(agent) => self.hand_to(chat, *agent, Decided::ByHand),
            None => self.out.push(Effect::Queued {
                interaction: *interaction,
                queue: *queue,
            }),
        }
        Ok(())
    }

    fn check_transfer(&self, interaction: InteractionId, queue: QueueId, agent: Option<UserId>) -> Done {
        let agent = match agent {
            Some(agent) => Some(&self.agents[self.agent(agent).ok_or(Refusal::UnknownAgent)?]),
            None => None,
        };
        let chat = self.chat(interaction).ok_or(Refusal::UnknownInteraction)?;
        let queue = self.queue(queue).ok_or(Refusal::UnknownQueue)?;
        if self.is_full(queue, interaction) {
            return Err(Refusal::QueueFull);
        }
        let refusal = agent.and_then(|agent| self.not_ready(agent, &self.chats[chat].wants));
        refusal.map_or(Ok(()), Err)
    }

    /// From wherever it is.
    fn take_out(&mut self, interaction: InteractionId) {
        let chat = self.chat(interaction).expect("checked");
        match self.chats[chat].at {
            At::Alerting(_) => self.rescind(self.offer_of(interaction), OfferEnd::Reassigned),
            At::With { agent, .. } => {
                self.end_twin(interaction);
                let chat = self.chat(interaction).expect("it is another");
                self.release(chat);
                self.chats[chat].refused_by.push(agent);
            }
            At::Line | At::Nowhere => {}
        }
    }

    pub(super) fn assign_by_hand(&mut self, interaction: InteractionId, agent: UserId, forced: bool) -> Done {
        let known = &self.agents[self.agent(agent).ok_or(Refusal::UnknownAgent)?];
        let chat = self.chat(interaction).ok_or(Refusal::UnknownInteraction)?;
        match self.chats[chat].at {
            At::With { .. } => return Err(Refusal::AlreadyAssigned),
            At::Alerting(who) if who == agent => return Ok(()),
            _ => {}
        }
        let decided = match self.not_ready(known, &self.chats[chat].wants) {
            Some(_) if forced => Decided::ByForce,
            Some(refusal) => return Err(refusal),
            None => Decided::ByHand,
        };
        self.take_out(interaction);
        self.hand_to(chat, agent, decided);
        Ok(())
    }

    pub(super) fn hand_to(&mut self, chat: usize, agent: UserId, decided: Decided) {
        let decision = self.decide_by_hand(&self.chats[chat], agent, decided);
        let number = self.offer(chat, decision);
        self.answer_if_automatic(number);
    }

    pub(super) fn pull(&mut self, agent: UserId, interaction: InteractionId) -> Done {
        let known = &self.agents[self.agent(agent).ok_or(Refusal::UnknownAgent)?];
        let chat = self.chat(interaction).ok_or(Refusal::UnknownInteraction)?;
        if self.chats[chat].at != At::Line {
            return Err(Refusal::NotWaiting);
        }
        let member = known.profile.queues.get(&self.chats[chat].queue);
        if !member.ok_or(Refusal::NotMember)?.joined {
            return Err(Refusal::NotJoined);
        }
        if let Some(refusal) = self.not_ready(known, &self.chats[chat].wants) {
            return Err(refusal);
        }
        let decision = self.decide_by_hand(&self.chats[chat], agent, Decided::Pulled);
        let number = self.offer(chat, decision);
        self.accept(number);
        Ok(())
    }
}

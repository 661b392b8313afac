//! Attended transfer: what is in hand is offered to others as something else.

use super::*;
use onqueue_acd::Decided;

impl Naive {
    pub(super) fn transfer_attended(&mut self, command: &Command) -> Done {
        let Command::TransferAttended {
            interaction,
            held,
            queue,
            agent,
            requirements,
            priority,
        } = command
        else {
            unreachable!("only attended transfers come here")
        };
        if self.over.contains(interaction) || self.chat(*interaction).is_some() {
            return Ok(());
        }
        let keeper = self.check_attended(*held, *queue, *agent)?;
        self.end_twin(*held);
        let kept = self.chat(*held).expect("checked");
        let mut wants = self.chats[kept].wants.clone();
        if let Some(requirements) = requirements {
            wants.skills = requirements.skills.clone();
            wants.language = requirements.language.clone();
        }
        wants.preferred.clear();
        wants.last_agent = None;
        wants.priority = priority.unwrap_or(wants.priority);
        self.entries += 1;
        let mut chat = Chat {
            id: *interaction,
            queue: *queue,
            wants,
            entered: self.now,
            position: self.entries,
            since: self.now,
            hold: None,
            openings: self.openings(*queue),
            stage: Stage::Standard,
            at: At::Line,
            refused_by: vec![keeper],
            stands_for: Some(*held),
            alone: agent.is_some(),
        };
        chat.stage = self.stage_at(&chat, self.now);
        self.chats.push(chat);
        match agent {
            Some(agent) => self.hand_to(self.chats.len() - 1, *agent, Decided::ByHand),
            None => self.out.push(Effect::Queued {
                interaction: *interaction,
                queue: *queue,
            }),
        }
        Ok(())
    }

    /// Who has it in hand.
    fn check_attended(&self, held: InteractionId, queue: QueueId, agent: Option<UserId>) -> Result<UserId, Refusal> {
        let agent = match agent {
            Some(agent) => Some(&self.agents[self.agent(agent).ok_or(Refusal::UnknownAgent)?]),
            None => None,
        };
        let chat = self.chat(held).ok_or(Refusal::UnknownInteraction)?;
        let At::With { agent: keeper, .. } = self.chats[chat].at else {
            return Err(Refusal::NotHeld);
        };
        let queue = self.queue(queue).ok_or(Refusal::UnknownQueue)?;
        if self.is_full(queue, self.twin_of(held).unwrap_or(held)) {
            return Err(Refusal::QueueFull);
        }
        let refusal = agent.and_then(|agent| self.not_ready(agent, &self.chats[chat].wants));
        refusal.map_or(Ok(keeper), Err)
    }

    fn twin_of(&self, held: InteractionId) -> Option<InteractionId> {
        let twin = self.chats.iter().find(|chat| chat.stands_for == Some(held));
        twin.map(|twin| twin.id)
    }

    /// It is offered to nobody else any more.
    pub(super) fn end_twin(&mut self, held: InteractionId) {
        if let Some(interaction) = self.twin_of(held) {
            self.cancel(interaction);
            self.out.push(Effect::Over { interaction });
        }
    }

    /// Somebody has it now: what it stood for is over.
    pub(super) fn take_place(&mut self, twin: InteractionId) {
        let chat = self.chat(twin).expect("somebody has it");
        self.chats[chat].alone = false;
        if let Some(interaction) = self.chats[chat].stands_for.take() {
            self.cancel(interaction);
            self.out.push(Effect::Over { interaction });
        }
    }

    /// Who it was for alone does not take it.
    pub(super) fn lapse(&mut self, interaction: InteractionId) {
        let Some(chat) = self.chat(interaction).filter(|chat| self.chats[*chat].alone) else {
            return;
        };
        self.finish(chat);
        self.out.push(Effect::Over { interaction });
    }
}

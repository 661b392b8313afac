//! Attended transfer: what an agent has in hand is offered to others under a second id, while it stays theirs. When that is
//! accepted, what they had is over; when it comes to nothing, they have it as if nothing had been.

use crate::few::Few;
use crate::handle::Handled;
use crate::state::{Interaction, Place};
use crate::table::Slot;
use crate::turn::{Entry, Turn};
use crate::{Decided, Effect, Refusal, Requirements, Stage};
use onqueue_model::{InteractionId, QueueId, UserId};

/// What is to be offered, and to whom.
pub(crate) struct Attended {
    /// Under which id.
    pub interaction: InteractionId,
    /// What it is.
    pub held: InteractionId,
    pub queue: QueueId,
    /// Alone.
    pub agent: Option<UserId>,
    pub requirements: Option<Requirements>,
    pub priority: Option<i32>,
}

impl Turn<'_> {
    pub fn transfer_attended(&mut self, wanted: Attended) -> Handled {
        let id = wanted.interaction;
        if self.state.interactions.contains(id) || self.state.ended_interactions.contains(id) {
            return Ok(());
        }
        let to = wanted.agent.map(|agent| self.agent_slot(agent)).transpose()?;
        let held = self.interaction_slot(wanted.held)?;
        let Place::Held { agent: keeper, .. } = self.state.interactions[held].place else {
            return Err(Refusal::NotHeld);
        };
        self.admit(wanted.queue, usize::from(self.counts_in(held, wanted.queue)))?;
        if let Some(to) = to {
            self.can_take(to, held)?;
        }
        self.end_twin(held);
        let twin = self.enter_twin(held, keeper, wanted);
        match to {
            Some(to) => {
                self.set_stage(twin);
                self.offer_by_hand(twin, to, Decided::ByHand, crate::offers::Answer::AsConfigured);
            }
            None => self.stand_in_line(twin, Entry::New),
        }
        Ok(())
    }

    /// Whether what is in hand is being offered from that queue already.
    fn counts_in(&self, held: Slot, queue: QueueId) -> bool {
        let twin = self.state.interactions[held].offered_as;
        twin.and_then(|twin| self.state.interactions.get(twin))
            .is_some_and(|twin| twin.queue == queue)
    }

    fn enter_twin(&mut self, held: Slot, keeper: UserId, wanted: Attended) -> Slot {
        self.state.entries += 1;
        let (now, position) = (self.state.now, self.state.entries);
        let it = &mut self.state.interactions[held];
        it.offered_as = Some(wanted.interaction);
        let mut requirements = Requirements {
            preferred: Default::default(),
            last_agent: None,
            priority: wanted.priority.unwrap_or(it.requirements.priority),
            ..it.requirements.clone()
        };
        if let Some(asked) = wanted.requirements {
            (requirements.skills, requirements.language) = (asked.skills, asked.language);
        }
        let mut declined = Few::default();
        declined.insert(keeper);
        if let Some(keeper) = self.state.agents.get_mut(keeper) {
            keeper.declined.insert(wanted.interaction);
        }
        let twin = self.state.interactions.insert(Interaction {
            id: wanted.interaction,
            queue: wanted.queue,
            requirements,
            entered: now,
            position,
            stage_since: now,
            hold: None,
            openings: Vec::new(),
            stage: Stage::Standard,
            declined,
            place: Place::Waiting,
            acw_requested: false,
            offered_as: None,
            stands_for: Some(wanted.held),
            alone: wanted.agent.is_some(),
        });
        self.open(twin);
        twin
    }

    /// What is in hand is offered to nobody else any more.
    pub fn end_twin(&mut self, held: Slot) {
        if let Some(twin) = self.state.interactions[held].offered_as.take() {
            self.end_interaction(twin);
            self.note(Effect::Over { interaction: twin });
        }
    }

    /// Somebody has accepted it: what it stood for is over, and it stands for itself.
    pub fn take_place(&mut self, twin: Slot) {
        let it = &mut self.state.interactions[twin];
        it.alone = false;
        let Some(held) = it.stands_for.take() else { return };
        if let Some(held) = self.state.interactions.get_mut(held) {
            held.offered_as = None;
        }
        self.end_interaction(held);
        self.note(Effect::Over { interaction: held });
    }

    /// It was for one agent alone, who does not take it.
    pub fn lapse(&mut self, interaction: InteractionId) {
        let alone = self.state.interactions.get(interaction).is_some_and(|it| it.alone);
        if alone {
            self.end_interaction(interaction);
            self.note(Effect::Over { interaction });
        }
    }

    /// Unties what is about to end: what it is offered as is over too, and what it stands for is offered to nobody.
    pub fn untie(&mut self, slot: Slot) {
        self.end_twin(slot);
        let held = self.state.interactions[slot].stands_for.take();
        if let Some(held) = held.and_then(|held| self.state.interactions.get_mut(held)) {
            held.offered_as = None;
        }
    }
}

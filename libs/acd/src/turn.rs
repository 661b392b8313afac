//! One turn of the engine: time, the line and the agents, kept in step in state and index, and each effect noted.

use crate::engine::Recording;
use crate::index::{Index, Timer};
use crate::lines::Prospect;
use crate::load::Burden;
use crate::rules::Rules;
use crate::stage::{Signature, progress};
use crate::state::{Agent, Interaction, Place, State};
use crate::table::Slot;
use crate::{AgentState, Effect, OfferEnd};
use onqueue_model::{InteractionId, Timestamp};

pub(crate) struct Turn<'e> {
    pub state: &'e mut State,
    pub index: &'e mut Index,
    pub rules: &'e Rules,
    pub recording: Recording,
    /// An interaction that has entered and is not in its line yet: mostly there is somebody for it at once.
    pub newcomer: Option<Slot>,
    effects: Vec<Effect>,
}

/// As many effects as an end that brings an offer has: most turns have no more.
const USUAL: usize = 5;

/// How an interaction comes to stand in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It enters, or comes back from an agent who is no more: at which stage is not noted.
    New,
    /// An offer was over: if its stage is another by now, that is noted.
    Back,
}

/// Whether an interaction keeps its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Kept,
    None,
}

impl<'e> Turn<'e> {
    pub fn new(state: &'e mut State, index: &'e mut Index, rules: &'e Rules, recording: Recording) -> Self {
        Self {
            state,
            index,
            rules,
            recording,
            newcomer: None,
            effects: Vec::with_capacity(USUAL),
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
        while let Some((due, _)) = self.index.timers.first().copied()
            && due < now
        {
            self.pass_time(due);
            self.fire_due(OfferEnd::TimedOut);
            self.route();
        }
    }

    pub fn pass_time(&mut self, now: Timestamp) {
        self.state.now = now.max(self.state.now);
        self.index.roster.age(self.state.now);
    }

    /// Lets the timers due by now fire, all together; offers end for that reason.
    pub fn fire_due(&mut self, end: OfferEnd) {
        let now = self.state.now;
        if self.index.timers.first().is_none_or(|(due, _)| *due > now) {
            return;
        }
        self.seat_newcomer();
        let later = self
            .index
            .timers
            .split_off(&(now + std::time::Duration::from_millis(1), Timer::FIRST));
        let due = std::mem::replace(&mut self.index.timers, later);
        let mut due: Vec<Timer> = due.into_iter().map(|(_, timer)| timer).collect();
        due.sort_unstable();
        for timer in due {
            match timer {
                Timer::Offer(_, offer) => self.end_offer(offer, end),
                Timer::Acw(_, agent, interaction) => self.end_acw(agent, interaction),
                Timer::Stage(_, interaction) => self.move_on(interaction),
            }
        }
    }

    /// What routing looks at in an agent's doings.
    pub fn look(&self, agent: Slot) -> (AgentState, usize) {
        let entry = self.index.roster.entry(agent);
        (entry.state(), entry.burden.total())
    }

    /// Changes an agent and what they have, and tells if that changed their state or load.
    pub fn change_agent(&mut self, slot: Slot, change: impl FnOnce(&mut Agent, &mut Burden)) {
        let before = self.look(slot);
        let agent = &mut self.state.agents[slot];
        change(agent, self.index.roster.burden(slot));
        self.index.roster.refresh(slot, agent, self.state.now);
        let after = self.look(slot);
        if after == before {
            return;
        }
        let agent = &mut self.state.agents[slot];
        if after.0 != before.0 {
            agent.since = self.state.now;
        }
        let agent = agent.profile.id;
        self.note(Effect::AgentStateChanged { agent, state: after.0 });
    }

    /// The agent may have become eligible for something.
    pub fn gain(&mut self, agent: Slot) {
        if !self.index.gained.contains(&agent) {
            self.index.gained.push(agent);
        }
    }

    /// Puts an interaction in line and says so.
    pub fn stand_in_line(&mut self, slot: Slot, entry: Entry) {
        let interaction = &mut self.state.interactions[slot];
        interaction.place = Place::Waiting;
        let (id, queue, former) = (interaction.id, interaction.queue, interaction.stage);
        let undisturbed = self.index.gained.is_empty() && self.index.lines.first_fresh().is_none();
        if entry == Entry::New && self.newcomer.is_none() && undisturbed {
            self.newcomer = Some(slot);
            self.note(Effect::Queued { interaction: id, queue });
            return;
        }
        self.line_up(slot, Prospect::Open);
        self.note(Effect::Queued { interaction: id, queue });
        if entry == Entry::Back {
            self.note_stage(slot, former);
        }
    }

    pub fn seat_newcomer(&mut self) {
        if let Some(newcomer) = self.newcomer.take() {
            self.line_up(newcomer, Prospect::Open);
        }
    }

    fn note_stage(&mut self, slot: Slot, former: crate::Stage) {
        let interaction = &self.state.interactions[slot];
        if interaction.stage != former {
            let (interaction, stage) = (interaction.id, interaction.stage);
            self.note(Effect::StageChanged { interaction, stage });
        }
    }

    /// Finds out at which stage an interaction is; when the next one comes.
    pub fn set_stage(&mut self, slot: Slot) -> Option<Timestamp> {
        let interaction = &mut self.state.interactions[slot];
        let config = &self.state.queues.get(interaction.queue)?.config;
        let (stage, due) = progress(interaction, config, self.rules, self.state.now);
        interaction.stage = stage;
        due
    }

    /// The signature of an interaction at its stage; `None` if its queue is no more.
    pub fn sign(&self, slot: Slot) -> Option<Signature> {
        let interaction = &self.state.interactions[slot];
        let config = self.state.config(interaction.queue)?;
        let queue = self.index.roster.number_of(interaction.queue)?;
        Some(Signature::of(interaction, config, queue, self.rules))
    }

    /// Puts an interaction in line, at the stage at which it is now.
    pub fn line_up(&mut self, slot: Slot, prospect: Prospect) {
        let due = self.set_stage(slot);
        if let Some(signature) = self.sign(slot) {
            self.insert(slot, signature, due, prospect);
        }
    }

    pub fn insert(&mut self, slot: Slot, signature: Signature, due: Option<Timestamp>, prospect: Prospect) {
        let interaction = &self.state.interactions[slot];
        let Some(config) = self.state.config(interaction.queue) else {
            return;
        };
        let rank = interaction.rank(config.scoring, self.rules);
        if let Some(due) = due {
            let timer = Timer::Stage(interaction.position, interaction.id);
            self.index.timers.insert((due, timer));
        }
        self.index.lines.insert(rank, slot, signature, due, prospect);
    }

    /// Takes an interaction out of its line, if it stands in it.
    pub fn leave_line(&mut self, slot: Slot) {
        if self.newcomer == Some(slot) {
            self.newcomer = None;
        }
        let interaction = &self.state.interactions[slot];
        let timer = Timer::Stage(interaction.position, interaction.id);
        if let Some(due) = self.index.lines.remove(slot).and_then(|standing| standing.due) {
            self.index.timers.remove(&(due, timer));
        }
    }

    /// Puts an interaction, if it waits, where it belongs after a change of what ranks or signs it that leaves its stage.
    pub fn rejoin(&mut self, slot: Slot, change: impl FnOnce(&mut Interaction)) {
        let due = self.index.lines.standing(slot).map(|standing| standing.due);
        self.leave_line(slot);
        change(&mut self.state.interactions[slot]);
        if let Some(due) = due
            && let Some(signature) = self.sign(slot)
        {
            self.insert(slot, signature, due, Prospect::Open);
        }
    }

    /// The same after a change that its stage may follow from.
    pub fn stand_anew(&mut self, slot: Slot, change: impl FnOnce(&mut Interaction)) {
        let interaction = &mut self.state.interactions[slot];
        if interaction.place != Place::Waiting {
            return change(interaction);
        }
        let former = interaction.stage;
        self.leave_line(slot);
        change(&mut self.state.interactions[slot]);
        self.line_up(slot, Prospect::Open);
        self.note_stage(slot, former);
    }

    /// The time of a waiting interaction's stage is over.
    fn move_on(&mut self, interaction: InteractionId) {
        if let Some(slot) = self.state.interactions.slot(interaction) {
            let waits = self.state.interactions[slot].place == Place::Waiting;
            if waits {
                self.stand_anew(slot, |_| {});
            }
        }
    }

    /// An interaction is over for routing: nothing remembers it but its id.
    pub fn forget(&mut self, id: InteractionId) {
        let Some(interaction) = self.state.interactions.remove(id) else {
            return;
        };
        for agent in interaction.declined.iter() {
            if let Some(agent) = self.state.agents.get_mut(*agent) {
                agent.declined.remove(&id);
            }
        }
        self.state.ended_interactions.remember(id);
    }
}

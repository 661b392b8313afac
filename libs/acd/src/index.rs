//! What can be derived from the state, kept beside it so that a decision need not search.

use crate::lines::{Lines, Prospect};
use crate::load::{Kind, Work};
use crate::roster::Roster;
use crate::rules::Rules;
use crate::stage::{Signature, progress};
use crate::state::{Agent, Interaction, Place, State};
use crate::survey::Survey;
use crate::table::Slot;
use crate::{AcwView, ExternalWorkView};
use onqueue_model::{InteractionId, OfferId, Timestamp, UserId};
use std::collections::BTreeSet;
use uuid::Uuid;

#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub roster: Roster,
    pub lines: Lines,
    pub timers: BTreeSet<(Timestamp, Timer)>,
    /// Agents who may have become eligible for something since the last pass.
    pub gained: Vec<Slot>,
    /// Kept for its memory.
    pub survey: Survey,
}

/// What happens at a time. Those of one time happen in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// An offer lapses: by its number.
    Offer(u64, OfferId),
    /// After-contact work is over.
    Acw(Timestamp, UserId, InteractionId),
    /// A stage changes: by log position.
    Stage(u64, InteractionId),
}

impl Timer {
    /// Comes before every other.
    pub const FIRST: Self = Self::Offer(0, OfferId::new(Uuid::nil()));
}

impl Index {
    /// The index of a state that a pass has left, in which therefore nobody is eligible for anything that waits.
    pub fn of(state: &State, rules: Rules) -> Self {
        let mut index = Self {
            roster: Roster::new(rules, &state.settings),
            lines: Lines::new(rules),
            ..Self::default()
        };
        for (_, queue) in state.queues.in_order() {
            index.roster.set_method(queue.config.id, &queue.config.method);
        }
        for (slot, agent) in state.agents.in_order() {
            index.roster.enrol(slot, &agent.profile);
            index.burden(slot, agent);
        }
        for (slot, interaction) in state.interactions.in_order() {
            index.place(state, slot, interaction, &rules);
        }
        for (slot, agent) in state.agents.in_order() {
            index.roster.refresh(slot, agent, state.now);
        }
        let offers = state.offers.in_order().filter(|(_, offer)| offer.is_alerting());
        let offers = offers.map(|(_, offer)| (offer.expires, Timer::Offer(offer.number, offer.id)));
        index.timers.extend(offers);
        index.lines.settle_all();
        index.roster.settle(state.now);
        index
    }

    fn burden(&mut self, slot: Slot, agent: &Agent) {
        let burden = self.roster.burden(slot);
        for acw in agent.acw.iter().filter(|acw| acw.holds_slot) {
            burden.add(Kind::Acw, &acw.work());
        }
        for external in &agent.external {
            burden.add(Kind::External, &external.work());
        }
        let ending = agent.acw.iter().filter_map(|acw| Some((acw.ends?, acw.interaction)));
        let timers = ending.map(|(ends, interaction)| (ends, Timer::Acw(ends, agent.profile.id, interaction)));
        self.timers.extend(timers);
    }

    fn place(&mut self, state: &State, slot: Slot, interaction: &Interaction, rules: &Rules) {
        let queue = self.roster.number(interaction.queue);
        let (agent, kind) = match interaction.place {
            Place::Waiting => return self.line_up(state, slot, interaction, rules),
            Place::Alerting { offer } => {
                self.lines.started_alerting(queue);
                (state.offers.get(offer).map(|offer| offer.agent), Kind::Alerting)
            }
            Place::Held { agent, .. } => (Some(agent), Kind::Held),
        };
        if let Some(agent) = agent.and_then(|agent| state.agents.slot(agent)) {
            self.roster.burden(agent).add(kind, &interaction.work());
        }
    }

    fn line_up(&mut self, state: &State, slot: Slot, interaction: &Interaction, rules: &Rules) {
        let queue = self.roster.number(interaction.queue);
        let Some(config) = state.config(interaction.queue) else {
            return;
        };
        let (_, due) = progress(interaction, config, rules, state.now);
        let rank = interaction.rank(config.scoring, rules);
        let signature = Signature::of(interaction, config, queue, rules);
        self.lines.insert(rank, slot, signature, due, Prospect::None);
        if let Some(due) = due {
            self.timers
                .insert((due, Timer::Stage(interaction.position, interaction.id)));
        }
    }
}

impl AcwView {
    pub(crate) fn work(&self) -> Work {
        Work {
            medium: self.medium,
            labels: self.labels.clone(),
        }
    }
}

impl ExternalWorkView {
    pub(crate) fn work(&self) -> Work {
        Work {
            medium: self.medium,
            labels: self.labels.clone(),
        }
    }
}

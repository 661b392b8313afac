//! What holds after every command, checked from outside, on what the engine answers and did; numbers as in the design. Every
//! timer is ticked at its time, so that all that is decided in a command is decided at the command's time.

mod decisions;
mod places;

use crate::Worlds;
use crate::world::{World, log};
use onqueue_acd::{
    AgentProfile, AgentState, Applied, Command, Effect, Engine, Medium, OfferEnd, Requirements, Settings,
};
use onqueue_model::{InteractionId, LabelId, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the commands and effects so far tell.
#[derive(Default)]
struct Witness {
    settings: Settings,
    kinds: BTreeMap<InteractionId, Kind>,
    entered: BTreeSet<InteractionId>,
    ended: BTreeSet<InteractionId>,
    /// Who declined, missed or passed on what since they came on queue.
    spared: BTreeSet<(UserId, InteractionId)>,
    holders: BTreeMap<InteractionId, UserId>,
    /// Alerting, in hand, and after-contact work that holds its slot.
    slots: BTreeMap<UserId, Vec<InteractionId>>,
    states: BTreeMap<UserId, AgentState>,
}

/// What never changes of an interaction.
#[derive(Clone)]
struct Kind {
    medium: Medium,
    labels: BTreeSet<LabelId>,
}

impl Kind {
    fn of(requirements: &Requirements) -> Self {
        Self {
            medium: requirements.medium,
            labels: requirements.labels.clone(),
        }
    }
}

impl Witness {
    fn check(&mut self, engine: &Engine, command: &Command, applied: &Applied) {
        let passed_on = self.hear(command, applied);
        let mut routed = Vec::new();
        for effect in &applied.effects {
            self.see(effect);
            if let Effect::DecisionRecorded { decision } = effect {
                self.decided(engine, decision);
                routed.extend(self.bypass(engine, decision));
            }
        }
        self.spared.extend(passed_on);
        decisions::in_order_of_rank(engine, &applied.effects);
        assert!(routed.is_empty(), "4, 5, 7: {routed:#?}");
        decisions::everybody_who_waits_is_explained(engine);
        self.each_is_in_one_place(engine);
    }

    /// What the command itself says; who passed something on with it.
    fn hear(&mut self, command: &Command, applied: &Applied) -> Option<(UserId, InteractionId)> {
        let done = applied.refusal.is_none();
        match command {
            Command::Configure { settings } => self.settings = *settings,
            Command::Enqueue {
                interaction,
                requirements,
                ..
            } if !self.entered.contains(interaction) => {
                self.kinds.insert(*interaction, Kind::of(requirements));
            }
            Command::Cancel { interaction } | Command::EndWork { interaction, .. }
                if done && self.entered.contains(interaction) =>
            {
                self.ended.insert(*interaction);
            }
            Command::RemoveAgent { agent } => {
                self.states.remove(agent);
                self.spared.retain(|(other, _)| other != agent);
            }
            Command::TransferAttended { interaction, held, .. } if !self.entered.contains(interaction) => {
                let kind = self.kinds.get(held).cloned();
                self.kinds.extend(kind.map(|kind| (*interaction, kind)));
                if done {
                    self.entered.insert(*interaction);
                    let keeper = self.holders.get(held).copied();
                    self.spared.extend(keeper.map(|keeper| (keeper, *interaction)));
                }
            }
            Command::Transfer { interaction, .. } if done => {
                return self.holders.get(interaction).map(|holder| (*holder, *interaction));
            }
            _ => {}
        }
        None
    }

    fn see(&mut self, effect: &Effect) {
        match effect {
            Effect::Queued { interaction, .. } => {
                assert!(!self.ended.contains(interaction), "15: an ended interaction came back");
                self.entered.insert(*interaction);
            }
            Effect::Offered { interaction, agent, .. } => self.slots.entry(*agent).or_default().push(*interaction),
            Effect::Rescinded {
                interaction,
                agent,
                end,
                ..
            } => {
                self.freed(*agent, *interaction);
                if matches!(end, OfferEnd::Declined | OfferEnd::TimedOut) {
                    self.spared.insert((*agent, *interaction));
                }
            }
            Effect::Assigned { interaction, agent, .. } => {
                self.holders.insert(*interaction, *agent);
            }
            Effect::AcwStarted { interaction, .. } => {
                self.holders.remove(interaction);
            }
            Effect::SlotFreed { agent, interaction } => {
                self.freed(*agent, *interaction);
                if self.holders.get(interaction) == Some(agent) {
                    self.holders.remove(interaction);
                }
            }
            Effect::AgentStateChanged { agent, state } => self.turned(*agent, *state),
            Effect::Over { interaction } => {
                assert!(self.ended.insert(*interaction), "15: over twice");
            }
            Effect::Rejected { interaction, .. } if self.entered.contains(interaction) => {
                self.ended.insert(*interaction);
            }
            _ => {}
        }
    }

    fn freed(&mut self, agent: UserId, interaction: InteractionId) {
        let slots = self.slots.entry(agent).or_default();
        let place = slots.iter().position(|other| *other == interaction);
        let place = place.expect("8: what is freed was taken");
        slots.remove(place);
    }

    fn turned(&mut self, agent: UserId, state: AgentState) {
        let on = |state| !matches!(state, AgentState::OffQueue | AgentState::NotResponding);
        let former = self.states.insert(agent, state).unwrap_or(AgentState::OffQueue);
        if on(state) && !on(former) {
            self.spared.retain(|(who, _)| *who != agent);
        }
    }

    /// Whether the agent would have had room for it before the last so many interactions that they got.
    fn has_room(&self, engine: &Engine, agent: UserId, kind: &Kind, without_last: usize) -> bool {
        let Some(view) = engine.agent(agent) else {
            return false;
        };
        let slots = self.slots.get(&agent).map_or(&[][..], Vec::as_slice);
        let before = &slots[..slots.len() - without_last];
        let mut work: Vec<Kind> = before.iter().map(|id| self.kinds[id].clone()).collect();
        for external in view.external {
            work.push(Kind {
                medium: external.medium,
                labels: external.labels.iter().copied().collect(),
            });
        }
        fits(view.profile, &work, kind)
    }
}

fn fits(profile: &AgentProfile, work: &[Kind], kind: &Kind) -> bool {
    let utilization = &profile.utilization;
    let same = work.iter().filter(|other| other.medium == kind.medium).count();
    let interrupts = |other: &Kind| other.medium == kind.medium || utilization.lets_through(other.medium, kind.medium);
    let is_below = |(label, maximum): (&LabelId, &u8)| {
        let number = work.iter().filter(|other| other.labels.contains(label)).count();
        !kind.labels.contains(label) || number < usize::from(*maximum)
    };
    same < usize::from(utilization.maximum(kind.medium))
        && work.iter().all(interrupts)
        && utilization.labels.iter().all(is_below)
}

/// One world, watched.
fn watch(seed: u64) {
    let (mut engine, mut witness) = (Engine::new(), Witness::default());
    let mut watched = |engine: &mut Engine, now: Timestamp, command: &Command| {
        let applied = engine.apply(now, command.clone());
        let held = catch_unwind(AssertUnwindSafe(|| witness.check(engine, command, &applied)));
        assert!(held.is_ok(), "seed {seed}, at {now:?}, after {command:?}: {applied:#?}");
        applied
    };
    let _ = log(&mut World::new(seed), 1_000, |now, command| {
        while let Some(due) = engine
            .next_deadline()
            .filter(|due| *due < now && *command != Command::Resume)
        {
            let _ = watched(&mut engine, due, &Command::Tick);
        }
        watched(&mut engine, now, command)
    });
}

#[test]
fn the_invariants_hold() {
    let worlds = Worlds {
        test: "witness::the_invariants_hold",
        short: 30,
        long: 2_000,
    };
    let _ = worlds.each(watch);
}

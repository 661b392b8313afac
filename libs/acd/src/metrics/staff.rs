//! What agents do, since when, and of which queues they are joined members.

use super::listed;
use super::tally::AgentTally;
use crate::{AgentProfile, AgentState, Applied, Command, Effect};
use onqueue_model::{QueueId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many agents are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentCounts {
    /// Taking nothing.
    pub off_queue: u64,
    /// On queue with nothing in hand.
    pub idle: u64,
    /// With something in hand, alerting, or after-contact work that holds its slot.
    pub interacting: u64,
    /// With work that was not routed here, and nothing else.
    pub communicating: u64,
    /// After an offer that was not answered.
    pub not_responding: u64,
}

impl AgentCounts {
    fn of(&mut self, state: AgentState) -> &mut u64 {
        match state {
            AgentState::OffQueue => &mut self.off_queue,
            AgentState::Idle => &mut self.idle,
            AgentState::Interacting => &mut self.interacting,
            AgentState::Communicating => &mut self.communicating,
            AgentState::NotResponding => &mut self.not_responding,
        }
    }
}

/// All agents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Staff {
    #[serde(with = "listed")]
    agents: BTreeMap<UserId, Agent>,
    all: AgentCounts,
    /// Joined members.
    #[serde(with = "listed")]
    by_queue: BTreeMap<QueueId, AgentCounts>,
    /// Up to when times in states were added up.
    settled: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Agent {
    state: AgentState,
    since: Timestamp,
    joined: BTreeSet<QueueId>,
}

impl Staff {
    /// Takes up a command and its effects; `tallies` get the times in states that ended.
    pub fn follow(
        &mut self,
        at: Timestamp,
        command: &Command,
        applied: &Applied,
        tallies: &mut BTreeMap<UserId, AgentTally>,
    ) {
        if applied.refusal.is_none() {
            self.take_up(at, command);
        }
        for effect in &applied.effects {
            if let Effect::AgentStateChanged { agent, state } = effect {
                self.change_state(at, *agent, *state, tallies);
            }
        }
        if let (Command::RemoveAgent { agent }, None) = (command, applied.refusal) {
            self.settle_one(at, *agent, tallies);
            self.count_out(*agent);
            self.agents.remove(agent);
        }
    }

    pub fn state(&self, agent: UserId) -> Option<(AgentState, Timestamp)> {
        self.agents.get(&agent).map(|agent| (agent.state, agent.since))
    }

    pub fn everywhere(&self) -> AgentCounts {
        self.all
    }

    pub fn in_queue(&self, queue: QueueId) -> AgentCounts {
        self.by_queue.get(&queue).copied().unwrap_or_default()
    }

    /// Whether nobody is on queue, so that time passes without being anybody's.
    pub fn is_away(&self) -> bool {
        let AgentCounts { off_queue, .. } = self.all;
        self.all
            == AgentCounts {
                off_queue,
                ..AgentCounts::default()
            }
    }

    /// Adds up everybody's time until then.
    pub fn settle(&mut self, at: Timestamp, tallies: &mut BTreeMap<UserId, AgentTally>) {
        for (id, agent) in &self.agents {
            note_time(self.settled, at, *id, agent, tallies);
        }
        self.settled = at;
    }

    fn take_up(&mut self, at: Timestamp, command: &Command) {
        match command {
            Command::UpsertAgent { agent } => self.enrol(at, agent),
            Command::JoinQueue { agent, queue } => self.change_joined(*agent, |joined| {
                joined.insert(*queue);
            }),
            Command::LeaveQueue { agent, queue } => self.change_joined(*agent, |joined| {
                joined.remove(queue);
            }),
            _ => {}
        }
    }

    fn enrol(&mut self, at: Timestamp, profile: &AgentProfile) {
        let memberships = profile.queues.iter().filter(|(_, membership)| membership.joined);
        let joined: BTreeSet<QueueId> = memberships.map(|(queue, _)| *queue).collect();
        if self.agents.contains_key(&profile.id) {
            return self.change_joined(profile.id, |former| *former = joined);
        }
        let agent = Agent {
            state: AgentState::OffQueue,
            since: at,
            joined,
        };
        self.agents.insert(profile.id, agent);
        self.count_in(profile.id);
    }

    fn change_joined(&mut self, agent: UserId, change: impl FnOnce(&mut BTreeSet<QueueId>)) {
        self.count_out(agent);
        if let Some(agent) = self.agents.get_mut(&agent) {
            change(&mut agent.joined);
        }
        self.count_in(agent);
    }

    fn change_state(
        &mut self,
        at: Timestamp,
        id: UserId,
        state: AgentState,
        tallies: &mut BTreeMap<UserId, AgentTally>,
    ) {
        if self.agents.get(&id).is_none_or(|agent| agent.state == state) {
            return;
        }
        self.settle_one(at, id, tallies);
        self.count_out(id);
        if let Some(agent) = self.agents.get_mut(&id) {
            agent.state = state;
            agent.since = at;
        }
        self.count_in(id);
    }

    fn settle_one(&self, at: Timestamp, id: UserId, tallies: &mut BTreeMap<UserId, AgentTally>) {
        if let Some(agent) = self.agents.get(&id) {
            note_time(self.settled, at, id, agent, tallies);
        }
    }

    fn count_in(&mut self, agent: UserId) {
        self.recount(agent, |count| *count += 1);
    }

    fn count_out(&mut self, agent: UserId) {
        self.recount(agent, |count| *count -= 1);
    }

    fn recount(&mut self, agent: UserId, change: impl Fn(&mut u64)) {
        let Some(agent) = self.agents.get(&agent) else { return };
        change(self.all.of(agent.state));
        for queue in &agent.joined {
            let counts = self.by_queue.entry(*queue).or_default();
            change(counts.of(agent.state));
            if *counts == AgentCounts::default() {
                self.by_queue.remove(queue);
            }
        }
    }
}

/// Adds the time that an agent has spent in their state and that was not added yet.
fn note_time(settled: Timestamp, at: Timestamp, id: UserId, agent: &Agent, tallies: &mut BTreeMap<UserId, AgentTally>) {
    let time = at.since(settled.max(agent.since));
    if agent.state != AgentState::OffQueue && !time.is_zero() {
        tallies.entry(id).or_default().states.add(agent.state, time);
    }
}

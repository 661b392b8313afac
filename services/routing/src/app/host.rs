//! One organisation's engine with what belongs to it in memory.

use super::frames::{Frame, Watchers};
use super::legs::Legs;
use super::lookout::Lookout;
use super::lost::Lost;
use super::notes::Notes;
use super::presence::Presence;
use super::turn::{Snapshot, Told, Turn};
use super::{facts, figures, frames};
use crate::store::{
    Configuration, ConversationRules, Details, History, Loaded, Logged, Message, NewDecision, Queue, Record,
};
use onqueue_acd::{
    AgentState, Command, Effect, Engine, Explanation, InteractionPlace, InteractionView, Refusal, Requirements,
};
use onqueue_model::{
    ConversationId, DecisionId, DivisionId, InteractionId, OrganisationId, QueueId, SkillId, Timestamp, UserId,
};
use onqueue_proto::session::v1::report_request::Fact;
use onqueue_server::resource::Once;
use std::collections::{BTreeMap, BTreeSet};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// By how much the positions of two inputs' reports are apart: how many effects an input may have on an interaction.
pub(super) const REPORTS: i64 = 1_000;

/// The names that people see, and where queues belong.
#[derive(Debug, Default)]
pub struct Names {
    queues: BTreeMap<QueueId, (String, DivisionId)>,
    agents: BTreeMap<UserId, String>,
    skills: BTreeMap<SkillId, String>,
    /// What queues say to those who wait.
    messages: BTreeMap<QueueId, Arc<[Message]>>,
    /// What holds for queues' conversations.
    rules: BTreeMap<QueueId, Arc<ConversationRules>>,
}

impl Names {
    pub fn queue(&self, id: QueueId) -> String {
        self.queues.get(&id).map(|(name, _)| name.clone()).unwrap_or_default()
    }

    /// `None` for a queue that never was.
    pub fn division(&self, queue: QueueId) -> Option<DivisionId> {
        self.queues.get(&queue).map(|(_, division)| *division)
    }

    pub fn agent(&self, id: UserId) -> String {
        self.agents.get(&id).cloned().unwrap_or_default()
    }

    pub fn skill(&self, id: SkillId) -> String {
        self.skills.get(&id).cloned().unwrap_or_default()
    }

    /// What the queue says to those who wait in it.
    pub fn messages(&self, queue: QueueId) -> Arc<[Message]> {
        self.messages.get(&queue).cloned().unwrap_or_default()
    }

    /// What holds for the queue's conversations.
    pub fn rules(&self, queue: QueueId) -> Arc<ConversationRules> {
        self.rules.get(&queue).cloned().unwrap_or_default()
    }

    /// Whether the organisation has the skill.
    pub fn has_skill(&self, id: SkillId) -> bool {
        self.skills.contains_key(&id)
    }

    fn learn(&mut self, configuration: &Configuration) {
        let queues = configuration
            .queues
            .iter()
            .map(|queue| (queue.id, (queue.content.name.clone(), queue.content.division)));
        self.queues.extend(queues);
        let messages = configuration.queues.iter();
        self.messages
            .extend(messages.map(|queue| (queue.id, queue.content.settings.messages.as_slice().into())));
        let rules = configuration.queues.iter();
        self.rules
            .extend(rules.map(|queue| (queue.id, Arc::new(queue.content.settings.conversation_rules.clone()))));
        let agents = configuration.agents.iter();
        self.agents
            .extend(agents.map(|profile| (profile.agent.id, profile.name.clone())));
        self.skills.clone_from(&configuration.skills);
    }
}

/// The engine, its place in the log, and who is there.
#[derive(Debug)]
pub struct Host {
    organisation: OrganisationId,
    pub(super) engine: Engine,
    pub(super) history: History,
    /// What is looked at beside deciding.
    pub(super) lookout: Lookout,
    /// Position of the last input.
    pub(super) position: i64,
    /// Configuration revision in force.
    revision: i64,
    names: Names,
    pub(super) details: BTreeMap<InteractionId, Details>,
    pub(super) presence: Presence,
    pub(super) lost: Lost,
    pub watchers: Watchers,
    pub(super) legs: Legs,
    /// What who passes an interaction on with the next input wants the next to know.
    pub(super) note: String,
    /// The last snapshot's position, and when it was written or this host was made.
    snapshot: (i64, Timestamp),
    notes: Notes,
}

impl Host {
    /// After a take-over or a restart everybody on queue, and who has something in hand, counts as heard of now.
    pub fn new(
        organisation: OrganisationId,
        loaded: Loaded,
        configuration: &Configuration,
        details: BTreeMap<InteractionId, Details>,
        now: Timestamp,
        gone_after: Duration,
    ) -> Self {
        let mut presence = Presence::new(gone_after);
        for agent in loaded
            .engine
            .agents()
            .filter(|agent| agent.state != AgentState::OffQueue || !agent.held.is_empty())
        {
            presence.came(agent.profile.id, now);
        }
        let mut names = Names::default();
        names.learn(configuration);
        let legs = Legs::of(loaded.engine.interactions());
        Self {
            organisation,
            engine: loaded.engine,
            history: loaded.history,
            lookout: Lookout::new(now),
            position: loaded.position,
            revision: configuration.revision,
            names,
            details,
            presence,
            lost: Lost::default(),
            watchers: Watchers::default(),
            legs,
            note: String::new(),
            snapshot: (loaded.snapshot, now),
            notes: Notes::new(now),
        }
    }

    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Whether the engine has the queue, and the organisation every skill that is asked for.
    pub fn knows(&self, queue: QueueId, requirements: &Requirements) -> bool {
        let mut skills = requirements.skills.keys();
        self.engine.queue(queue).is_some() && skills.all(|skill| self.names.has_skill(*skill))
    }

    pub fn details(&self, interaction: InteractionId) -> Details {
        self.details.get(&interaction).cloned().unwrap_or_default()
    }

    /// When something is to be done even if nobody asks.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let deadlines = [
            self.engine.next_deadline(),
            self.presence.look_at(),
            self.next_giving_up(),
            self.history.metrics.closes(),
            self.next_observation(),
            self.notes.look_at(self.position),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Gives the command to the engine and writes down what follows.
    pub fn apply(&mut self, turn: &mut Turn, command: Command, traceparent: Option<&str>) -> Option<Refusal> {
        let note = std::mem::take(&mut self.note);
        let moved = facts::of_transfer(&self.engine, &self.names, &command, note);
        let applied = figures::timed(|| self.engine.apply(turn.now, command.clone()));
        self.position += 1;
        let (happenings, closed) = self.history.take(&self.engine, &command, &applied);
        turn.ended_waits
            .extend(happenings.iter().filter_map(|it| figures::ended_wait(&self.engine, it)));
        let closed = closed.into_iter().map(|interval| (self.organisation, interval));
        turn.batch.intervals.extend(closed);
        if applied.refusal.is_none() {
            self.follow(&command, &applied.effects, turn.now);
            self.legs.begin(&command);
        }
        let moved = moved.filter(|_| applied.refusal.is_none());
        self.write_down(turn, moved, &applied.effects, traceparent);
        if applied.refusal.is_none() {
            self.legs.end(&command);
        }
        turn.batch.log.push(Logged {
            organisation: self.organisation,
            position: self.position,
            at: turn.now,
            command,
            traceparent: traceparent.map(str::to_owned),
            epoch: turn.tenure.epoch(self.organisation),
        });
        let effects = applied.effects.into_iter();
        turn.effects.extend(effects.map(|effect| (self.organisation, effect)));
        applied.refusal
    }

    /// Keeps in step who is to be heard of, and what rules look at. Who has something in hand is to be heard of off queue too.
    fn follow(&mut self, command: &Command, effects: &[Effect], now: Timestamp) {
        for effect in effects {
            if let Effect::Assigned { agent, .. } = effect {
                self.presence.meet(*agent, now);
            }
        }
        match command {
            Command::GoOnQueue { agent, .. } => {
                self.presence.came(*agent, now);
                self.hear(*agent, now);
            }
            Command::GoOffQueue { agent } if self.engine.agent(*agent).is_none_or(|view| view.held.is_empty()) => {
                self.presence.left(*agent);
            }
            Command::AgentGone { agent } => self.presence.left(*agent),
            Command::UpsertQueue { .. } | Command::RemoveQueue { .. } => self.lookout.reconsider(),
            _ => {}
        }
    }

    /// Turns effects into reports and decision records. They are numbered within each interaction, so that however many
    /// effects an input has, those of one conversation stay in order and apart from the next input's.
    /// A transfer comes before its effects.
    fn write_down(
        &mut self,
        turn: &mut Turn,
        moved: Option<(InteractionId, Fact)>,
        effects: &[Effect],
        traceparent: Option<&str>,
    ) {
        let mut places: BTreeMap<ConversationId, i64> = BTreeMap::new();
        if let Some((interaction, fact)) = moved {
            places.insert(interaction.conversation, 1);
            self.report(turn, interaction, self.position * REPORTS, (fact, traceparent));
        }
        for effect in effects {
            let Some(interaction) = facts::interaction(effect) else {
                continue;
            };
            let place = places.entry(interaction.conversation).or_insert(0);
            let position = self.position * REPORTS + *place;
            *place += 1;
            if *place >= REPORTS {
                turn.defect = Some(format!(
                    "input {} has too many effects on {interaction:?}",
                    self.position
                ));
            }
            let leg = self.legs.contains(interaction).then_some(&self.engine);
            if let Some((interaction, fact)) = facts::of_effect(&self.names, leg, effect) {
                self.report(turn, interaction, position, (fact, traceparent));
            }
            self.legs.follow(effect);
            if let Effect::Over { interaction } = effect {
                turn.batch.ended.push((self.organisation, *interaction));
            }
            if let Effect::Assigned { interaction, agent, .. } = effect
                && let Some(view) = self.engine.interaction(*interaction)
            {
                let key = (self.organisation, *interaction, *agent);
                turn.batch.wrap_ups.handled.insert(key, view.queue);
            }
            if let Effect::DecisionRecorded { decision } = effect {
                turn.batch.decisions.push(NewDecision {
                    position,
                    ..self.record(turn.ids.id(turn.now), Record::Offer(decision.clone()))
                });
            }
        }
    }

    /// A record after the last input and its reports.
    pub const fn record(&self, id: DecisionId, record: Record) -> NewDecision {
        NewDecision {
            organisation: self.organisation,
            id,
            position: self.position * REPORTS + REPORTS - 1,
            log_position: self.position,
            revision: self.revision,
            record,
        }
    }

    /// What is to be recorded of those that wait.
    pub fn look_at_waiting(&mut self, now: Timestamp) -> Vec<Explanation> {
        self.notes.look(&self.engine, self.position, now)
    }

    /// The conversation's interaction that has not ended, if there is one; not what it is offered as in the meantime.
    pub fn live(&self, conversation: ConversationId) -> Option<InteractionView<'_>> {
        let known = self.of_conversation(conversation).rev();
        let mut known = known.filter_map(|id| self.engine.interaction(id));
        known.find(|it| it.stands_for.is_none())
    }

    /// Remembers which request transferred the interaction.
    pub fn note_transfer(&mut self, turn: &mut Turn, interaction: InteractionId, once: Once) {
        if let Some(details) = self.details.get_mut(&interaction) {
            details.transfer = Some(once);
            turn.batch.transferred.push((self.organisation, interaction, once));
        }
    }

    pub const fn organisation(&self) -> OrganisationId {
        self.organisation
    }

    /// An interaction comes from the feed.
    pub fn open(&mut self, turn: &mut Turn, interaction: InteractionId, details: Details) {
        if !self.details.contains_key(&interaction) {
            turn.batch
                .opened
                .push((self.organisation, interaction, details.clone()));
            self.details.insert(interaction, details);
        }
    }

    /// What was said of the interaction is needed no more.
    pub fn forget(&mut self, interaction: InteractionId) {
        self.details.remove(&interaction);
    }

    /// Takes over configuration that was committed.
    pub fn configure(&mut self, turn: &mut Turn, configuration: Configuration) {
        self.names.learn(&configuration);
        self.revision = configuration.revision;
        if let Some(new) = configuration.settings {
            let settings = new.settings;
            self.apply(turn, Command::Configure { settings }, None);
            turn.batch.applied_settings.push((self.organisation, new.revision));
        }
        for queue in configuration.queues {
            self.configure_queue(turn, &queue);
        }
        for profile in configuration.agents {
            let id = profile.agent.id;
            self.apply(turn, Command::UpsertAgent { agent: profile.agent }, None);
            turn.batch
                .applied_agents
                .push((self.organisation, id, profile.revision));
            turn.changed.push((self.organisation, id));
        }
    }

    fn configure_queue(&mut self, turn: &mut Turn, queue: &Queue) {
        if queue.removed {
            self.remove_queue(turn, queue.id);
        } else {
            let queue = queue.config();
            self.apply(turn, Command::UpsertQueue { queue }, None);
        }
        turn.batch
            .applied_queues
            .push((self.organisation, queue.id, queue.revision));
    }

    /// Who came in while the queue was being removed is refused, and nothing is kept of them.
    fn remove_queue(&mut self, turn: &mut Turn, queue: QueueId) {
        let inside = self.engine.interactions().filter(|it| it.queue == queue);
        let unserved = inside.filter(|it| !matches!(it.place, InteractionPlace::Held { .. }));
        let refused = unserved.map(|it| (self.organisation, it.id));
        turn.batch.ended.extend(refused);
        self.apply(turn, Command::RemoveQueue { queue }, None);
    }

    /// Goes on after nobody was served for a while: what lapsed in the meantime was not for its agents to answer.
    pub fn resume(&mut self, turn: &mut Turn) {
        if self.engine.next_deadline().is_some_and(|at| at <= turn.now) {
            self.apply(turn, Command::Resume, None);
        }
    }

    /// Lets timers fire that are due, quarters of an hour end, and agents go that have been silent for too long; notes what
    /// rules look at.
    pub fn pass_time(&mut self, turn: &mut Turn) {
        for agent in self.presence.gone(turn.now) {
            self.lose(turn, agent);
        }
        self.give_up(turn);
        self.observe(turn);
        let deadlines = [self.engine.next_deadline(), self.history.metrics.closes()];
        if deadlines.into_iter().flatten().any(|at| at <= turn.now) {
            self.apply(turn, Command::Tick, None);
        }
    }

    /// What who watches is to be told of the effects.
    pub fn tell(&self, effects: &[&Effect], changed: &[UserId]) -> Vec<Told> {
        let (mut told, mut touched) = (Vec::new(), changed.iter().copied().collect::<BTreeSet<_>>());
        for effect in effects {
            touched.extend(frames::touched(effect));
            if let Some((user, frame)) = frames::of_effect(self, effect) {
                self.address(&mut told, user, &frame);
            }
        }
        for user in touched {
            if !self.watchers.of(user).is_empty()
                && let Some(agent) = frames::agent_now(self, user)
            {
                self.address(&mut told, user, &Frame::Agent(Box::new(agent)));
            }
        }
        told
    }

    fn address(&self, told: &mut Vec<Told>, user: UserId, frame: &Frame) {
        let streams = self.watchers.of(user).iter();
        told.extend(streams.map(|stream| Told {
            organisation: self.organisation,
            user,
            stream: stream.clone(),
            frame: frame.clone(),
        }));
    }

    /// Somebody follows an agent from now on: what is to be told first. `None` without a routing profile.
    pub fn watch(&mut self, user: UserId, stream: &mpsc::Sender<Frame>, now: Timestamp) -> Option<Vec<Told>> {
        let first = frames::everything(self, user)?.into_iter().map(|frame| Told {
            organisation: self.organisation,
            user,
            stream: stream.clone(),
            frame,
        });
        let first = first.collect();
        self.watchers.add(user, stream.clone());
        self.hear(user, now);
        Some(first)
    }

    /// A copy of the engine and of what was learnt, if it is time for a snapshot.
    pub fn snapshot_due(&mut self, now: Timestamp, inputs: u64, age: Duration) -> Option<Snapshot> {
        let (position, at) = self.snapshot;
        let new = u64::try_from(self.position - position).unwrap_or(0);
        if new < inputs && (new == 0 || now.since(at) < age) {
            return None;
        }
        self.snapshot = (self.position, now);
        Some(Snapshot {
            organisation: self.organisation,
            position: self.position,
            engine: self.engine.clone(),
            history: self.history.clone(),
        })
    }
}

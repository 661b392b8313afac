//! One organisation's engine with what belongs to it in memory.

use super::frames::Watchers;
use super::notes::Notes;
use super::presence::Presence;
use super::turn::Turn;
use super::{facts, figures, frames};
use crate::store::{Configuration, Details, Loaded, Logged, NewDecision, NewReport, Queue, Record};
use onqueue_acd::{AgentState, Command, Effect, Engine, Explanation, InteractionPlace, Refusal, Requirements};
use onqueue_model::{
    ConversationId, DecisionId, DivisionId, InteractionId, OrganisationId, QueueId, SkillId, Timestamp, UserId,
};
use onqueue_proto::session::v1::{ReportRequest, report_request::Fact};
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// By how much the positions of two inputs' reports are apart: how many effects an input may have on an interaction.
const REPORTS: i64 = 1_000;

/// The names that people see, and where queues belong.
#[derive(Debug, Default)]
pub struct Names {
    queues: BTreeMap<QueueId, (String, DivisionId)>,
    agents: BTreeMap<UserId, String>,
    skills: BTreeMap<SkillId, String>,
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
    engine: Engine,
    /// Position of the last input.
    position: i64,
    /// Configuration revision in force.
    revision: i64,
    names: Names,
    details: BTreeMap<InteractionId, Details>,
    pub presence: Presence,
    pub watchers: Watchers,
    /// The last snapshot's position, and when it was written or this host was made.
    snapshot: (i64, Timestamp),
    notes: Notes,
}

impl Host {
    /// After a take-over or a restart everybody on queue counts as heard of now.
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
            .filter(|agent| agent.state != AgentState::OffQueue)
        {
            presence.came(agent.profile.id, now);
        }
        let mut names = Names::default();
        names.learn(configuration);
        Self {
            organisation,
            engine: loaded.engine,
            position: loaded.position,
            revision: configuration.revision,
            names,
            details,
            presence,
            watchers: Watchers::default(),
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

    /// The conversation's last opening that has not ended.
    pub fn interaction_of(&self, conversation: ConversationId) -> Option<InteractionId> {
        let of = |opening| InteractionId { conversation, opening };
        let openings = self.details.range(of(0)..=of(u32::MAX)).rev();
        openings
            .map(|(interaction, _)| *interaction)
            .find(|interaction| self.engine.interaction(*interaction).is_some())
    }

    /// When something is to be done even if nobody asks.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let notes = self.notes.look_at(self.position);
        let deadlines = [self.engine.next_deadline(), self.presence.look_at(), notes];
        deadlines.into_iter().flatten().min()
    }

    /// Gives the command to the engine and writes down what follows.
    pub fn apply(&mut self, turn: &mut Turn, command: Command, traceparent: Option<&str>) -> Option<Refusal> {
        let applied = figures::timed(|| self.engine.apply(turn.now, command.clone()));
        self.position += 1;
        if applied.refusal.is_none() {
            self.follow(&command, turn.now);
        }
        turn.batch.log.push(Logged {
            organisation: self.organisation,
            position: self.position,
            at: turn.now,
            command,
            traceparent: traceparent.map(str::to_owned),
            epoch: turn.tenure.epoch(self.organisation),
        });
        self.write_down(turn, &applied.effects, traceparent);
        let effects = applied.effects.into_iter();
        turn.effects.extend(effects.map(|effect| (self.organisation, effect)));
        applied.refusal
    }

    /// Keeps in step who is on queue.
    fn follow(&mut self, command: &Command, now: Timestamp) {
        match command {
            Command::GoOnQueue { agent, .. } => self.presence.came(*agent, now),
            Command::GoOffQueue { agent } | Command::AgentGone { agent } => self.presence.left(*agent),
            _ => {}
        }
    }

    /// Turns effects into reports and decision records. They are numbered within each interaction, so that however many
    /// effects an input has, those of one conversation stay in order and apart from the next input's.
    fn write_down(&self, turn: &mut Turn, effects: &[Effect], traceparent: Option<&str>) {
        let mut places: BTreeMap<InteractionId, i64> = BTreeMap::new();
        for effect in effects {
            let Some(interaction) = facts::interaction(effect) else {
                continue;
            };
            let place = places.entry(interaction).or_insert(0);
            let position = self.position * REPORTS + *place;
            *place += 1;
            if *place > REPORTS {
                turn.defect = Some(format!(
                    "input {} has too many effects on {interaction:?}",
                    self.position
                ));
            }
            if let Some((interaction, fact)) = facts::of_effect(&self.names, effect) {
                let report = self.report(turn, interaction, position, fact);
                let traceparent = traceparent.map(str::to_owned);
                turn.batch.reports.push(NewReport { traceparent, ..report });
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

    fn report(&self, turn: &Turn, interaction: InteractionId, position: i64, fact: Fact) -> NewReport {
        let epoch = turn.tenure.epoch(self.organisation);
        let request = ReportRequest {
            organisation_id: self.organisation.to_string(),
            conversation_id: interaction.conversation.to_string(),
            opening: i64::from(interaction.opening),
            epoch,
            position,
            fact: Some(fact),
        };
        NewReport {
            organisation: self.organisation,
            interaction,
            position,
            epoch,
            traceparent: None,
            payload: request.encode_to_vec(),
        }
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

    /// Lets timers fire that are due, and agents go that have been silent for too long.
    pub fn pass_time(&mut self, turn: &mut Turn) {
        for agent in self.presence.gone(turn.now) {
            self.apply(turn, Command::AgentGone { agent }, None);
        }
        if self.engine.next_deadline().is_some_and(|at| at <= turn.now) {
            self.apply(turn, Command::Tick, None);
        }
    }

    /// Tells who watches what became of the effects.
    pub fn let_out(&mut self, effects: &[Effect], changed: &[UserId]) {
        let mut touched: BTreeSet<UserId> = changed.iter().copied().collect();
        for effect in effects {
            if let Effect::AgentStateChanged { agent, .. } = effect {
                touched.insert(*agent);
            }
            if let Some((user, frame)) = frames::of_effect(self, effect) {
                self.watchers.tell(user, &frame);
            }
        }
        for user in touched {
            if self.watchers.has(user)
                && let Some(agent) = frames::agent_now(self, user)
            {
                self.watchers.tell(user, &frames::Frame::Agent(Box::new(agent)));
            }
        }
    }

    /// A copy of the engine and its position, if it is time for a snapshot.
    pub fn snapshot_due(&mut self, now: Timestamp, inputs: u64, age: Duration) -> Option<(Engine, i64)> {
        let (position, at) = self.snapshot;
        let new = u64::try_from(self.position - position).unwrap_or(0);
        if new < inputs && (new == 0 || now.since(at) < age) {
            return None;
        }
        self.snapshot = (self.position, now);
        Some((self.engine.clone(), self.position))
    }
}

//! What is learnt along the log, beside the engine: metrics, and how long waits are. The same log gives the same.

use onqueue_acd::metrics::{Happening, Interval, Metrics};
use onqueue_acd::waiting::Waiting;
use onqueue_acd::{AgentProfile, AgentState, Applied, Command, Effect, Engine, QueueConfig};
use serde::{Deserialize, Serialize};

/// Both folds of one organisation. Serialising it gives their part of a snapshot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct History {
    /// What goes on, what went on, and quarters of an hour.
    pub metrics: Metrics,
    /// What was learnt of waits.
    pub waiting: Waiting,
}

impl History {
    /// One that begins in the middle, beside an engine whose past is not known: queues, agents and their states are there.
    /// Interactions that are there already count nowhere.
    pub fn beginning_with(engine: &Engine) -> Self {
        let mut history = Self::default();
        for queue in engine.queues() {
            history.note(engine, &upserted_queue(queue.config), Vec::new());
        }
        for agent in engine.agents() {
            let state = Effect::AgentStateChanged {
                agent: agent.profile.id,
                state: agent.state,
            };
            let effects = (agent.state != AgentState::OffQueue).then_some(state);
            history.note(engine, &upserted_agent(agent.profile), effects.into_iter().collect());
        }
        history
    }

    fn note(&mut self, engine: &Engine, command: &Command, effects: Vec<Effect>) {
        let applied = Applied { effects, refusal: None };
        self.metrics.observe(engine.now(), command, &applied);
    }

    /// Takes up an input and what it brought about; the engine is as that left it. Answers what became of interactions, and the
    /// quarters that are over with it.
    pub fn take(&mut self, engine: &Engine, command: &Command, applied: &Applied) -> (Vec<Happening>, Vec<Interval>) {
        let at = engine.now();
        let happenings = self.metrics.observe(at, command, applied);
        for (happening, score) in self.waiting.observe(engine, at, &happenings) {
            self.metrics.score(&happening, &score);
        }
        (happenings, self.metrics.take_closed())
    }
}

fn upserted_queue(queue: &QueueConfig) -> Command {
    let queue = queue.clone();
    Command::UpsertQueue { queue }
}

fn upserted_agent(agent: &AgentProfile) -> Command {
    let agent = agent.clone();
    Command::UpsertAgent { agent }
}

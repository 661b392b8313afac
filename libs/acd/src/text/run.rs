//! Feeding a log to an engine, which needs somebody to tell it the time.

use super::log::{Answer, Entry, Input, Log};
use super::output;
use crate::{Applied, Command, Decision, Effect, Engine, Recording, Refusal};
use onqueue_model::{InteractionId, OfferId, Timestamp, UserId};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What to print besides assignments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Decisions and refusals too.
    pub explain: bool,
    /// The engine's digest when all is over.
    pub digest: bool,
}

/// How a run went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many assignments there were.
    pub assignments: u64,
    /// How many commands, or interactions in them, were refused.
    pub refusals: u64,
}

/// Feeds the whole log to a fresh engine, lets time pass until nothing more is due, and hands each line of output to `sink`,
/// without its end. Ends with the first error of the sink's.
pub fn run<E>(log: &Log, options: Options, sink: impl FnMut(&str) -> Result<(), E>) -> Result<Summary, E> {
    feed(Run::begin(log, recording(options)), log, options, sink)
}

/// The same with an engine that was read back from a snapshot: it goes on from there with the log's entries, and what the log says
/// of the beginning is not looked at.
pub fn run_from<E>(
    engine: Engine,
    log: &Log,
    options: Options,
    sink: impl FnMut(&str) -> Result<(), E>,
) -> Result<Summary, E> {
    let recording = recording(options);
    let run = Run::begin(log, recording).with_engine(engine.with_recording(recording));
    feed(run, log, options, sink)
}

const fn recording(options: Options) -> Recording {
    if options.explain { Recording::On } else { Recording::Off }
}

fn feed<E>(
    mut run: Run,
    log: &Log,
    options: Options,
    mut sink: impl FnMut(&str) -> Result<(), E>,
) -> Result<Summary, E> {
    let mut summary = Summary::default();
    let mut tell = |events: Vec<Event>| {
        for event in events {
            summary.count(&event.what);
            if options.explain || matches!(event.what, What::Assigned { .. }) {
                sink(&output::line(log, &event))?;
            }
        }
        Ok(())
    };
    for entry in &log.entries {
        tell(run.take(entry))?;
    }
    tell(run.finish())?;
    if options.digest {
        sink(&output::digest(run.engine()))?;
    }
    Ok(summary)
}

impl Summary {
    fn count(&mut self, what: &What) {
        match what {
            What::Assigned { .. } => self.assignments += 1,
            What::Refused { .. } | What::Rejected { .. } => self.refusals += 1,
            What::Decided(_) => {}
        }
    }
}

/// Something that came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// See [`Event`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An agent has an interaction.
    Assigned {
        /// Which.
        interaction: InteractionId,
        /// Who.
        agent: UserId,
    },
    /// Why an offer was made.
    Decided(Box<Decision>),
    /// A line changed nothing.
    Refused {
        /// Which line of the text.
        line: usize,
        /// Why.
        refusal: Refusal,
    },
    /// An interaction was not taken, or lost its queue.
    Rejected {
        /// Which.
        interaction: InteractionId,
        /// Why.
        refusal: Refusal,
    },
}

/// An engine that is being fed.
#[derive(Clone, Debug)]
pub struct Run {
    engine: Engine,
    /// The last offer of each interaction to each agent.
    offers: BTreeMap<(InteractionId, UserId), OfferId>,
    /// How many entries were taken.
    taken: usize,
}

impl Run {
    /// An engine that knows what there is in the beginning.
    pub fn begin(log: &Log, recording: Recording) -> Self {
        let mut engine = Engine::new().with_recording(recording);
        let settings = log.settings;
        let queues = log.queues.iter().cloned().map(|queue| Command::UpsertQueue { queue });
        let agents = log.agents.iter().cloned().map(|agent| Command::UpsertAgent { agent });
        let beginning = std::iter::once(Command::Configure { settings })
            .chain(queues)
            .chain(agents);
        for command in beginning {
            let _nothing_is_there_yet = engine.apply(Timestamp::default(), command);
        }
        Self {
            engine,
            offers: BTreeMap::new(),
            taken: 0,
        }
    }

    /// Takes the log's next entry, letting what is due before it happen first.
    pub fn take(&mut self, entry: &Entry) -> Vec<Event> {
        self.taken += 1;
        let command = self.command(&entry.input);
        let mut events = match command {
            Command::Resume => Vec::new(),
            _ => self.pass_until(entry.at),
        };
        events.extend(self.apply(entry.at, command));
        events
    }

    /// Lets time pass until nothing more is due.
    pub fn finish(&mut self) -> Vec<Event> {
        self.pass_until(Timestamp(i64::MAX))
    }

    /// The engine as it is.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Goes on with another engine that is in the same state: one read back from a snapshot.
    #[must_use]
    pub fn with_engine(self, engine: Engine) -> Self {
        Self { engine, ..self }
    }

    /// Ticks at everything that is due before a time.
    fn pass_until(&mut self, at: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(due) = self.engine.next_deadline().filter(|due| *due < at) {
            events.extend(self.apply(due, Command::Tick));
        }
        events
    }

    fn command(&self, input: &Input) -> Command {
        match input {
            Input::Command(command) => command.clone(),
            Input::Answer {
                agent,
                interaction,
                answer,
            } => {
                let agent = *agent;
                let offer = self.offer(*interaction, agent);
                match answer {
                    Answer::Accept => Command::Accept { agent, offer },
                    Answer::Decline => Command::Decline { agent, offer },
                }
            }
        }
    }

    /// The last offer of the interaction to the agent; one that never was if there is none, which the engine refuses.
    fn offer(&self, interaction: InteractionId, agent: UserId) -> OfferId {
        let offer = self.offers.get(&(interaction, agent));
        offer.copied().unwrap_or(OfferId::new(Uuid::nil()))
    }

    fn apply(&mut self, at: Timestamp, command: Command) -> Vec<Event> {
        let Applied { effects, refusal } = self.engine.apply(at, command);
        let at = self.engine.now();
        let line = self.taken + 1;
        let refused = refusal.map(|refusal| What::Refused { line, refusal });
        let refused = refused.map(|what| Event { at, what });
        let mut events: Vec<Event> = refused.into_iter().collect();
        for effect in effects {
            events.extend(self.what(effect, refusal).map(|what| Event { at, what }));
        }
        events
    }

    /// What of an effect is worth telling. That a command's interaction was not taken is told with its refusal.
    fn what(&mut self, effect: Effect, told: Option<Refusal>) -> Option<What> {
        match effect {
            Effect::Offered {
                interaction,
                agent,
                offer,
                ..
            } => {
                self.offers.insert((interaction, agent), offer);
                None
            }
            Effect::DecisionRecorded { decision } => Some(What::Decided(Box::new(decision))),
            Effect::Assigned { interaction, agent, .. } => Some(What::Assigned { interaction, agent }),
            Effect::Rejected { interaction, refusal } if told.is_none() => {
                Some(What::Rejected { interaction, refusal })
            }
            _ => None,
        }
    }
}

//! The engine and the order of events: timers and commands, each at its time, each followed by a routing pass.

use crate::index::Index;
use crate::rules::Rules;
use crate::state::State;
use crate::turn::Turn;
use crate::{Command, Effect, OfferEnd, Refusal};
use onqueue_model::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Routes the interactions of one organisation. Serialising it gives a snapshot; the engine read back from that goes on
/// exactly as this one would. It begins at the Unix epoch.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "State")]
pub struct Engine {
    pub(crate) state: State,
    pub(crate) index: Index,
    pub(crate) rules: Rules,
    recording: Recording,
}

/// Whether reasons are noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// Each offer with its [`crate::Decision`].
    #[default]
    On,
    /// The same, where each decision names everybody who was eligible, best first; those whom the cut of
    /// [`crate::Settings::top`] keeps from competing come last. For looking into one decision: it takes as long as they are many.
    Whole,
    /// No [`Effect::DecisionRecorded`]; all else the same. Spares the time that counting reasons takes.
    Off,
}

/// What a command brought about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the effects have happened"]
pub struct Applied {
    /// Of the timers that were due, of the command, and of the routing passes; in the order in which they came about.
    pub effects: Vec<Effect>,
    /// Why the command itself changed nothing. The effects of timers stand.
    pub refusal: Option<Refusal>,
}

impl Engine {
    /// An engine that knows nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// An engine with other rules, for tests of the tests. Its rules are not part of its snapshot.
    #[doc(hidden)]
    pub fn with_rules(rules: Rules) -> Self {
        let state = State::default();
        let index = Index::of(&state, rules);
        Self {
            state,
            index,
            rules,
            recording: Recording::On,
        }
    }

    /// The same engine, recording decisions or not from now on. Not part of its snapshot; on unless said otherwise.
    #[must_use]
    pub fn with_recording(self, recording: Recording) -> Self {
        Self { recording, ..self }
    }

    /// Takes a command at a time; an earlier time than the last one counts as the last one. Timers due before `now` fire
    /// first, those of one millisecond together, each time followed by a pass of its own; then the command; then the timers
    /// due at `now`; then one pass. So an acceptance in the millisecond in which its offer lapses is in time.
    ///
    /// [`Command::Resume`] alone comes before the timers.
    ///
    /// A pass takes the waiting interactions in rank order; the first that has an eligible agent goes to its best one; and
    /// so on until none has.
    pub fn apply(&mut self, now: Timestamp, command: Command) -> Applied {
        let now = now.max(self.state.now);
        let mut turn = Turn::new(&mut self.state, &mut self.index, &self.rules, self.recording);
        if command != Command::Resume {
            turn.fire_timers_before(now);
        }
        turn.pass_time(now);
        let refusal = turn.handle(command).err();
        turn.fire_due(OfferEnd::TimedOut);
        turn.route();
        Applied {
            effects: turn.into_effects(),
            refusal,
        }
    }

    /// SHA-256 over the whole content: equal for engines that went through the same commands, on every machine.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        serde_json::to_writer(&mut hash, &self.state)
            .expect("the state has string keys only and hashing does not fail");
        hash.finalize().into()
    }
}

impl From<State> for Engine {
    fn from(state: State) -> Self {
        let rules = Rules::default();
        let index = Index::of(&state, rules);
        Self {
            state,
            index,
            rules,
            recording: Recording::On,
        }
    }
}

impl Serialize for Engine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.state.serialize(serializer)
    }
}

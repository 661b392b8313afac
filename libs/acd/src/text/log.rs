//! A routing log as the engine takes it.

use super::Names;
use crate::{AgentProfile, Command, QueueConfig, Settings};
use onqueue_model::{InteractionId, Timestamp, UserId};

/// Everything that one engine was told, from its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// What holds for the whole organisation.
    pub settings: Settings,
    /// The queues that there are in the beginning, in the order of their ids.
    pub queues: Vec<QueueConfig>,
    /// The agents that there are in the beginning; all off queue.
    pub agents: Vec<AgentProfile>,
    /// What came then; entry `n` is line `n + 2` of the text. A time before that of the entry above counts as that one.
    pub entries: Vec<Entry>,
    /// What the ids are called.
    pub names: Names,
}

impl Log {
    /// A log of what there is in the beginning, to which nothing has happened yet. Ids are called as they are.
    pub fn new(settings: Settings, mut queues: Vec<QueueConfig>, agents: Vec<AgentProfile>) -> Self {
        queues.sort_by_key(|queue| queue.id);
        Self {
            settings,
            queues,
            agents,
            entries: Vec::new(),
            names: Names::default(),
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When; from 1970 (or an origin of the log's own choosing) to the year 9999.
    pub at: Timestamp,
    /// What.
    pub input: Input,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A command as the engine takes it. Of [`Command::SetRequirements`] and of a transfer's requirements only that is
    /// written which the engine looks at.
    Command(Command),
    /// An answer to the offer of this interaction that was made to this agent last, for a text whose author does not know
    /// the ids of offers.
    Answer {
        /// Who.
        agent: UserId,
        /// Which interaction.
        interaction: InteractionId,
        /// What they say.
        answer: Answer,
    },
}

/// See [`Input::Answer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// They take it.
    Accept,
    /// They do not.
    Decline,
}

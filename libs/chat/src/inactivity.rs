//! The inactivity clock: counted from the last message of those whose silence counts, only while an agent is connected.

use crate::{Head, State};
use onqueue_model::{QueueId, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a queue says of its conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// When silence ends them.
    pub inactivity: Inactivity,
    /// For how long a messaging conversation at rest can be opened again.
    pub messaging_window: Duration,
}

/// A queue's rule of silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inactivity {
    /// After how much silence something becomes of a connected conversation.
    pub timeout: Duration,
    /// How long before that both are warned; shorter than the timeout.
    pub warning: Duration,
    /// Whose silence.
    pub counts: Silence,
    /// What becomes of it.
    pub then: Then,
}

/// Whose messages count as activity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// Everyone's: nobody has written.
    #[default]
    Both,
    /// The customer's only.
    Guest,
    /// The agents' only.
    Agent,
}

/// What becomes of a conversation in which nobody has written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// It ends, or is put to rest.
    #[default]
    End,
    /// Routing is told to bring it to that queue.
    Transfer(QueueId),
}

/// On which side of a conversation somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Guest,
    Agent,
}

/// What inactivity asks for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Warn { ends_at: Timestamp },
    Then(Then),
}

impl Default for Rules {
    /// The usual inactivity; three days.
    fn default() -> Self {
        Self {
            inactivity: Inactivity::default(),
            messaging_window: Duration::from_secs(3 * 24 * 3_600),
        }
    }
}

impl Default for Inactivity {
    /// 15 minutes of everyone's silence, warned one minute before, then the end.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(15 * 60),
            warning: Duration::from_secs(60),
            counts: Silence::Both,
            then: Then::End,
        }
    }
}

impl Silence {
    /// Whether a message from that side breaks it.
    pub(crate) const fn is_broken_by(self, side: Side) -> bool {
        match self {
            Self::Both => true,
            Self::Guest => matches!(side, Side::Guest),
            Self::Agent => matches!(side, Side::Agent),
        }
    }

    fn since(self, head: &Head) -> Timestamp {
        match self {
            Self::Both => head.guest_active_at.max(head.agent_active_at),
            Self::Guest => head.guest_active_at,
            Self::Agent => head.agent_active_at,
        }
    }
}

impl Inactivity {
    pub(crate) fn due(self, head: &Head, now: Timestamp) -> Due {
        if head.state != State::Connected {
            return Due::Nothing;
        }
        let ends_at = self.ends_at(head);
        if now >= ends_at {
            return Due::Then(self.then);
        }
        if now >= self.warns_at(head) && !self.has_warned(head) {
            return Due::Warn { ends_at };
        }
        Due::Nothing
    }

    /// When to look again: at the warning, then at the end.
    pub(crate) fn check_at(self, head: &Head) -> Option<Timestamp> {
        (head.state == State::Connected).then(|| {
            if self.has_warned(head) {
                self.ends_at(head)
            } else {
                self.warns_at(head)
            }
        })
    }

    fn ends_at(self, head: &Head) -> Timestamp {
        self.counts.since(head) + self.timeout
    }

    fn warns_at(self, head: &Head) -> Timestamp {
        self.counts.since(head) + self.timeout.saturating_sub(self.warning)
    }

    /// Whether the last warning still holds: nobody who counts has written since.
    fn has_warned(self, head: &Head) -> bool {
        head.warned_at.is_some_and(|at| at > self.counts.since(head))
    }
}

//! The inactivity clock: counted from the last message, only while an agent is connected.

use crate::{Head, State};
use onqueue_model::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A queue's rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inactivity {
    /// After how much silence a connected chat ends.
    pub timeout: Duration,
    /// How long before that both are warned; shorter than the timeout.
    pub warning: Duration,
}

/// What inactivity asks for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Warn { ends_at: Timestamp },
    End,
}

impl Default for Inactivity {
    /// 15 minutes, warned one minute before.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(15 * 60),
            warning: Duration::from_secs(60),
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
            return Due::End;
        }
        if now >= self.warns_at(head) && !warned(head) {
            return Due::Warn { ends_at };
        }
        Due::Nothing
    }

    /// When to look again: at the warning, then at the end.
    pub(crate) fn check_at(self, head: &Head) -> Option<Timestamp> {
        (head.state == State::Connected).then(|| {
            if warned(head) {
                self.ends_at(head)
            } else {
                self.warns_at(head)
            }
        })
    }

    fn ends_at(self, head: &Head) -> Timestamp {
        head.last_activity_at + self.timeout
    }

    fn warns_at(self, head: &Head) -> Timestamp {
        head.last_activity_at + self.timeout.saturating_sub(self.warning)
    }
}

/// Whether the last warning still holds: nobody has written since.
pub(crate) fn warned(head: &Head) -> bool {
    head.warned_at.is_some_and(|at| at > head.last_activity_at)
}

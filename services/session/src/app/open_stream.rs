//! What every open stream watches beside its own matter: that the process goes on, that its caller still may, and that it
//! shows a sign of life.

use onqueue_model::{Caller, Fault, Reason, Timestamp};
use onqueue_server::Context;
use onqueue_telemetry::metrics;
use std::time::Duration;
use tokio::sync::watch;

/// Why a stream ends, as the last frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    Draining,
    TokenExpired,
    AccessChanged,
    TooSlow,
    ConversationEnded,
}

/// What a stream has to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    Leave(Farewell),
    Heartbeat(Timestamp),
    /// Somebody's rights changed: check the caller's.
    Check,
}

/// Watches for one stream.
pub(crate) struct Watchman {
    context: Context,
    caller: Caller,
    changes: watch::Receiver<i64>,
    heartbeat: Duration,
    heartbeat_at: Timestamp,
}

/// Notes that a stream failed.
pub(crate) fn failed<T>(outcome: &Result<T, Fault>) {
    if outcome.is_err() {
        metrics::STREAM_DROPPED.add(1, &["failed"]);
    }
}

impl Farewell {
    /// Notes that a stream ends for this reason, unless it has come to its own end.
    pub fn count(self) {
        let reason = match self {
            Self::Draining => "draining",
            Self::AccessChanged => "revoked",
            Self::TooSlow => "slow",
            Self::TokenExpired | Self::ConversationEnded => return,
        };
        metrics::STREAM_DROPPED.add(1, &[reason]);
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::TokenExpired => "token_expired",
            Self::AccessChanged => "access_changed",
            Self::TooSlow => "too_slow",
            Self::ConversationEnded => "conversation_ended",
        }
    }
}

impl Watchman {
    pub fn new(context: &Context, caller: &Caller, heartbeat: Duration) -> Self {
        Self {
            changes: context.trust.changes(),
            heartbeat_at: context.clock.now() + heartbeat,
            context: context.clone(),
            caller: caller.clone(),
            heartbeat,
        }
    }

    /// A frame went out: the next sign of life is due later.
    pub fn sent(&mut self) {
        self.heartbeat_at = self.context.clock.now() + self.heartbeat;
    }

    /// Whether the stream has to end right now.
    pub fn must_leave(&self) -> Option<Farewell> {
        if self.context.tasks.drain_token().is_cancelled() {
            return Some(Farewell::Draining);
        }
        let now = self.context.clock.now();
        self.context
            .trust
            .still_valid(&self.caller, now)
            .err()
            .map(|fault| farewell(&fault))
    }

    /// What comes before the next frame, however much there is to send.
    pub fn pending(&mut self) -> Option<Duty> {
        if let Some(farewell) = self.must_leave() {
            return Some(Duty::Leave(farewell));
        }
        let changed = self.changes.has_changed().unwrap_or(false);
        changed.then(|| {
            self.changes.mark_unchanged();
            Duty::Check
        })
    }

    /// Waits for the next duty. May be dropped and called again.
    pub async fn next(&mut self) -> Duty {
        if let Some(farewell) = self.must_leave() {
            return Duty::Leave(farewell);
        }
        let clock = &self.context.clock;
        tokio::select! {
            biased;
            () = self.context.tasks.draining() => Duty::Leave(Farewell::Draining),
            () = clock.sleep_until(self.caller.expires_at) => Duty::Leave(Farewell::TokenExpired),
            changed = self.changes.changed() => match (changed, self.must_leave()) {
                (_, Some(farewell)) => Duty::Leave(farewell),
                _ => Duty::Check,
            },
            () = clock.sleep_until(self.heartbeat_at) => Duty::Heartbeat(clock.now()),
        }
    }
}

fn farewell(fault: &Fault) -> Farewell {
    match fault.reason {
        Reason::TokenExpired => Farewell::TokenExpired,
        _ => Farewell::AccessChanged,
    }
}

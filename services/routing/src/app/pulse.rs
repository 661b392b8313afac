//! What streams have in common: they end when the process or the caller's access does, and say now and then that they live.

use onqueue_model::{Caller, Divisions, Reason, Timestamp};
use onqueue_server::Context;
use std::time::Duration;

/// How often it is looked whether the caller may still watch.
const CHECK: Duration = Duration::from_secs(1);

/// The life of one stream.
#[derive(Debug)]
pub struct Pulse {
    context: Context,
    caller: Caller,
    /// What the caller must hold, and where they held it at the beginning.
    held: Option<(&'static str, Divisions)>,
    every: Duration,
    next_heartbeat: Timestamp,
    next_check: Timestamp,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// The time has come.
    Due(Timestamp),
    /// Nothing else was to say.
    Heartbeat(Timestamp),
    /// The stream ends, with this reason.
    Goodbye(&'static str),
}

impl Pulse {
    /// Of a stream of the caller, which ends when it is no more the same where they hold that permission, if one is named.
    pub fn new(context: &Context, caller: &Caller, permission: Option<&'static str>, every: Duration) -> Self {
        let now = context.clock.now();
        let held = permission.map(|permission| (permission, context.trust.divisions(caller, permission)));
        Self {
            context: context.clone(),
            caller: caller.clone(),
            held,
            every,
            next_heartbeat: now + every,
            next_check: now + CHECK,
        }
    }

    /// Waits until then, or until there is something else to do.
    pub async fn next(&mut self, at: Timestamp) -> Beat {
        loop {
            let (clock, tasks) = (self.context.clock.clone(), self.context.tasks.clone());
            let soonest = at.min(self.next_check).min(self.next_heartbeat);
            tokio::select! {
                biased;
                () = tasks.draining() => return Beat::Goodbye("draining"),
                () = clock.sleep_until(soonest) => {}
            }
            if let Some(beat) = self.look(clock.now(), at) {
                return beat;
            }
        }
    }

    fn look(&mut self, now: Timestamp, at: Timestamp) -> Option<Beat> {
        if now >= self.next_check {
            self.next_check = now + CHECK;
            if let Some(reason) = self.over(now) {
                return Some(Beat::Goodbye(reason));
            }
        }
        if now >= at {
            return Some(Beat::Due(now));
        }
        if now >= self.next_heartbeat {
            self.next_heartbeat = now + self.every;
            return Some(Beat::Heartbeat(now));
        }
        None
    }

    fn over(&self, now: Timestamp) -> Option<&'static str> {
        let trust = &self.context.trust;
        match trust.still_valid(&self.caller, now) {
            Ok(()) => {}
            Err(fault) if fault.reason == Reason::TokenExpired => return Some("token_expired"),
            Err(_) => return Some("access_changed"),
        }
        let is_same = |(permission, divisions): &(&str, Divisions)| {
            trust.divisions(&self.caller, permission) == *divisions && !divisions.is_empty()
        };
        (!self.held.as_ref().is_none_or(is_same)).then_some("access_changed")
    }
}

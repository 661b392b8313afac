//! How long customers waited for an agent, by the transcripts: from a chat's opening to the agent in it. Whose waiting a
//! fault touched is told apart from the others.

use crate::{
    history::{
        Facts, Fault,
        facts::{ENDED, Entry},
    },
    load::Samples,
};
use onqueue_chat::{Body, ParticipantKind};
use std::time::Duration;

/// The waits of one run.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits {
    /// Of those who waited at any moment between a fault's beginning and the moment at which everybody was ready again.
    pub touched: Samples,
    /// Of the others.
    pub calm: Samples,
}

impl Waits {
    /// Of every chat that was opened at `since` or later, or after the first fault began. Who was never served waited until the chat's end, or still does.
    pub fn of(facts: &Facts, faults: &[Fault], since: i64) -> Self {
        let mut waits = Self::default();
        let since = faults.iter().map(|fault| fault.from).fold(since, i64::min);
        for one in &facts.conversations {
            let entries = facts.transcript(one.id);
            let Some(opened) = entries.first().map(|entry| entry.at).filter(|at| *at >= since) else {
                continue;
            };
            let ended = entries.last().filter(|_| one.state == ENDED).map(|entry| entry.at);
            let until = served(entries).or(ended).unwrap_or(facts.now);
            let is_touched = faults.iter().any(|fault| opened <= fault.until && until >= fault.from);
            let waits = match is_touched {
                true => &mut waits.touched,
                false => &mut waits.calm,
            };
            waits.add(Duration::from_millis(u64::try_from(until - opened).unwrap_or(0)));
        }
        waits
    }
}

fn served(entries: &[Entry]) -> Option<i64> {
    let joins = |entry: &&Entry| {
        matches!(
            entry.body,
            Body::ParticipantJoined {
                kind: ParticipantKind::Agent,
                ..
            }
        )
    };
    entries.iter().find(joins).map(|entry| entry.at)
}

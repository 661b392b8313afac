//! Whether a log is as it was written: by its hash chain, by what can be worked out of what the chain covers, and by what the
//! audit trail says of its length, which finds a tail that was cut off together with the head.

use super::{App, access::not_found};
use crate::store::{
    Key,
    audits::{EXPIRED, Mark, marks},
    conversations::{self, Conversation},
    erasures,
    log::{self, Stored},
};
use onqueue_chat::{Body, Hash, Head, Numbers, Part, Visibility, verify};
use onqueue_model::{Caller, ConversationId, EventId, Fault, Timestamp, permissions};
use onqueue_store::Store;
use std::collections::{BTreeMap, BTreeSet};

/// How many events are read at once.
const READ: u64 = 1_000;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub verdict: Verdict,
    /// How many events were read.
    pub events: i64,
    pub removals: Vec<Removal>,
    /// Whether the trail says how long the log was at its end.
    pub end_recorded: bool,
}

/// In one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Intact,
    /// This event was changed, taken out or put in.
    Changed(i64),
    /// From this event on the end is missing.
    CutOff(i64),
    /// What this event said was removed, and nothing says by whom.
    Removed(i64),
}

/// What an event said was removed as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Removal {
    pub sequence: i64,
    pub cause: Cause,
    pub at: Timestamp,
    /// Who, as the audit trail names them.
    pub by: String,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Redacted,
    Retention,
    Erased,
}

impl App {
    /// Checks the log of a conversation that the caller may see.
    pub async fn verify(&self, caller: &Caller, id: ConversationId) -> Result<Report, Fault> {
        self.see(caller, id, permissions::TRANSCRIPT_VIEW).await?;
        check(&self.store, (caller.organisation, id)).await
    }
}

/// Checks a conversation's log; CONVERSATION_NOT_FOUND.
pub(crate) async fn check(store: &Store, key: Key) -> Result<Report, Fault> {
    let found = conversation(store, key).await?;
    let head = &found.head;
    let mut events = whole(store, key).await?;
    // What came while they were read is not missed in the head that was read before.
    if conversation(store, key).await?.head.numbers != head.numbers {
        events.retain(|one| one.link.sequence <= head.numbers.sequence);
    }
    let marks = marks(store, key).await?;
    let erased = erased(store, &found, &marks).await?;
    Ok(judge(head, &events, (&marks, erased.as_ref())))
}

async fn conversation(store: &Store, key: Key) -> Result<Conversation, Fault> {
    conversations::find(store, key).await?.ok_or_else(not_found)
}

/// By whom everything of it was removed, if it was.
async fn erased(store: &Store, found: &Conversation, marks: &[Mark]) -> Result<Option<Removal>, Fault> {
    let Some(at) = found.erased_at else {
        return Ok(None);
    };
    let removal = |cause, by| Removal {
        sequence: 0,
        cause,
        at,
        by,
    };
    if let Some(mark) = marks.iter().find(|mark| mark.action == EXPIRED) {
        return Ok(Some(removal(Cause::Retention, mark.actor.clone())));
    }
    let Some(contact) = found.contact else {
        return Ok(None);
    };
    let receipt = erasures::of(store, found.head.organisation, contact).await?;
    Ok(receipt.map(|receipt| removal(Cause::Erased, receipt.actor)))
}

async fn whole(store: &Store, key: Key) -> Result<Vec<Stored>, Fault> {
    let mut events: Vec<Stored> = Vec::new();
    loop {
        let place = events.last().map_or(i64::MIN, |last| last.link.sequence);
        let some = log::stored(store, key, place, READ).await?;
        let is_last = u64::try_from(some.len()) != Ok(READ);
        events.extend(some);
        if is_last {
            return Ok(events);
        }
    }
}

fn judge(head: &Head, events: &[Stored], (marks, erased): (&[Mark], Option<&Removal>)) -> Report {
    let (removals, unexplained) = removals(events, marks, erased);
    let marked: BTreeMap<i64, &Mark> = marks.iter().map(|mark| (mark.events, mark)).collect();
    let ends = events.iter().filter(|one| matches!(one.body, Some(Body::Ended { .. })));
    let end_recorded = ends.clone().all(|end| marked.contains_key(&end.link.sequence)) && ends.clone().count() > 0;
    let verdict = broken(head, events)
        .or_else(|| against_trail(events, marks))
        .or_else(|| {
            let unmarked = ends.clone().find(|end| !marked.contains_key(&end.link.sequence));
            unmarked.map(|end| Verdict::Changed(end.link.sequence))
        })
        .or_else(|| unexplained.map(Verdict::Removed));
    Report {
        verdict: verdict.unwrap_or(Verdict::Intact),
        events: i64::try_from(events.len()).unwrap_or(i64::MAX),
        removals,
        end_recorded,
    }
}

/// What is wrong with the log by itself; of two things the first.
fn broken(head: &Head, events: &[Stored]) -> Option<Verdict> {
    let links: Vec<_> = events.iter().map(|one| one.link.clone()).collect();
    let by_chain = verify(&links, head.numbers.sequence, &head.hash)
        .err()
        .map(|broken| broken.sequence);
    let by_numbers = misnumbered(events);
    let first = by_chain.into_iter().chain(by_numbers).min()?;
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    Some(if first > count {
        Verdict::CutOff(first)
    } else {
        Verdict::Changed(first)
    })
}

/// The first event that is not seen by whom it should be, or has another number for them.
fn misnumbered(events: &[Stored]) -> Option<i64> {
    let mut numbers = Numbers::default();
    let mut events = events.iter().zip(1_i64..);
    let wrong = events.find(|(one, _)| {
        let Some(visibility) = Visibility::of(one.visibility) else {
            return true;
        };
        let said = one.body.as_ref().map(Body::visibility);
        let expected = numbers.count(visibility);
        said.is_some_and(|said| said != visibility)
            || (one.public_sequence, one.agent_sequence) != (expected.1, expected.2)
            || one.link.sequence != expected.0
    });
    wrong.map(|(_, sequence)| sequence)
}

/// What the trail says otherwise.
fn against_trail(events: &[Stored], marks: &[Mark]) -> Option<Verdict> {
    let hash = |sequence: i64| -> Option<&Hash> {
        let at = usize::try_from(sequence.checked_sub(1)?).ok()?;
        events.get(at).map(|one| &one.link.hash)
    };
    marks.iter().find_map(|mark| match hash(mark.events) {
        None => Some(Verdict::CutOff(i64::try_from(events.len()).unwrap_or(i64::MAX) + 1)),
        Some(hash) if hash[..] != mark.hash[..] => Some(Verdict::Changed(mark.events)),
        Some(_) => None,
    })
}

/// What was removed as the log itself says, and the first of what was removed otherwise.
fn removals(events: &[Stored], marks: &[Mark], whole: Option<&Removal>) -> (Vec<Removal>, Option<i64>) {
    let named: BTreeMap<i64, &Mark> = marks.iter().map(|mark| (mark.events, mark)).collect();
    let mut removals = BTreeMap::new();
    let erased: BTreeSet<i64> = events
        .iter()
        .filter(|one| matches!(one.link.part, Part::Erased(_)))
        .map(|one| one.link.sequence)
        .collect();
    let places: BTreeMap<EventId, i64> = events.iter().map(|one| (one.id, one.link.sequence)).collect();
    for one in events {
        let Some(Body::MessageRedacted { event, by, .. }) = &one.body else {
            continue;
        };
        let place = one.link.sequence;
        let cause = match event {
            Some(_) => Cause::Redacted,
            None => Cause::Erased,
        };
        let by = match (named.get(&place), by) {
            (Some(mark), _) => mark.actor.clone(),
            (None, Some(user)) => format!("user:{user}"),
            (None, None) => "service:session".to_owned(),
        };
        let removal = |sequence| Removal {
            sequence,
            cause,
            at: one.link.at,
            by: by.clone(),
        };
        match event {
            Some(event) => removals.extend(
                places
                    .get(event)
                    .filter(|sequence| erased.contains(*sequence))
                    .map(|sequence| (*sequence, removal(*sequence))),
            ),
            // What was redacted before stays so.
            None => erased.range(..place).for_each(|sequence| {
                removals.entry(*sequence).or_insert_with(|| removal(*sequence));
            }),
        }
    }
    if let Some(whole) = whole {
        for sequence in &erased {
            removals.entry(*sequence).or_insert_with(|| Removal {
                sequence: *sequence,
                ..whole.clone()
            });
        }
    }
    let unexplained = erased
        .iter()
        .find(|sequence| !removals.contains_key(*sequence))
        .copied();
    (removals.into_values().collect(), unexplained)
}

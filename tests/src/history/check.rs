//! The invariants that can be seen in transcripts and by subscribers: I1 to I4. Those of routing are next door.

use super::{Class, Facts, Records, Seen, Send, View, facts::Entry, routing};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};
use uuid::Uuid;

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// I1 … I7 of reliability.
    pub invariant: u8,
    /// Which of the invariant's violations.
    pub kind: &'static str,
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "I{} {}: {}", self.invariant, self.kind, self.detail)
    }
}

/// A violation with what it is about.
pub(super) fn violation(invariant: u8, kind: &'static str, detail: impl Into<String>) -> Violation {
    Violation {
        invariant,
        kind,
        detail: detail.into(),
    }
}

/// Everything that is wrong; empty is a pass.
pub fn judge(records: &Records, facts: &Facts) -> Vec<Violation> {
    let mut found = Vec::new();
    let index = Index::of(facts);
    found.extend(records.sends.iter().filter_map(|send| lost(send, &index)));
    found.extend(doubled(facts));
    found.extend(facts.transcripts.iter().flat_map(|(id, entries)| sparse(*id, entries)));
    found.extend(facts.conversations.iter().filter_map(|one| wrong_head(one, facts)));
    found.extend(records.sends.iter().filter_map(|send| misplaced(send, &index)));
    found.extend(inverted(&records.sends, &index));
    found.extend(records.views.values().flat_map(broken));
    found.extend(records.views.values().filter_map(|view| differing(view, facts)));
    found.extend(routing::judge(records, facts));
    found
}

/// Rows by conversation and the sender's key; keys of different senders differ in our load.
struct Index<'a>(BTreeMap<(Uuid, &'a str), &'a Entry>);

impl<'a> Index<'a> {
    fn of(facts: &'a Facts) -> Self {
        let keyed = facts.transcripts.iter().flat_map(|(id, entries)| {
            entries
                .iter()
                .filter_map(|entry| Some(((*id, entry.key.as_deref()?), entry)))
        });
        Self(keyed.collect())
    }

    fn row(&self, send: &Send) -> Option<&'a Entry> {
        self.0.get(&(send.conversation, send.key.as_str())).copied()
    }
}

/// I1: every acknowledged send is in the transcript.
fn lost(send: &Send, index: &Index<'_>) -> Option<Violation> {
    send.acknowledged?;
    let what = format!("{} of {} in {}", send.key, send.sender, send.conversation);
    match index.row(send) {
        None => Some(violation(1, "an acknowledged message is absent", what)),
        Some(row) if row.text() != Some(send.text.as_str()) => {
            Some(violation(1, "an acknowledged message has another text", what))
        }
        Some(_) => None,
    }
}

/// I2: at most one row for each conversation, sender and key.
fn doubled(facts: &Facts) -> Vec<Violation> {
    let mut found = Vec::new();
    for (id, entries) in &facts.transcripts {
        let mut seen = BTreeSet::new();
        for entry in entries {
            let Some(key) = &entry.key else { continue };
            if !seen.insert((entry.participant, key)) {
                found.push(violation(2, "a second row", format!("{key} in {id}")));
            }
        }
    }
    found
}

/// I3: each of the three numberings is 1, 2, 3 …
fn sparse(id: Uuid, entries: &[Entry]) -> Vec<Violation> {
    let numberings: [(&'static str, Vec<i64>); 3] = [
        (
            "the log's numbers are not dense",
            entries.iter().map(|entry| entry.sequence).collect(),
        ),
        (
            "everyone's numbers are not dense",
            entries.iter().filter_map(|entry| entry.public).collect(),
        ),
        (
            "the agents' numbers are not dense",
            entries.iter().filter_map(|entry| entry.agent).collect(),
        ),
    ];
    let is_dense = |numbers: &[i64]| numbers.iter().copied().eq((1..).take(numbers.len()));
    let bad = numberings.into_iter().filter(|(_, numbers)| !is_dense(numbers));
    bad.map(|(kind, numbers)| violation(3, kind, format!("{id}: {numbers:?}")))
        .collect()
}

/// I3: the head says how long the log is.
fn wrong_head(one: &super::facts::Conversation, facts: &Facts) -> Option<Violation> {
    let length = facts.transcript(one.id).len();
    let is_right = usize::try_from(one.last_sequence) == Ok(length);
    let detail = format!("{}: {} of {length}", one.id, one.last_sequence);
    (!is_right).then(|| violation(3, "the head does not fit the log", detail))
}

/// I3: the acknowledgement named the place at which the message stands.
fn misplaced(send: &Send, index: &Index<'_>) -> Option<Violation> {
    let (named, row) = (send.acknowledged?, index.row(send)?);
    let stands = row.number(send.class);
    let detail = format!("{} in {}: {named}, but {stands:?}", send.key, send.conversation);
    (stands != Some(named)).then(|| violation(3, "an acknowledgement named another place", detail))
}

/// I3: what one sender sent stands in the order in which it was sent.
fn inverted(sends: &[Send], index: &Index<'_>) -> Vec<Violation> {
    let mut by_sender: BTreeMap<(Uuid, &str), Vec<(u64, i64)>> = BTreeMap::new();
    for send in sends {
        if let Some(row) = index.row(send) {
            let own = by_sender.entry((send.conversation, &send.sender)).or_default();
            own.push((send.number, row.sequence));
        }
    }
    let mut found = Vec::new();
    for ((conversation, sender), mut own) in by_sender {
        own.sort_unstable();
        if !own.is_sorted_by(|a, b| a.1 < b.1) {
            let detail = format!("{sender} in {conversation}: {own:?}");
            found.push(violation(3, "a sender's order is not kept", detail));
        }
    }
    found
}

/// I3: a subscriber sees each next number once, over all its reconnects.
fn broken(view: &View) -> Vec<Violation> {
    let steps = view.frames.windows(2).map(|pair| (pair[0].sequence, pair[1].sequence));
    let bad = steps.filter(|(before, after)| *after != before + 1);
    bad.map(|(before, after)| {
        let kind = match after > before {
            true => "a subscriber missed something",
            false => "a subscriber saw something again",
        };
        violation(
            3,
            kind,
            format!("{} of {}: {after} after {before}", view.name, view.conversation),
        )
    })
    .collect()
}

/// I4: what a subscriber has seen is the transcript; one that follows no more need not have seen its end.
fn differing(view: &View, facts: &Facts) -> Option<Violation> {
    let seen = facts.seen(view.conversation, view.class);
    let first = view.frames.first().map_or(1, |frame| frame.sequence);
    let expected: Vec<Seen> = seen.into_iter().filter(|frame| frame.sequence >= first).collect();
    let length = if view.is_live {
        expected.len()
    } else {
        view.frames.len().min(expected.len())
    };
    let is_same = view.frames.as_slice() == &expected[..length];
    let detail = || {
        let (last, end) = (view.frames.last(), expected.last());
        format!(
            "{} of {}: ends with {last:?}, the transcript with {end:?}",
            view.name, view.conversation
        )
    };
    (!is_same).then(|| violation(4, "a view differs from the transcript", detail()))
}

/// Whether every subscriber that still follows has seen all there is.
pub fn has_caught_up(records: &Records, facts: &Facts) -> bool {
    let mut live = records.views.values().filter(|view| view.is_live);
    live.all(|view| differing(view, facts).is_none())
}

/// How often each invariant was violated, from I1 on.
pub fn count(found: &[Violation]) -> [usize; 7] {
    let mut counts = [0; 7];
    for violation in found {
        counts[usize::from(violation.invariant) - 1] += 1;
    }
    counts
}

impl Entry {
    /// Its place in what a class sees.
    pub fn number(&self, class: Class) -> Option<i64> {
        match class {
            Class::Guest => self.public,
            Class::Agent => self.agent,
        }
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;

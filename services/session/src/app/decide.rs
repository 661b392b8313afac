//! What a batch makes of the conversations it is about: every item in turn on the head that the one before it left.

use super::commit::{Done, Item, What};
use crate::store::{
    Key,
    plan::{Change, Heads, Known, Line, Logged, Opening, Plan},
};
use onqueue_chat::{Applied, Erasure, Event, Head, Input, Refusal, Seed, apply, open};
use onqueue_model::{ParticipantId, Timestamp};
use onqueue_server::Ids;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// What an item came to, if the batch is committed.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    Done(Done),
    /// The same message as that item of the batch.
    SameAs(usize),
    /// The key of another message.
    KeyReused,
    Refused(Refusal, Arc<Head>),
    /// Refused on a head from memory, which may be an old one.
    Unsure,
    Missing,
}

/// What was decided, beside the plan.
#[derive(Debug)]
pub(crate) struct Decided {
    /// By item.
    pub verdicts: Vec<(usize, Verdict)>,
    /// What moves if it is committed.
    pub moved: Vec<Moved>,
}

/// What became of one conversation.
#[derive(Clone, Debug)]
pub(crate) struct Moved {
    pub key: Key,
    pub head: Arc<Head>,
    pub lines: Vec<Line>,
}

/// What deciding needs beside the heads.
pub(crate) struct Desk<'a> {
    pub heads: &'a Heads,
    pub ids: &'a Ids,
    pub now: Timestamp,
    changes: BTreeMap<Key, Change>,
    openings: Vec<Opening>,
    /// Who sent what under which key, in this batch.
    keys: HashMap<(Key, ParticipantId, String), (usize, Arc<Event>)>,
}

impl<'a> Desk<'a> {
    pub fn new(heads: &'a Heads, ids: &'a Ids, now: Timestamp) -> Self {
        Self {
            heads,
            ids,
            now,
            changes: BTreeMap::new(),
            openings: Vec::new(),
            keys: HashMap::new(),
        }
    }

    /// Decides these items of the batch.
    pub fn decide(mut self, items: &[Item], which: &[usize]) -> (Plan, Decided) {
        let verdicts = which.iter().map(|at| (*at, self.one(*at, &items[*at]))).collect();
        let changed = self
            .changes
            .iter()
            .map(|(key, change)| moved(*key, &change.after, &change.log));
        let opened = self.openings.iter().map(|opening| {
            let key = (opening.head.organisation, opening.head.conversation);
            moved(key, &opening.head, &opening.log)
        });
        let moved = changed.chain(opened).collect();
        let plan = Plan {
            changes: self.changes,
            openings: self.openings,
        };
        (plan, Decided { verdicts, moved })
    }

    fn one(&mut self, at: usize, item: &Item) -> Verdict {
        match &item.what {
            What::Open(begin) => {
                let applied = open(begin.0.clone(), &mut seeds(self.ids, self.now), self.now);
                let (head, log, _) = logged(applied, item);
                let done = done(&log);
                self.openings.push(Opening {
                    details: Arc::clone(&begin.1),
                    head,
                    log,
                    at: self.now,
                });
                Verdict::Done(done)
            }
            What::Apply(key, input) => self.apply(at, item, *key, input),
        }
    }

    fn apply(&mut self, at: usize, item: &Item, key: Key, input: &Input) -> Verdict {
        let Some(Known { head, is_guess }) = self.heads.known.get(&key).cloned() else {
            return Verdict::Missing;
        };
        let current = self.changes.get(&key).map_or(&head, |change| &change.after);
        if let Some(verdict) = self.repeated(key, current, input) {
            return verdict;
        }
        let Some(rules) = self.heads.rules.get(&(key.0, current.queue)).copied() else {
            return Verdict::Unsure;
        };
        match apply(current, input.clone(), rules, &mut seeds(self.ids, self.now), self.now) {
            Ok(applied) => {
                let (after, log, erased) = logged(applied, item);
                let done = done(&log);
                self.remember(at, key, &done);
                let change = self.changes.entry(key).or_insert_with(|| Change {
                    after: Arc::clone(&head),
                    before: head,
                    log: Vec::new(),
                    erased: Vec::new(),
                });
                change.after = after;
                change.log.extend(log);
                change.erased.extend(erased);
                Verdict::Done(done)
            }
            Err(refusal) if is_guess && !refusal.is_final() => Verdict::Unsure,
            Err(refusal) => Verdict::Refused(refusal, Arc::clone(current)),
        }
    }

    fn repeated(&self, key: Key, head: &Head, input: &Input) -> Option<Verdict> {
        let message = input.key()?;
        let participant = input.author(head)?;
        let (first, event) = self.keys.get(&(key, participant, message.as_str().to_owned()))?;
        Some(if input.is(&event.body) {
            Verdict::SameAs(*first)
        } else {
            Verdict::KeyReused
        })
    }

    fn remember(&mut self, at: usize, key: Key, done: &Done) {
        for event in &done.events {
            if let (Some(participant), Some(message)) = (event.participant, &event.client_message_id) {
                let event = Arc::clone(event);
                self.keys.insert((key, participant, message.clone()), (at, event));
            }
        }
    }
}

fn seeds(ids: &Ids, now: Timestamp) -> impl FnMut() -> Seed {
    move || Seed {
        id: ids.id(now),
        salt: ids.bytes(),
    }
}

fn logged(applied: Applied, item: &Item) -> (Arc<Head>, Vec<Logged>, Vec<Erasure>) {
    let log = applied.events.into_iter().map(|event| Logged {
        event: Arc::new(event),
        traceparent: item.traceparent.clone(),
        actor: Arc::clone(&item.actor),
    });
    (Arc::new(applied.head), log.collect(), applied.erased)
}

fn done(log: &[Logged]) -> Done {
    Done {
        events: log.iter().map(|logged| Arc::clone(&logged.event)).collect(),
    }
}

fn moved(key: Key, head: &Arc<Head>, log: &[Logged]) -> Moved {
    Moved {
        key,
        head: Arc::clone(head),
        lines: log.iter().map(Logged::line).collect(),
    }
}

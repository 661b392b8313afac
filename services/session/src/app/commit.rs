//! Group commit by guess and compare. Whatever waits is decided upon heads held in memory and written in one transaction
//! that compares each with the stored one; what missed is read and tried again. Everything that changes a conversation
//! comes through here.

use super::changed::Changed;
use super::decide::{Decided, Desk, Moved, Verdict};
use super::deliver::deliver;
use super::hub::Hub;
use crate::{
    Faults, Settings,
    store::{
        Key,
        append::{About, Appended, append},
        plan::{Details, Known},
        policies::Policies,
    },
};
use futures::future::BoxFuture;
use onqueue_bus::Bus;
use onqueue_chat::{Event, Fact, Head, Input, Opening, Refusal};
use onqueue_model::{ConversationId, Fault, Reason};
use onqueue_server::{Clock, Context, Ids};
use onqueue_store::{Commit, Store, StoreError};
use std::{
    collections::BTreeSet,
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How often items are tried without anything being settled: on a guess, on what is read under lock, and again after
/// connections were lost.
const IN_VAIN: usize = 4;

/// One change that waits to be committed.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub what: What,
    /// W3C trace context of the call that asks for it.
    pub traceparent: Option<Arc<str>>,
    /// Who asks, as the audit trail names them.
    pub actor: Arc<str>,
}

impl Item {
    /// The conversation that it is about.
    pub fn conversation(&self) -> ConversationId {
        match &self.what {
            What::Open(begin) => begin.0.conversation,
            What::Apply(key, _) => key.1,
        }
    }
}

/// What is to change.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Open(Box<(Opening, Arc<Details>)>),
    Apply(Key, Input),
}

/// What came of one item.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It is durable.
    Done(Done),
    /// The same message was durable already.
    Repeated(Arc<Event>),
    /// Nothing changed, by the rules of conversations.
    Refused(Refusal),
    /// There is no such conversation.
    Missing,
    /// The request id is in use.
    Taken,
    /// Nothing changed, for another reason.
    Failed(Fault),
}

/// What a durable item left.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// Its own events.
    pub events: Vec<Arc<Event>>,
}

impl Done {
    /// What its sender said; a message that opens a conversation again is not the first event.
    pub fn said(&self) -> Option<&Arc<Event>> {
        self.events.iter().find(|event| event.client_message_id.is_some())
    }
}

/// Commits batches.
pub(crate) struct Committer {
    pub(super) store: Store,
    pub(super) policies: Policies,
    pub(super) clock: Clock,
    pub(super) ids: Ids,
    pub(super) bus: Bus,
    hub: Arc<Hub>,
    /// The last heads known here: guesses.
    heads: moka::sync::Cache<Key, Arc<Head>>,
    pub(super) faults: Faults,
    /// For the index.
    pub(super) changed: Changed,
    batches: AtomicU64,
}

impl Committer {
    pub fn new(
        settings: &Settings,
        store: Store,
        context: &Context,
        policies: Policies,
        hub: Arc<Hub>,
        faults: Faults,
    ) -> Self {
        Self {
            store,
            policies,
            clock: context.clock.clone(),
            ids: context.ids.clone(),
            bus: context.bus.clone(),
            hub,
            heads: moka::sync::Cache::new(settings.heads),
            faults,
            changed: Changed::default(),
            batches: AtomicU64::new(0),
        }
    }

    /// How many batches have begun.
    pub fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }

    /// Commits a change when the writer has ended already: whoever still has a connection is served.
    pub async fn commit_alone(&self, item: Item) -> Outcome {
        let gone = || Outcome::Failed(Fault::internal("a change without an outcome"));
        self.commit(vec![item]).await.pop().unwrap_or_else(gone)
    }

    /// A head from memory. It may be an old one.
    pub fn guess(&self, key: Key) -> Option<Arc<Head>> {
        self.heads.get(&key)
    }

    /// Remembers a head that was read, unless a later one may be known.
    pub fn learn(&self, key: Key, head: &Arc<Head>) {
        self.heads.get_with(key, || Arc::clone(head));
    }

    async fn run(&self, items: Arc<[Item]>) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; items.len()];
        let mut left: Vec<usize> = (0..items.len()).collect();
        let mut in_vain = 0;
        while !left.is_empty() && in_vain < IN_VAIN {
            let before = left.len();
            left = match self.attempt(&items, &left, in_vain).await {
                Ok(verdicts) => self.take(&items, verdicts, &mut outcomes).await,
                Err(error) => self.settle(&items, left, error, &mut outcomes).await,
            };
            // What is settled was in the others' way: they start anew, though never again with a guess. Requests that also
            // come to another replica may be found stored one after the other.
            in_vain = if left.len() < before { 1 } else { in_vain + 1 };
        }
        let busy = || Outcome::Failed(Fault::unavailable("the conversation is being written by too many"));
        outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(busy))
            .collect()
    }

    /// Notes what came of each; answers which are to be tried again.
    async fn take(
        &self,
        items: &[Item],
        verdicts: Vec<(usize, Verdict)>,
        outcomes: &mut [Option<Outcome>],
    ) -> Vec<usize> {
        let mut left = Vec::new();
        for (at, verdict) in verdicts {
            match self.outcome(&items[at], verdict, outcomes).await {
                Some(outcome) => outcomes[at] = Some(outcome),
                None => left.push(at),
            }
        }
        self.forget(items, &left);
        left
    }

    /// One transaction. Answers each item's verdict; what missed is unsure.
    async fn attempt(
        &self,
        items: &Arc<[Item]>,
        which: &[usize],
        in_vain: usize,
    ) -> Result<Vec<(usize, Verdict)>, StoreError> {
        let about = self.about(items, which, in_vain);
        let (items, which) = (Arc::clone(items), which.to_vec());
        let (ids, clock) = (self.ids.clone(), self.clock.clone());
        let decide = {
            let items = Arc::clone(&items);
            move |heads: &_| Desk::new(heads, &ids, clock.now()).decide(&items, &which)
        };
        let Appended { answer, missed } = append(&self.store, &self.policies, about, decide).await?;
        let count = u64::try_from(missed.len()).unwrap_or(u64::MAX);
        self.faults.missed.fetch_add(count, Ordering::Relaxed);
        let Decided { mut verdicts, moved } = answer;
        self.let_out(moved.into_iter().filter(|moved| !missed.contains(&moved.key)));
        for (at, verdict) in &mut verdicts {
            if matches!(&items[*at].what, What::Apply(key, _) if missed.contains(key)) {
                *verdict = Verdict::Unsure;
            }
        }
        Ok(verdicts)
    }

    /// Only the first attempt guesses.
    fn about(&self, items: &[Item], which: &[usize], in_vain: usize) -> About {
        let mut about = About {
            delay: self.delay(),
            ..About::default()
        };
        for at in which {
            let What::Apply(key, input) = &items[*at].what else {
                continue;
            };
            if matches!(input, Input::Sweep | Input::Report { .. }) {
                about.timed.insert(*key);
            }
            if let Input::Report {
                fact:
                    Fact::Queued { queue, .. } | Fact::Transferred { queue, .. } | Fact::Assigned { queue: Some(queue), .. },
                ..
            } = input
            {
                about.queues.insert((key.0, *queue));
            }
            match self.heads.get(key).filter(|_| in_vain == 0) {
                Some(head) => {
                    about.guesses.insert(*key, Known { head, is_guess: true });
                }
                None => {
                    about.unknown.insert(*key);
                }
            }
        }
        about
    }

    /// After the commit, and only then.
    pub(super) fn let_out(&self, moved: impl Iterator<Item = Moved>) {
        for moved in moved {
            self.heads.insert(moved.key, Arc::clone(&moved.head));
            self.changed.note(moved.key);
            deliver(&self.hub, &self.bus, &moved);
        }
    }

    pub(super) fn forget(&self, items: &[Item], which: &[usize]) {
        let keys: BTreeSet<Key> = which
            .iter()
            .filter_map(|at| match &items[*at].what {
                What::Apply(key, _) => Some(*key),
                What::Open(_) => None,
            })
            .collect();
        for key in keys {
            self.heads.invalidate(&key);
        }
    }

    /// `None` says: try again on what the database says.
    async fn outcome(&self, item: &Item, verdict: Verdict, outcomes: &[Option<Outcome>]) -> Option<Outcome> {
        match verdict {
            Verdict::Done(done) => Some(Outcome::Done(done)),
            Verdict::SameAs(first) => match outcomes.get(first).and_then(Option::as_ref) {
                Some(Outcome::Done(done)) => done.said().map(|event| Outcome::Repeated(Arc::clone(event))),
                Some(other) => Some(other.clone()),
                None => None,
            },
            Verdict::KeyReused => Some(key_reused()),
            Verdict::Unsure => None,
            Verdict::Missing => Some(Outcome::Missing),
            Verdict::Refused(refusal, head) => Some(self.refused(item, refusal, &head).await),
        }
    }

    /// A message that is refused now may have been accepted before: then it gets its first answer.
    async fn refused(&self, item: &Item, refusal: Refusal, head: &Head) -> Outcome {
        match self.sent_before(item, head).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Outcome::Refused(refusal),
            Err(error) => Outcome::Failed(error.into()),
        }
    }

    pub(super) fn delay(&self) -> Option<Duration> {
        let most = u64::from(self.faults.delay_before_commit_ms);
        (most > 0).then(|| Duration::from_millis(u64::from(u32::from_be_bytes(self.ids.bytes())) % (most + 1)))
    }
}

impl Commit<Item, Outcome> for Committer {
    fn commit(&self, items: Vec<Item>) -> BoxFuture<'_, Vec<Outcome>> {
        self.batches.fetch_add(1, Ordering::Relaxed);
        Box::pin(self.run(items.into()))
    }
}

pub(super) fn key_reused() -> Outcome {
    Outcome::Failed(
        Fault::new(
            Reason::RequestIdReused,
            "this client_message_id was used for another text; make a new one",
        )
        .with("field", "client_message_id"),
    )
}

/// The trace context of the call that is being served.
pub(super) fn traceparent() -> Option<Arc<str>> {
    onqueue_telemetry::current_traceparent().map(Into::into)
}

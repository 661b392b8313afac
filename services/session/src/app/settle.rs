//! What becomes of a batch whose transaction failed: one item's matter must not cost the others theirs, and nobody is told
//! that something failed which is stored.

use super::commit::{Committer, Done, Item, Outcome, What, key_reused};
use super::{feed, hint::Hint, hint::subject};
use crate::store::{Key, conversations, log};
use futures::future::join_all;
use onqueue_bus::Subject;
use onqueue_chat::{Body, Class, Event, Head, Input};
use onqueue_model::Fault;
use onqueue_store::{Commit as _, StoreError};
use onqueue_telemetry::metrics;
use std::{sync::Arc, time::Duration};

/// How many milliseconds to wait before asking what became of a COMMIT that was not answered; some seconds in all: a
/// database that restarts is back by then.
const PAUSES: [u64; 6] = [50, 100, 200, 400, 800, 1_600];

/// How much of a log a beginning is.
const BEGINNING: u64 = 2;

impl Committer {
    /// Notes what came of each; answers which are to be tried again.
    pub(super) async fn settle(
        &self,
        items: &[Item],
        which: Vec<usize>,
        error: StoreError,
        outcomes: &mut [Option<Outcome>],
    ) -> Vec<usize> {
        self.forget(items, &which);
        if let StoreError::Unknown(_) = error {
            return self.look_up(items, which, error, outcomes).await;
        }
        if let (true, [only]) = (error.is_unique(), &which[..]) {
            outcomes[*only] = Some(self.conflict(&items[*only], error).await);
            return Vec::new();
        }
        if error.is_unique() {
            let left = self.without_repeats(items, &which, outcomes).await;
            if left.len() < which.len() {
                return left;
            }
        }
        let is_for_all = error.is_of_database() && !error.is_contended();
        if which.len() > 1 && !is_for_all {
            tracing::warn!(%error, items = which.len(), "a batch failed; its items are tried one by one");
            for at in which {
                outcomes[at] = self.commit(vec![items[at].clone()]).await.pop();
            }
            return Vec::new();
        }
        fail(&which, error, outcomes);
        Vec::new()
    }

    /// Something in a batch is stored already. When many are late many ask again, so whatever was asked before gets its first
    /// answer here, and the others are tried again together; answers those.
    async fn without_repeats(&self, items: &[Item], which: &[usize], outcomes: &mut [Option<Outcome>]) -> Vec<usize> {
        let looked = join_all(which.iter().map(|at| self.asked_before(&items[*at]))).await;
        for (at, found) in which.iter().zip(looked) {
            // What cannot be looked up now is tried again with the others.
            outcomes[*at] = found.unwrap_or_default();
        }
        which.iter().copied().filter(|at| outcomes[*at].is_none()).collect()
    }

    async fn asked_before(&self, item: &Item) -> Result<Option<Outcome>, StoreError> {
        match &item.what {
            What::Open(begin) => {
                let (opening, details) = &**begin;
                let found =
                    conversations::by_request(&self.store, opening.organisation, details.deployment, details.request);
                Ok(found.await?.map(|_| Outcome::Taken))
            }
            What::Apply(key, input) if input.key().is_some() => match conversations::find(&self.store, *key).await? {
                Some(found) => self.sent_before(item, &found.head).await,
                None => Ok(None),
            },
            What::Apply(..) => Ok(None),
        }
    }

    /// The connection was lost while committing. Whatever is found to be stored is done; the rest, which a unique key or a
    /// place keeps from being done twice should it be stored only now, may be tried again.
    async fn look_up(
        &self,
        items: &[Item],
        mut which: Vec<usize>,
        error: StoreError,
        outcomes: &mut [Option<Outcome>],
    ) -> Vec<usize> {
        tracing::warn!(%error, items = which.len(), "a batch may be stored or not; it is looked up");
        for pause in PAUSES {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            match self.look_up_once(items, &which, outcomes).await {
                Ok(()) => {
                    which.retain(|at| outcomes[*at].is_none());
                    return which;
                }
                Err(error) => tracing::debug!(%error, "it could not be looked up yet"),
            }
        }
        which.retain(|at| outcomes[*at].is_none());
        fail(&which, error, outcomes);
        Vec::new()
    }

    async fn look_up_once(
        &self,
        items: &[Item],
        which: &[usize],
        outcomes: &mut [Option<Outcome>],
    ) -> Result<(), StoreError> {
        for at in which {
            if outcomes[*at].is_none() {
                outcomes[*at] = self.stored(&items[*at]).await?.map(Outcome::Done);
            }
        }
        Ok(())
    }

    /// What the item left, if it is stored. Others may not have heard of it.
    async fn stored(&self, item: &Item) -> Result<Option<Done>, StoreError> {
        let key = match &item.what {
            What::Open(begin) => (begin.0.organisation, begin.0.conversation),
            What::Apply(key, _) => *key,
        };
        let Some(found) = conversations::find(&self.store, key).await? else {
            return Ok(None);
        };
        let events = match &item.what {
            What::Open(_) => Some(self.beginning(key).await?),
            What::Apply(_, input) if input.key().is_some() => {
                let before = self.sent_before(item, &found.head).await?;
                before.and_then(|outcome| match outcome {
                    Outcome::Repeated(event) => {
                        let is_message = matches!(event.body, Body::Message { .. });
                        metrics::MESSAGES.add(u64::from(is_message), &[]);
                        Some(vec![event])
                    }
                    _ => None,
                })
            }
            What::Apply(_, Input::Report { place, .. }) => (*place == found.head.reported).then(Vec::new),
            // Done again they do nothing, or what is right then.
            What::Apply(..) => None,
        };
        self.hint(&found.head);
        Ok(events.map(|events| Done { events }))
    }

    async fn beginning(&self, key: Key) -> Result<Vec<Arc<Event>>, StoreError> {
        let lines = log::after(&self.store, key, Class::Supervisor, 0, BEGINNING).await?;
        Ok(lines.into_iter().map(|line| line.event).collect())
    }

    /// Whoever follows looks for what they were not handed.
    fn hint(&self, head: &Head) {
        let hint = Hint::Moved {
            conversation: head.conversation,
            sequence: head.numbers.sequence,
            users: head.agents.iter().map(|agent| agent.user).collect(),
        };
        self.bus.publish(subject(head.conversation), hint.encode());
        self.bus.publish(Subject::Feed, feed::hint(head.organisation));
    }

    /// What a unique key says of a lone item.
    async fn conflict(&self, item: &Item, error: StoreError) -> Outcome {
        let What::Apply(key, _) = &item.what else {
            return Outcome::Taken;
        };
        let head = match conversations::find(&self.store, *key).await {
            Ok(Some(found)) => found.head,
            Ok(None) => return Outcome::Missing,
            Err(error) => return Outcome::Failed(error.into()),
        };
        match self.sent_before(item, &head).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Outcome::Failed(error.into()),
            Err(error) => Outcome::Failed(error.into()),
        }
    }

    pub(super) async fn sent_before(&self, item: &Item, head: &Head) -> Result<Option<Outcome>, StoreError> {
        let What::Apply(place, input) = &item.what else {
            return Ok(None);
        };
        let (Some(key), Some(participant)) = (input.key(), input.author(head)) else {
            return Ok(None);
        };
        let found = log::by_client_message(&self.store, *place, participant, key.as_str()).await?;
        Ok(found.map(|event| match input.is(&event.body) {
            true => Outcome::Repeated(Arc::new(event)),
            false => key_reused(),
        }))
    }
}

fn fail(which: &[usize], error: StoreError, outcomes: &mut [Option<Outcome>]) {
    let fault = Fault::from(error);
    for at in which {
        outcomes[*at] = Some(Outcome::Failed(fault.clone()));
    }
}

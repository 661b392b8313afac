//! The inactivity clock: every second of the clock, whatever is due is looked at. Every replica does it, and each leaves
//! to the others what they have in hand. And whoever waits with a chat and has gone is given up.

use super::App;
use super::commit::{Committer, Item, Outcome, What};
use super::decide::{Decided, Desk};
use crate::store::{
    Key,
    append::{About, append},
    conversations,
    plan::Heads,
    presence,
};
use futures::future::join_all;
use onqueue_chat::Input;
use onqueue_model::Timestamp;
use onqueue_store::StoreError;
use std::{collections::BTreeSet, time::Duration};

/// How often, by the clock.
const EVERY: Duration = Duration::from_secs(1);

/// How often the clock is asked: one that was moved is noticed so soon.
const TICK: Duration = Duration::from_millis(200);

/// How many at once.
const PAGE: u64 = 500;

/// Whether to sweep again: a second has gone by, or the clock was set back.
fn is_time(last: Timestamp, now: Timestamp) -> bool {
    now < last || now.since(last) >= EVERY
}

impl App {
    /// Sweeps for ever; for a task.
    pub async fn sweep(&self) {
        let mut last: Option<Timestamp> = None;
        loop {
            let now = self.context.clock.now();
            if last.is_none_or(|last| is_time(last, now)) {
                last = Some(now);
                if let Err(error) = self.sweep_once(now).await {
                    tracing::warn!(%error, "inactivity could not be looked at; it is tried again in a second");
                }
                if let Err(error) = self.give_up(now).await {
                    tracing::warn!(%error, "who has gone could not be looked for; it is tried again in a second");
                }
            }
            tokio::time::sleep(TICK).await;
        }
    }

    async fn sweep_once(&self, now: Timestamp) -> Result<(), StoreError> {
        // Without a transaction, which would keep a quiet database's only writer busy for nothing.
        if conversations::due(&self.store, now, 1).await?.is_empty() {
            return Ok(());
        }
        loop {
            match self.committer.sweep(now).await {
                Ok(looked_at) if looked_at == PAGE => {}
                Ok(_) => return Ok(()),
                Err(error) if error.is_of_database() => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "a sweep failed; its conversations are looked at one by one");
                    return self.sweep_one_by_one(now).await;
                }
            }
        }
    }

    /// Ends chats that wait without their guest.
    async fn give_up(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut gone = presence::given_up(&self.store, now, PAGE).await?;
        // Who has just come may not have been written down yet.
        gone.retain(|key| !self.presence.is_here(*key));
        join_all(gone.into_iter().map(|key| self.abandon(key))).await;
        Ok(())
    }

    async fn abandon(&self, key: Key) {
        match self.submit(key.0, item(key, Input::Abandon)).await {
            Outcome::Done(_) | Outcome::Refused(_) => {}
            other => tracing::warn!(?other, "a chat whose guest has gone goes on waiting"),
        }
    }

    async fn sweep_one_by_one(&self, now: Timestamp) -> Result<(), StoreError> {
        let due = conversations::due(&self.store, now, PAGE).await?;
        // What failed stays due and comes again with the next sweep.
        join_all(due.into_iter().map(|key| self.look_at(key))).await;
        Ok(())
    }

    async fn look_at(&self, key: Key) {
        match self.submit(key.0, item(key, Input::Sweep)).await {
            Outcome::Done(_) | Outcome::Refused(_) => {}
            other => tracing::warn!(?other, "inactivity of a conversation not looked at"),
        }
    }
}

impl Committer {
    /// Looks at those that are due and that nobody else looks at just now, in one transaction; answers at how many.
    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        let about = About {
            due: Some((now, PAGE)),
            delay: self.delay(),
            ..About::default()
        };
        let (ids, clock) = (self.ids.clone(), self.clock.clone());
        let decide = move |heads: &Heads| {
            let keys: BTreeSet<Key> = heads.known.keys().copied().collect();
            let items: Vec<Item> = keys.into_iter().map(|key| item(key, Input::Sweep)).collect();
            let all: Vec<usize> = (0..items.len()).collect();
            Desk::new(heads, &ids, clock.now()).decide(&items, &all)
        };
        let Decided { verdicts, moved } = append(&self.store, &self.policies, about, decide).await?.answer;
        self.let_out(moved.into_iter());
        Ok(u64::try_from(verdicts.len()).unwrap_or(u64::MAX))
    }
}

fn item(key: Key, input: Input) -> Item {
    Item {
        what: What::Apply(key, input),
        traceparent: None,
        actor: "service:session".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_or_a_clock_that_was_set_back_is_time() {
        let last = Timestamp(10_000);
        for (now, time) in [
            (10_000, false),
            (10_999, false),
            (11_000, true),
            (9_999, true),
            (0, true),
        ] {
            assert_eq!(is_time(last, Timestamp(now)), time, "{now}");
        }
    }
}

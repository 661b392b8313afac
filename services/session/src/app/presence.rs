//! Which guests are there. The replica at which a guest has a stream knows; it writes that down in batches, tells those who
//! follow the conversation, and says of itself that it lives.

use super::{App, hint::Hint, hint::subject};
use crate::store::{
    Key,
    presence::{self, Whereabouts},
};
use onqueue_model::Timestamp;
use onqueue_server::Clock;
use onqueue_store::StoreError;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::Notify;
use uuid::Uuid;

/// How long changes are gathered before they are written down.
const GATHER: Duration = Duration::from_millis(100);

/// How often, by the clock, a replica says that it lives, and looks whether its guests count as there.
const BEAT: Duration = Duration::from_secs(10);

/// How often the clock is asked.
const TICK: Duration = Duration::from_secs(1);

/// After how long without a sign of life a replica is dead.
const DEAD: Duration = Duration::from_secs(45);

/// How often guests of what is over are forgotten, in beats.
const TIDY: u32 = 360;

/// What this replica knows of guests.
pub(crate) struct Presence {
    replica: Uuid,
    clock: Clock,
    known: Mutex<Known>,
    changed: Notify,
}

#[derive(Default)]
struct Known {
    /// How many streams each guest has here.
    streams: HashMap<Key, usize>,
    /// What is to be written down.
    news: BTreeMap<Key, Whereabouts>,
}

/// A guest's open stream; dropping it ends it.
pub(crate) struct Stay {
    presence: Arc<Presence>,
    key: Key,
}

impl Presence {
    pub fn new(replica: Uuid, clock: Clock) -> Self {
        Self {
            replica,
            clock,
            known: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// The conversation's guest has a stream more.
    pub fn arrive(self: &Arc<Self>, key: Key) -> Stay {
        let mut known = super::hub::lock(&self.known);
        let streams = known.streams.entry(key).or_insert(0);
        *streams += 1;
        if *streams == 1 {
            known.news.insert(key, Whereabouts::Here);
            self.changed.notify_one();
        }
        Stay {
            presence: Arc::clone(self),
            key,
        }
    }

    /// Whether the conversation's guest has a stream here.
    pub fn is_here(&self, key: Key) -> bool {
        super::hub::lock(&self.known).streams.contains_key(&key)
    }

    fn leave(&self, key: Key) {
        let mut known = super::hub::lock(&self.known);
        let Some(streams) = known.streams.get_mut(&key) else {
            return;
        };
        *streams -= 1;
        if *streams == 0 {
            known.streams.remove(&key);
            known.news.insert(key, Whereabouts::Away(self.clock.now()));
            self.changed.notify_one();
        }
    }

    fn news(&self) -> BTreeMap<Key, Whereabouts> {
        std::mem::take(&mut super::hub::lock(&self.known).news)
    }

    /// What could not be written down is news still, unless there is later news.
    fn put_back(&self, news: BTreeMap<Key, Whereabouts>) {
        let mut known = super::hub::lock(&self.known);
        for (key, at) in news {
            known.news.entry(key).or_insert(at);
        }
    }

    fn here(&self) -> Vec<Key> {
        super::hub::lock(&self.known).streams.keys().copied().collect()
    }

    /// These count as away and are not.
    fn correct(&self, mistaken: Vec<Key>) {
        let mut known = super::hub::lock(&self.known);
        for key in mistaken {
            if known.streams.contains_key(&key) {
                known.news.insert(key, Whereabouts::Here);
            }
        }
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.presence.leave(self.key);
    }
}

impl App {
    /// Keeps the record of who is there; for a task.
    pub async fn keep_presence(&self) {
        let (mut beats, mut last) = (0_u32, self.context.clock.now());
        loop {
            let now = self.context.clock.now();
            if is_time(last, now) {
                last = now;
                report("look after guests", self.beat(beats).await);
                beats = beats.wrapping_add(1);
            }
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                () = self.presence.changed.notified() => tokio::time::sleep(GATHER).await,
            }
            report("write down guests", self.write_down().await);
        }
    }

    /// This replica ends: whoever is here has to go elsewhere.
    pub async fn end_presence(&self) {
        let (replica, now) = (self.presence.replica, self.context.clock.now());
        report("take leave", presence::bury(&self.store, vec![replica], now).await);
    }

    async fn beat(&self, beats: u32) -> Result<(), StoreError> {
        let (replica, now) = (self.presence.replica, self.context.clock.now());
        presence::beat(&self.store, replica, now).await?;
        let dead = now - DEAD;
        let mut silent = presence::silent(&self.store, dead).await?;
        silent.retain(|other| *other != replica);
        if !silent.is_empty() {
            presence::bury(&self.store, silent, now).await?;
        }
        let mistaken = presence::mistaken(&self.store, &self.presence.here()).await?;
        self.presence.correct(mistaken);
        if beats.is_multiple_of(TIDY) {
            presence::tidy(&self.store).await?;
        }
        Ok(())
    }

    async fn write_down(&self) -> Result<(), StoreError> {
        let news = self.presence.news();
        if news.is_empty() {
            return Ok(());
        }
        let now = self.context.clock.now();
        if let Err(error) = presence::write(&self.store, (self.presence.replica, now), news.clone()).await {
            self.presence.put_back(news);
            return Err(error);
        }
        for ((_, conversation), at) in news {
            let away_since = match at {
                Whereabouts::Here => None,
                Whereabouts::Away(since) => Some(since),
            };
            let hint = Hint::Presence {
                conversation,
                away_since,
            };
            self.context.bus.publish(subject(conversation), hint.encode());
        }
        Ok(())
    }
}

/// Whether it is time for a beat, or the clock was set back.
fn is_time(last: Timestamp, now: Timestamp) -> bool {
    now < last || now.since(last) >= BEAT
}

fn report(what: &str, outcome: Result<(), StoreError>) {
    if let Err(error) = outcome {
        tracing::warn!(what, %error, "who is there may not be known; it is tried again in a few seconds");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_model::Id;
    use onqueue_testkit::still_context;

    #[test]
    fn only_the_first_stream_and_the_last_are_news() {
        let (context, hand) = still_context(1);
        let presence = Arc::new(Presence::new(Uuid::nil(), context.clock.clone()));
        let key = (Id::new(Uuid::from_u128(1)), Id::new(Uuid::from_u128(2)));
        let first = presence.arrive(key);
        assert_eq!(presence.news(), BTreeMap::from([(key, Whereabouts::Here)]));
        let second = presence.arrive(key);
        drop(first);
        assert!(presence.is_here(key) && presence.news().is_empty());
        hand.advance(Duration::from_secs(1));
        drop(second);
        assert!(!presence.is_here(key));
        let news = presence.news();
        assert_eq!(news, BTreeMap::from([(key, Whereabouts::Away(context.clock.now()))]));
        // What could not be written down does not hide what came later.
        let _back = presence.arrive(key);
        presence.put_back(news);
        assert_eq!(presence.news(), BTreeMap::from([(key, Whereabouts::Here)]));
        presence.correct(vec![key]);
        assert_eq!(presence.news(), BTreeMap::from([(key, Whereabouts::Here)]));
    }
}

//! Who follows which conversation in this process. Events are handed over as they are committed here or read after a
//! hint; a follower that notices a gap reads the log itself, so nothing here has to be right, only fast.

use super::{helps::Helps, hint::Hint, sets::Sets};
use crate::store::{Key, plan::Line};
use onqueue_chat::{Class, Numbers};
use onqueue_model::{ConversationId, ParticipantId, Timestamp};
use onqueue_telemetry::metrics;
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::sync::Notify;

/// How many frames a slow follower may be behind.
pub(crate) const ROOM: usize = 256;

/// All followers.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    topics: Mutex<HashMap<ConversationId, Topic>>,
    /// Who follows whose set of conversations.
    pub sets: Sets,
    /// Who follows whose requests for a supervisor.
    pub helps: Helps,
}

#[derive(Debug)]
struct Topic {
    key: Key,
    /// The last number that everybody was handed or told to look for, or had read when they came; 0 for none yet.
    last: i64,
    followers: Vec<Arc<Follower>>,
}

#[derive(Debug)]
struct Follower {
    class: Class,
    participant: Option<ParticipantId>,
    /// The last number, of its class, that it has got or is about to.
    seen: AtomicI64,
    queue: Mutex<Queue>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Live>,
    overflowed: bool,
}

/// What a follower gets.
#[derive(Clone, Debug)]
pub(crate) enum Live {
    Event(Line),
    Typing {
        participant: ParticipantId,
        typing: bool,
    },
    /// The guest is there, or away since then.
    Presence(Option<Timestamp>),
    /// Who supervises may be another: look.
    Supervised,
    /// Something may have been missed: read the log.
    Look,
    /// It was too slow; nothing comes any more.
    Overflow,
}

/// A follower's end; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Subscription {
    hub: Arc<Hub>,
    conversation: ConversationId,
    follower: Arc<Follower>,
}

impl Hub {
    /// Follows a conversation from now on, as a viewer of that class.
    pub fn follow(self: &Arc<Self>, key: Key, class: Class, participant: Option<ParticipantId>) -> Subscription {
        let follower = Arc::new(Follower {
            class,
            participant,
            seen: AtomicI64::new(0),
            queue: Mutex::default(),
            wake: Notify::new(),
        });
        let mut topics = lock(&self.topics);
        let topic = topics.entry(key.1).or_insert_with(|| Topic {
            key,
            last: 0,
            followers: Vec::new(),
        });
        topic.followers.push(Arc::clone(&follower));
        metrics::ACTIVE_CHATS.add(i64::from(topic.followers.len() == 1), &[]);
        Subscription {
            hub: Arc::clone(self),
            conversation: key.1,
            follower,
        }
    }

    /// Hands over events of one conversation, in order.
    pub fn hand(&self, conversation: ConversationId, lines: &[Line]) {
        let mut topics = lock(&self.topics);
        let Some(topic) = topics.get_mut(&conversation) else {
            return;
        };
        for line in lines {
            topic.last = topic.last.max(line.event.sequence);
            for follower in &topic.followers {
                follower.event(line);
            }
        }
    }

    /// Hands over that somebody types, to the others.
    pub fn hand_typing(&self, conversation: ConversationId, participant: ParticipantId, typing: bool) {
        let topics = lock(&self.topics);
        let followers = topics.get(&conversation).map_or(&[][..], |topic| &topic.followers);
        for follower in followers.iter().filter(|one| one.participant != Some(participant)) {
            follower.droppable(Live::Typing { participant, typing });
        }
    }

    /// Hands over whether the guest is there, to those who serve them.
    pub fn hand_presence(&self, conversation: ConversationId, away_since: Option<Timestamp>) {
        let topics = lock(&self.topics);
        let followers = topics.get(&conversation).map_or(&[][..], |topic| &topic.followers);
        for follower in followers.iter().filter(|one| one.class != Class::Guest) {
            follower.droppable(Live::Presence(away_since));
        }
    }

    /// Has all but guests look who supervises.
    pub fn hand_supervised(&self, conversation: ConversationId) {
        let topics = lock(&self.topics);
        let followers = topics.get(&conversation).map_or(&[][..], |topic| &topic.followers);
        for follower in followers.iter().filter(|one| one.class != Class::Guest) {
            follower.push(Live::Supervised);
        }
    }

    /// What to read after a hint: the conversation and the number after which; `None` if nobody follows or all is known.
    pub fn behind(&self, hint: &Hint) -> Option<(Key, i64)> {
        let Hint::Moved {
            conversation, sequence, ..
        } = hint
        else {
            return None;
        };
        let mut topics = lock(&self.topics);
        let topic = topics.get_mut(conversation)?;
        if *sequence <= topic.last {
            return None;
        }
        if topic.last == 0 {
            topic.last = *sequence;
            topic.followers.iter().for_each(|follower| follower.look());
            return None;
        }
        Some((topic.key, topic.last))
    }

    /// Every conversation that is followed, with the last number that needs no looking after.
    pub fn followed(&self) -> Vec<(Key, i64)> {
        let topics = lock(&self.topics);
        topics.values().map(|topic| (topic.key, topic.last)).collect()
    }

    /// Has those look who have got less than what is there. Answers in how many conversations there are such.
    pub fn compare(&self, numbers: &HashMap<ConversationId, Numbers>) -> u64 {
        let mut topics = lock(&self.topics);
        let mut missed = 0;
        for (conversation, numbers) in numbers {
            let Some(topic) = topics.get_mut(conversation) else {
                continue;
            };
            topic.last = topic.last.max(numbers.sequence);
            let behind =
                |follower: &&Arc<Follower>| numbers.last(follower.class) > follower.seen.load(Ordering::Relaxed);
            let behind: Vec<_> = topic.followers.iter().filter(behind).collect();
            behind.iter().for_each(|follower| follower.look());
            missed += u64::from(!behind.is_empty());
        }
        missed
    }

    fn forget(&self, conversation: ConversationId, follower: &Arc<Follower>) {
        let mut topics = lock(&self.topics);
        if let Some(topic) = topics.get_mut(&conversation) {
            topic.followers.retain(|one| !Arc::ptr_eq(one, follower));
            if topic.followers.is_empty() {
                topics.remove(&conversation);
                metrics::ACTIVE_CHATS.add(-1, &[]);
            }
        }
    }
}

impl Follower {
    fn event(&self, line: &Line) {
        let Some(place) = self.class.place(&line.event) else {
            return;
        };
        self.seen.fetch_max(place, Ordering::Relaxed);
        self.push(Live::Event(line.clone()));
    }

    fn droppable(&self, frame: Live) {
        if lock(&self.queue).frames.len() < ROOM {
            self.push(frame);
        }
    }

    fn look(&self) {
        let waits = lock(&self.queue).frames.iter().any(|frame| matches!(frame, Live::Look));
        if !waits {
            self.push(Live::Look);
        }
    }

    /// When there is no room, typing goes first; without any, the follower is too slow and learns so.
    fn push(&self, frame: Live) {
        let mut queue = lock(&self.queue);
        if queue.overflowed {
            return;
        }
        if queue.frames.len() >= ROOM {
            match queue
                .frames
                .iter()
                .position(|frame| matches!(frame, Live::Typing { .. } | Live::Presence(_)))
            {
                Some(at) => drop(queue.frames.remove(at)),
                None => {
                    queue.overflowed = true;
                    queue.frames.clear();
                    self.wake.notify_one();
                    return;
                }
            }
        }
        queue.frames.push_back(frame);
        self.wake.notify_one();
    }

    fn pop(&self) -> Option<Live> {
        let mut queue = lock(&self.queue);
        if queue.overflowed {
            return Some(Live::Overflow);
        }
        queue.frames.pop_front()
    }
}

impl Subscription {
    /// The next frame. May be dropped and called again without losing one.
    pub async fn next(&self) -> Live {
        loop {
            if let Some(frame) = self.follower.pop() {
                return frame;
            }
            self.follower.wake.notified().await;
        }
    }

    /// Says that everything up to this number, of its class, was read from the log.
    pub fn saw(&self, place: i64) {
        self.follower.seen.fetch_max(place, Ordering::Relaxed);
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.forget(self.conversation, &self.follower);
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_chat::{Body, Event};
    use onqueue_model::{Id, Timestamp};
    use uuid::Uuid;

    fn id<T>(number: u128) -> Id<T> {
        Id::new(Uuid::from_u128(number))
    }

    fn line(number: i64, public: Option<i64>) -> Line {
        let event = Arc::new(Event {
            id: id(1),
            sequence: number,
            public_sequence: public,
            agent_sequence: Some(number),
            at: Timestamp(0),
            participant: None,
            body: Body::ParticipantLeft { participant: id(2) },
            client_message_id: None,
            salt: [0; 16],
            hash: [0; 32],
        });
        Line {
            event,
            traceparent: None,
        }
    }

    fn waiting(subscription: &Subscription) -> Vec<String> {
        let name = |frame: Live| match frame {
            Live::Event(line) => line.event.sequence.to_string(),
            Live::Typing { .. } => "typing".to_owned(),
            Live::Presence(_) => "presence".to_owned(),
            Live::Supervised => "supervised".to_owned(),
            Live::Look => "look".to_owned(),
            Live::Overflow => "overflow".to_owned(),
        };
        std::iter::from_fn(|| subscription.follower.pop())
            .map(name)
            .take(ROOM + 1)
            .collect()
    }

    #[test]
    fn each_gets_what_it_may_see_and_nobody_hears_themselves_type() {
        let (hub, key) = (Arc::new(Hub::default()), (id(8), id(9)));
        let guest = hub.follow(key, Class::Guest, Some(id(5)));
        let agent = hub.follow(key, Class::Agent, Some(id(6)));
        hub.hand(key.1, &[line(1, Some(1)), line(2, None), line(3, Some(2))]);
        hub.hand_typing(key.1, id(5), true);
        assert_eq!(waiting(&guest), ["1", "3"]);
        assert_eq!(waiting(&agent), ["1", "2", "3", "typing"]);
        let numbers = Numbers {
            sequence: 4,
            public: 2,
            agents: 4,
        };
        hub.compare(&HashMap::from([(key.1, numbers)]));
        assert_eq!(waiting(&guest), [""; 0]);
        assert_eq!(waiting(&agent), ["look"]);
        drop((guest, agent));
        assert!(hub.followed().is_empty());
    }

    #[test]
    fn a_slow_follower_loses_typing_first_and_is_then_told() {
        let (hub, key) = (Arc::new(Hub::default()), (id(8), id(9)));
        let slow = hub.follow(key, Class::Supervisor, None);
        hub.hand_typing(key.1, id(5), true);
        let events: Vec<_> = (1..=256).map(|number| line(number, None)).collect();
        hub.hand(key.1, &events);
        assert_eq!(waiting(&slow).first().map(String::as_str), Some("1"));
        hub.hand(key.1, &events);
        hub.hand(key.1, &[line(257, None)]);
        assert_eq!(waiting(&slow)[0], "overflow");
    }
}

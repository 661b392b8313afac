//! Who would be first if nothing but load and idle time counted.

use crate::rules::{Preference, Rules};
use crate::runs::Runs;
use crate::table::Slot;
use onqueue_model::{Timestamp, UserId};
use uuid::Uuid;

/// Smaller than any other.
const LOWEST: UserId = UserId::new(Uuid::nil());

/// Never used.
const NEVER: i64 = i64::MIN;

/// What is compared: how much they have (if that counts), when they were last used, their id. Smaller is first.
pub(crate) type Key = (u8, i64, UserId, Slot);

/// How agents compare as of some time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    preference: Preference,
    /// Who was last used by then has been idle as long as counts.
    cutoff: i64,
}

impl Scale {
    pub fn at(now: Timestamp, rules: &Rules) -> Self {
        Self {
            preference: rules.preference,
            cutoff: (now - rules.idle_cap).millis(),
        }
    }

    fn weigh(&self, used: i64) -> i64 {
        let longest = if used <= self.cutoff { NEVER } else { used };
        match self.preference {
            Preference::LongestIdle => longest,
            Preference::ShortestIdle => longest.saturating_neg(),
            Preference::LowestId => 0,
        }
    }
}

/// Agents in order, those with room for anything; and of all the facts that it is made of. Who is freed is mostly taken at once:
/// the order follows the facts only when it is settled, which it must be before somebody goes along it and before time passes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    /// With their queues as bits.
    sorted: Runs<Key, u64>,
    facts: Vec<Fact>,
    /// Whose place may not be what follows from their facts.
    unsettled: Vec<Slot>,
    /// Nobody's idle time reaches its cap before.
    ageing: Option<i64>,
}

/// What an agent's place in the order follows from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub id: UserId,
    /// As bits.
    pub queues: u64,
    /// How much they have.
    pub active: u8,
    /// The same; 0 if that does not count.
    pub load: u8,
    pub used: Option<Timestamp>,
}

/// In a cache line of its own: choosing among many looks at nothing else of them.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Fact {
    id: UserId,
    queues: u64,
    used: i64,
    active: u8,
    load: u8,
    room: Room,
    unsettled: bool,
    /// Where they are in the order.
    placed: Option<(u8, i64)>,
}

const NOBODY: Fact = Fact {
    id: LOWEST,
    queues: 0,
    used: NEVER,
    active: 0,
    load: 0,
    room: Room::None,
    unsettled: false,
    placed: None,
};

impl Fact {
    fn wanted(&self, scale: Scale) -> Option<(u8, i64)> {
        (self.room == Room::Some).then(|| (self.load, scale.weigh(self.used)))
    }
}

impl Order {
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Those who may be members of a queue with that bit, in order.
    pub fn of_queue(&self, bit: u64) -> impl Iterator<Item = &Key> {
        let runs = self.sorted.slices();
        runs.flat_map(move |(keys, queues)| {
            let members = queues.iter().enumerate().filter(move |(_, queues)| **queues & bit != 0);
            members.map(move |(place, _)| &keys[place])
        })
    }

    pub fn key(&self, slot: Slot, scale: Scale) -> Key {
        let fact = &self.facts[slot as usize];
        (fact.load, scale.weigh(fact.used), fact.id, slot)
    }

    /// How an agent stood when that was last taken up.
    pub fn standing(&self, slot: Slot) -> Standing {
        let fact = &self.facts[slot as usize];
        Standing {
            id: fact.id,
            queues: fact.queues,
            active: fact.active,
            load: fact.load,
            used: (fact.used > NEVER).then_some(Timestamp(fact.used)),
        }
    }

    /// Takes up how an agent stands, and whether they have room.
    pub fn put(&mut self, slot: Slot, standing: Standing, room: Room, scale: Scale) {
        let place = slot as usize;
        if self.facts.len() <= place {
            self.facts.resize(place + 1, NOBODY);
        }
        let Standing {
            id,
            queues,
            active,
            load,
            used,
        } = standing;
        let used = used.map_or(NEVER, Timestamp::millis);
        if self.facts[place].queues != queues {
            self.displace(slot);
        }
        let fact = &mut self.facts[place];
        *fact = Fact {
            id,
            queues,
            used,
            active,
            load,
            room,
            ..*fact
        };
        if !fact.unsettled && fact.placed != fact.wanted(scale) {
            fact.unsettled = true;
            self.unsettled.push(slot);
        }
    }

    fn displace(&mut self, slot: Slot) {
        let fact = &mut self.facts[slot as usize];
        if let Some((load, key)) = fact.placed.take() {
            self.sorted.remove(&(load, key, fact.id, slot));
        }
    }

    /// Brings everybody to where they belong.
    pub fn settle(&mut self, scale: Scale) {
        while let Some(slot) = self.unsettled.pop() {
            let fact = &mut self.facts[slot as usize];
            fact.unsettled = false;
            let wanted = fact.wanted(scale);
            if fact.placed == wanted {
                continue;
            }
            self.displace(slot);
            let fact = &mut self.facts[slot as usize];
            fact.placed = wanted;
            if let Some((load, key)) = wanted {
                self.sorted.insert((load, key, fact.id, slot), fact.queues);
                self.watch(key);
            }
        }
    }

    fn watch(&mut self, key: i64) {
        if key > NEVER && self.ageing.is_none_or(|first| key < first) {
            self.ageing = Some(key);
        }
    }

    /// Time has passed: idle times reach their cap.
    pub fn age(&mut self, scale: Scale) {
        debug_assert!(
            self.unsettled.is_empty(),
            "time passes over an order that is not settled"
        );
        if scale.preference != Preference::LongestIdle || self.ageing.is_none_or(|first| first > scale.cutoff) {
            return;
        }
        self.ageing = None;
        let mut load = Some(0);
        while let Some(of) = load {
            self.age_those_with(of, scale);
            let above = (of.checked_add(1)).map(|above| (above, NEVER, LOWEST, 0));
            let next = above.and_then(|above| self.sorted.first_from(&above));
            load = next.map(|((load, ..), _)| load);
        }
    }

    fn age_those_with(&mut self, load: u8, scale: Scale) {
        let from = (load, NEVER + 1, LOWEST, 0);
        while let Some((of, key, agent, slot)) = self.sorted.first_from(&from).map(|(key, _)| key)
            && of == load
        {
            if key > scale.cutoff {
                return self.watch(key);
            }
            let queues = self.sorted.remove(&(load, key, agent, slot));
            self.sorted.insert((load, NEVER, agent, slot), queues.unwrap_or(0));
            self.facts[slot as usize].placed = Some((load, NEVER));
        }
    }
}

/// Whether there is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Some,
    None,
}

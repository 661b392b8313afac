//! Things by their ids, in slots that stay while they are in; and the one way of hashing here. Which slot a thing is in, and
//! in which order a hash table holds it, never decides anything: whoever goes through a table does it by id.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::ops::{Index, IndexMut};

/// Names a thing in a table, as long as it is in it.
pub(crate) type Slot = u32;

/// A map that hashes alike everywhere.
pub(crate) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Fold>>;

/// Multiplies and folds, a word at a time. Ids are made by Onqueue itself: nobody chooses them so that they collide.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fold {
    state: u64,
}

impl Hasher for Fold {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        let mixed = u128::from(self.state ^ word ^ 0x9e37_79b9_7f4a_7c15) * 0xa076_1d64_78bd_642f;
        self.state = (mixed as u64) ^ (mixed >> 64) as u64;
    }

    #[inline]
    fn write_u128(&mut self, word: u128) {
        self.write_u64(word as u64);
        self.write_u64((word >> 64) as u64);
    }

    #[inline]
    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    #[inline]
    fn write_u16(&mut self, word: u16) {
        self.write_u64(u64::from(word));
    }

    #[inline]
    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    #[inline]
    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.state
    }
}

/// A value that carries its own key, so that a table of them is written as a plain list.
pub(crate) trait Keyed {
    type Key: Ord + Hash + Eq + Copy;
    fn key(&self) -> Self::Key;
}

#[derive(Clone, Debug)]
pub(crate) struct Table<V: Keyed> {
    slots: Map<V::Key, Slot>,
    values: Vec<Option<V>>,
    vacant: Vec<Slot>,
}

impl<V: Keyed> Default for Table<V> {
    fn default() -> Self {
        Self {
            slots: Map::default(),
            values: Vec::new(),
            vacant: Vec::new(),
        }
    }
}

impl<V: Keyed> Table<V> {
    pub fn slot(&self, key: V::Key) -> Option<Slot> {
        self.slots.get(&key).copied()
    }

    pub fn contains(&self, key: V::Key) -> bool {
        self.slots.contains_key(&key)
    }

    pub fn get(&self, key: V::Key) -> Option<&V> {
        self.slot(key).map(|slot| &self[slot])
    }

    pub fn get_mut(&mut self, key: V::Key) -> Option<&mut V> {
        self.slot(key).map(|slot| &mut self[slot])
    }

    /// Puts a value in, in place of the one with its key if there is one.
    pub fn insert(&mut self, value: V) -> Slot {
        let slot = match self.slots.entry(value.key()) {
            Entry::Occupied(taken) => *taken.get(),
            Entry::Vacant(free) => *free.insert(self.vacant.pop().unwrap_or(self.values.len() as Slot)),
        };
        match self.values.get_mut(slot as usize) {
            Some(place) => *place = Some(value),
            None => self.values.push(Some(value)),
        }
        slot
    }

    pub fn remove(&mut self, key: V::Key) -> Option<V> {
        let slot = self.slots.remove(&key)?;
        self.vacant.push(slot);
        self.values[slot as usize].take()
    }

    /// All of them with their slots, by id.
    pub fn in_order(&self) -> impl Iterator<Item = (Slot, &V)> {
        let mut all: Vec<(Slot, &V)> = (0..)
            .zip(&self.values)
            .filter_map(|(slot, it)| Some((slot, it.as_ref()?)))
            .collect();
        all.sort_unstable_by_key(|(_, value)| value.key());
        all.into_iter()
    }
}

impl<V: Keyed> Index<Slot> for Table<V> {
    type Output = V;

    fn index(&self, slot: Slot) -> &V {
        self.values[slot as usize]
            .as_ref()
            .expect("a slot is asked for while it is taken")
    }
}

impl<V: Keyed> IndexMut<Slot> for Table<V> {
    fn index_mut(&mut self, slot: Slot) -> &mut V {
        self.values[slot as usize]
            .as_mut()
            .expect("a slot is asked for while it is taken")
    }
}

impl<V: Keyed + Serialize> Serialize for Table<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.in_order().map(|(_, value)| value))
    }
}

impl<'de, V: Keyed + Deserialize<'de>> Deserialize<'de> for Table<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = Self::default();
        for value in Vec::<V>::deserialize(deserializer)? {
            table.insert(value);
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::{Keyed, Table};

    impl Keyed for (u8, char) {
        type Key = u8;

        fn key(&self) -> u8 {
            self.0
        }
    }

    #[test]
    fn a_slot_is_taken_again_and_the_order_is_that_of_the_keys() {
        let mut table = Table::default();
        let first = table.insert((9, 'a'));
        assert_eq!(table.insert((3, 'b')), first + 1);
        assert_eq!(table.insert((9, 'c')), first, "in place of the first");
        assert_eq!(table.remove(9), Some((9, 'c')));
        assert_eq!(
            (table.remove(9), table.contains(9), table.get(3)),
            (None, false, Some(&(3, 'b')))
        );
        assert_eq!(table.insert((1, 'd')), first);
        let all: Vec<char> = table.in_order().map(|(_, (_, text))| *text).collect();
        assert_eq!(all, ['d', 'b']);
    }
}

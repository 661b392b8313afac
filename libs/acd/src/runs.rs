//! A map in order of its keys, as runs of keys and of values side by side: a key is found by looking at a few of them, and
//! whoever goes along the values touches little memory.

/// How many a run has at most.
const FULL: usize = 64;

#[derive(Clone, Debug)]
pub(crate) struct Runs<K, V> {
    /// None is empty.
    runs: Vec<Run<K, V>>,
    len: usize,
}

#[derive(Clone, Debug)]
struct Run<K, V> {
    keys: Vec<K>,
    values: Vec<V>,
}

impl<K, V> Default for Runs<K, V> {
    fn default() -> Self {
        Self {
            runs: Vec::new(),
            len: 0,
        }
    }
}

impl<K: Ord + Copy, V: Copy> Runs<K, V> {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The keys and values of each run, in order.
    pub fn slices(&self) -> impl Iterator<Item = (&[K], &[V])> {
        self.runs.iter().map(|run| (&run.keys[..], &run.values[..]))
    }

    /// How many runs there are.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.slices().flat_map(|(keys, values)| keys.iter().zip(values))
    }

    /// The first with at least this key.
    pub fn first_from(&self, key: &K) -> Option<(K, V)> {
        let at = self.run_of(key);
        let place = self.runs.get(at)?.keys.partition_point(|other| other < key);
        let here = self.runs[at].entry(place);
        here.or_else(|| self.runs.get(at + 1)?.entry(0))
    }

    /// The run in which a key is if it is in any; 0 if there are none.
    fn run_of(&self, key: &K) -> usize {
        let not_behind = self.runs.partition_point(|run| run.keys[0] <= *key);
        not_behind.saturating_sub(1)
    }

    /// Puts a value in, in place of the one with its key if there is one.
    pub fn insert(&mut self, key: K, value: V) {
        let at = self.run_of(&key);
        let Some(run) = self.runs.get_mut(at) else {
            self.len = 1;
            return self.runs.push(Run::of(key, value));
        };
        match run.keys.binary_search(&key) {
            Ok(place) => run.values[place] = value,
            Err(place) => {
                self.len += 1;
                if run.keys.len() < FULL {
                    run.insert(place, key, value);
                } else {
                    self.insert_into_full(at, place, key, value);
                }
            }
        }
    }

    /// What comes in order makes full runs; else a full one is cut in two.
    fn insert_into_full(&mut self, at: usize, place: usize, key: K, value: V) {
        if place == FULL && at + 1 == self.runs.len() {
            return self.runs.push(Run::of(key, value));
        }
        let behind = self.runs[at].cut(FULL / 2);
        self.runs.insert(at + 1, behind);
        if place > FULL / 2 {
            self.runs[at + 1].insert(place - FULL / 2, key, value);
        } else {
            self.runs[at].insert(place, key, value);
        }
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        let at = self.run_of(key);
        let run = self.runs.get_mut(at)?;
        let place = run.keys.binary_search(key).ok()?;
        run.keys.remove(place);
        let value = run.values.remove(place);
        self.len -= 1;
        self.tidy(at);
        Some(value)
    }

    /// After something was taken from a run: an empty one goes, short ones side by side become one.
    fn tidy(&mut self, at: usize) {
        if self.runs[at].keys.is_empty() {
            self.runs.remove(at);
            return;
        }
        self.join_next(at);
        if at > 0 {
            self.join_next(at - 1);
        }
    }

    fn join_next(&mut self, at: usize) {
        let Some(next) = self.runs.get(at + 1) else { return };
        if self.runs[at].keys.len() + next.keys.len() <= FULL / 2 {
            let next = self.runs.remove(at + 1);
            self.runs[at].keys.extend(next.keys);
            self.runs[at].values.extend(next.values);
        }
    }
}

impl<K: Copy, V: Copy> Run<K, V> {
    fn of(key: K, value: V) -> Self {
        Self {
            keys: vec![key],
            values: vec![value],
        }
    }

    fn entry(&self, place: usize) -> Option<(K, V)> {
        Some((*self.keys.get(place)?, self.values[place]))
    }

    fn insert(&mut self, place: usize, key: K, value: V) {
        self.keys.insert(place, key);
        self.values.insert(place, value);
    }

    fn cut(&mut self, place: usize) -> Self {
        Self {
            keys: self.keys.split_off(place),
            values: self.values.split_off(place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FULL, Runs};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Keys that come in order, so that runs get full, and any others, so that full ones are cut.
    fn steps() -> impl Strategy<Value = Vec<(bool, u16)>> {
        let in_order = (0..400_u16).prop_map(|number| (0..number).map(|key| (true, key * 3)).collect::<Vec<_>>());
        let others = prop::collection::vec((prop::bool::weighted(0.4), 0..1_200_u16), 0..1_500);
        (in_order, others).prop_map(|(in_order, others)| [in_order, others].concat())
    }

    fn all(runs: &Runs<u16, usize>) -> Vec<(u16, usize)> {
        runs.iter().map(|(key, value)| (*key, *value)).collect()
    }

    proptest! {
        #[test]
        fn as_a_map(steps in steps(), asked in prop::collection::vec(0..1_300_u16, 20)) {
            let (mut runs, mut map) = (Runs::default(), BTreeMap::new());
            for (number, (inserts, key)) in steps.into_iter().enumerate() {
                if inserts {
                    runs.insert(key, number);
                    map.insert(key, number);
                } else {
                    prop_assert_eq!(runs.remove(&key), map.remove(&key));
                }
                prop_assert_eq!((runs.len(), runs.is_empty()), (map.len(), map.is_empty()));
                prop_assert_eq!(runs.slices().count(), runs.runs());
                prop_assert!(runs.slices().all(|(keys, values)| (1..=FULL).contains(&keys.len()) && keys.len() == values.len()));
            }
            prop_assert_eq!(all(&runs), map.iter().map(|(key, value)| (*key, *value)).collect::<Vec<_>>());
            for key in asked {
                let first = map.range(key..).next().map(|(key, value)| (*key, *value));
                prop_assert_eq!(runs.first_from(&key), first);
            }
            for key in map.into_keys() {
                prop_assert!(runs.remove(&key).is_some());
            }
            prop_assert_eq!((runs.len(), runs.runs(), runs.first_from(&0)), (0, 0, None));
        }
    }

    #[test]
    fn what_comes_in_order_makes_full_runs_and_what_is_left_of_them_is_put_together() {
        let mut runs = Runs::default();
        (0..10 * FULL).for_each(|key| runs.insert(key, ()));
        assert_eq!(runs.runs(), 10);
        (0..10 * FULL).filter(|key| key % 16 > 0).for_each(|key| {
            runs.remove(&key);
        });
        assert_eq!((runs.len(), runs.runs()), (40, 2));
    }
}

//! Small sets, in order, in one piece of memory.

use serde::{Deserialize, Serialize};
use std::ops::Deref;

/// A set of a few things, ordered. Reads as a sorted slice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Few<T> {
    sorted: Vec<T>,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { sorted: Vec::new() }
    }
}

impl<T: Ord> Few<T> {
    /// Whether it was not in it before.
    pub fn insert(&mut self, value: T) -> bool {
        match self.sorted.binary_search(&value) {
            Ok(_) => false,
            Err(place) => {
                self.sorted.insert(place, value);
                true
            }
        }
    }

    /// Whether it was in it.
    pub fn remove(&mut self, value: &T) -> bool {
        match self.sorted.binary_search(value) {
            Ok(place) => {
                self.sorted.remove(place);
                true
            }
            Err(_) => false,
        }
    }

    pub fn has(&self, value: &T) -> bool {
        self.sorted.binary_search(value).is_ok()
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.sorted
    }
}

impl<T: Ord> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut sorted: Vec<T> = values.into_iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        Self { sorted }
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.sorted.into_iter()
    }
}

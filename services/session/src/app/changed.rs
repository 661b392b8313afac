//! Which conversations were written to here and are not in the index yet.

use super::hub::lock;
use crate::store::Key;
use std::{collections::BTreeSet, sync::Mutex};

/// How many are remembered; of more, everything is looked at.
const MOST: usize = 20_000;

/// What was committed, until it is looked at.
#[derive(Debug)]
pub(crate) struct Changed(Mutex<Wanted>);

/// At what to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    These(BTreeSet<Key>),
    /// At everything that is open.
    All,
}

impl Default for Changed {
    /// Nobody knows what was left before this process began.
    fn default() -> Self {
        Self(Mutex::new(Wanted::All))
    }
}

impl Changed {
    /// Something of it is committed.
    pub fn note(&self, key: Key) {
        lock(&self.0).add(key);
    }

    /// Everything may have been written to.
    pub fn note_all(&self) {
        *lock(&self.0) = Wanted::All;
    }

    /// What was noted since this was asked last.
    pub fn take(&self) -> Wanted {
        std::mem::replace(&mut lock(&self.0), Wanted::These(BTreeSet::new()))
    }
}

impl Wanted {
    fn add(&mut self, key: Key) {
        let Self::These(keys) = self else { return };
        keys.insert(key);
        if keys.len() > MOST {
            *self = Self::All;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_model::Id;
    use uuid::Uuid;

    fn key(number: usize) -> Key {
        (Id::new(Uuid::from_u128(1)), Id::new(Uuid::from_u128(number as u128)))
    }

    #[test]
    fn each_is_taken_once_and_too_many_are_all() {
        let changed = Changed::default();
        assert_eq!(changed.take(), Wanted::All, "at the beginning");
        for number in [2, 1, 2] {
            changed.note(key(number));
        }
        assert_eq!(changed.take(), Wanted::These([key(1), key(2)].into()));
        assert_eq!(changed.take(), Wanted::These(BTreeSet::new()));
        for number in 0..MOST {
            changed.note(key(number));
        }
        assert!(matches!(changed.take(), Wanted::These(keys) if keys.len() == MOST));
        for number in 0..=MOST {
            changed.note(key(number));
        }
        changed.note(key(1));
        assert_eq!(changed.take(), Wanted::All);
        changed.note_all();
        changed.note(key(1));
        assert_eq!(changed.take(), Wanted::All);
    }
}

//! How many of something each holder has at once: connections of an address, streams of a caller.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// Counts by holder. Clones share the counts; who holds nothing takes no memory.
pub struct Tally<K>(Arc<Mutex<HashMap<K, u32>>>);

/// One of what its holder has; given back when dropped.
pub struct Held<K: Eq + Hash> {
    holder: K,
    of: Tally<K>,
}

impl<K: Eq + Hash + Clone> Tally<K> {
    /// One more for `holder`; `None` if it has `most` already.
    pub fn take(&self, holder: K, most: u32) -> Option<Held<K>> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&holder) {
            Some(count) if *count >= most => return None,
            Some(count) => *count += 1,
            None if most == 0 => return None,
            None => {
                counts.insert(holder.clone(), 1);
            }
        }
        drop(counts);
        Some(Held {
            holder,
            of: self.clone(),
        })
    }
}

impl<K> Clone for Tally<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K> fmt::Debug for Tally<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally").finish_non_exhaustive()
    }
}

impl<K: Eq + Hash + fmt::Debug> fmt::Debug for Held<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.holder).finish()
    }
}

impl<K: Eq + Hash> Drop for Held<K> {
    fn drop(&mut self) {
        let mut counts = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_holder_has_its_own_and_gives_back() {
        let tally = Tally::default();
        let first = tally.take("a", 2);
        let second = tally.clone().take("a", 2);
        assert!(first.is_some() && second.is_some() && tally.take("a", 2).is_none());
        assert!(tally.take("b", 2).is_some() && tally.take("c", 0).is_none());
        drop(first);
        let third = tally.take("a", 2);
        assert!(third.is_some());
        drop((second, third));
        assert!(tally.0.lock().expect("counts").is_empty(), "nothing is left behind");
    }
}

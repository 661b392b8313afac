//! Sets of small numbers, as words of 64 bits.

/// A set of places. Grows as needed; what is beyond its end is not in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    pub fn set(&mut self, place: usize, present: bool) {
        let word = place / 64;
        if word >= self.words.len() {
            if !present {
                return;
            }
            self.words.resize(word + 1, 0);
        }
        let mask = 1 << (place % 64);
        if present {
            self.words[word] |= mask;
        } else {
            self.words[word] &= !mask;
        }
    }

    pub fn contains(&self, place: usize) -> bool {
        self.words
            .get(place / 64)
            .is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub fn clear(&mut self) {
        self.words.clear();
    }

    /// Becomes equal to the other.
    pub fn copy(&mut self, other: &Self) {
        self.words.clear();
        self.words.extend_from_slice(&other.words);
    }

    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(word, bits)| {
            std::iter::successors(Some(*bits), |rest| Some(rest & rest.wrapping_sub(1)))
                .take_while(|rest| *rest != 0)
                .map(move |rest| word * 64 + rest.trailing_zeros() as usize)
        })
    }

    pub fn add_all(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Keeps what is in `mask` too; how many those are.
    pub fn keep(&mut self, mask: &Self) -> usize {
        self.words.truncate(mask.words.len());
        let mut left = 0;
        for (word, mask) in self.words.iter_mut().zip(&mask.words) {
            *word &= mask;
            left += word.count_ones() as usize;
        }
        left
    }

    /// Takes out what is in `mask`.
    pub fn drop_all(&mut self, mask: &Self) {
        for (word, mask) in self.words.iter_mut().zip(&mask.words) {
            *word &= !mask;
        }
    }
}

impl FromIterator<usize> for Bits {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> Self {
        let mut bits = Self::default();
        places.into_iter().for_each(|place| bits.set(place, true));
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::Bits;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn bits(set: &BTreeSet<usize>) -> Bits {
        set.iter().copied().collect()
    }

    fn set(bits: &Bits) -> BTreeSet<usize> {
        bits.iter().collect()
    }

    proptest! {
        #[test]
        fn as_a_set(a in prop::collection::btree_set(0..300_usize, 0..40), b in prop::collection::btree_set(0..300_usize, 0..40)) {
            let (mut kept, mut rest, mut both, mut copy) = (bits(&a), bits(&a), bits(&a), bits(&b));
            prop_assert_eq!(&set(&kept), &a);
            prop_assert_eq!(kept.len(), a.len());
            prop_assert!((0..400).all(|place| kept.contains(place) == a.contains(&place)));
            let left = kept.keep(&bits(&b));
            prop_assert_eq!(left, kept.len());
            prop_assert_eq!(set(&kept), a.intersection(&b).copied().collect::<BTreeSet<_>>());
            rest.drop_all(&bits(&b));
            prop_assert_eq!(set(&rest), a.difference(&b).copied().collect::<BTreeSet<_>>());
            both.add_all(&bits(&b));
            prop_assert_eq!(set(&both), a.union(&b).copied().collect::<BTreeSet<_>>());
            copy.copy(&bits(&a));
            prop_assert_eq!(&set(&copy), &a);
            copy.clear();
            prop_assert_eq!(copy.len(), 0);
        }
    }
}

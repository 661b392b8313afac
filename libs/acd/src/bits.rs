//! Sets of small numbers, as words of 64 bits.

/// A set of agent slots. Grows as needed; what is beyond its end is not in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    pub fn set(&mut self, slot: usize, present: bool) {
        let word = slot / 64;
        if word >= self.words.len() {
            if !present {
                return;
            }
            self.words.resize(word + 1, 0);
        }
        let mask = 1 << (slot % 64);
        if present {
            self.words[word] |= mask;
        } else {
            self.words[word] &= !mask;
        }
    }

    pub fn contains(&self, slot: usize) -> bool {
        self.words
            .get(slot / 64)
            .is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
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

    /// Keeps what is in `mask` too; how many went.
    pub fn keep(&mut self, mask: &Self) -> u32 {
        let masks = mask.words.iter().copied().chain(std::iter::repeat(0));
        let mut gone = 0;
        for (word, mask) in self.words.iter_mut().zip(masks) {
            gone += (*word & !mask).count_ones();
            *word &= mask;
        }
        gone
    }

    /// Takes out what is in `mask`; how many went.
    pub fn drop(&mut self, mask: &Self) -> u32 {
        let mut gone = 0;
        for (word, mask) in self.words.iter_mut().zip(&mask.words) {
            gone += (*word & mask).count_ones();
            *word &= !mask;
        }
        gone
    }
}

impl FromIterator<usize> for Bits {
    fn from_iter<I: IntoIterator<Item = usize>>(slots: I) -> Self {
        let mut bits = Self::default();
        slots.into_iter().for_each(|slot| bits.set(slot, true));
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
            let (mut kept, mut rest, mut both) = (bits(&a), bits(&a), bits(&a));
            prop_assert_eq!(&set(&kept), &a);
            prop_assert_eq!(kept.len(), a.len());
            prop_assert!((0..400).all(|slot| kept.contains(slot) == a.contains(&slot)));
            prop_assert_eq!(kept.keep(&bits(&b)) as usize, a.difference(&b).count());
            prop_assert_eq!(set(&kept), a.intersection(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(rest.drop(&bits(&b)) as usize, a.intersection(&b).count());
            prop_assert_eq!(set(&rest), a.difference(&b).copied().collect::<BTreeSet<_>>());
            both.add_all(&bits(&b));
            prop_assert_eq!(set(&both), a.union(&b).copied().collect::<BTreeSet<_>>());
        }
    }
}

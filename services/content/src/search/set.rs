//! Sets of places.

/// Some of the numbers from 0 up to a bound, a bit each.
#[derive(Clone, Debug, Default)]
pub struct Set(Vec<u64>);

impl Set {
    /// None of the numbers below the bound.
    pub fn of(bound: usize) -> Self {
        Self(vec![0; bound.div_ceil(64)])
    }

    /// Adds one; false if it was there.
    pub fn insert(&mut self, number: usize) -> bool {
        let (word, bit) = (&mut self.0[number / 64], 1 << (number % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Keeps only what is in the other too.
    pub fn keep(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= other;
        }
    }

    /// Its numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let bits = |mut word: u64| {
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
                word &= word - 1;
                Some(bit)
            })
        };
        self.0
            .iter()
            .enumerate()
            .flat_map(move |(index, word)| bits(*word).map(move |bit| index * 64 + bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_there_once_and_in_order() {
        let mut set = Set::of(130);
        assert!(set.insert(129) && set.insert(0) && set.insert(64) && !set.insert(64));
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 64, 129]);
        let mut other = Set::of(130);
        other.insert(64);
        set.keep(&other);
        assert_eq!(set.iter().collect::<Vec<_>>(), [64]);
        assert_eq!(Set::of(0).iter().count(), 0);
    }
}

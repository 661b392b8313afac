//! How well what was typed fits: each of its words, and all together.

/// How a typed word fits at a place, where less is better: which of these hold, the heavier ones first.
pub type Level = u8;

/// It begins a word only with one letter more, less, other, or exchanged with its neighbour.
pub const NEARLY: Level = 8;

/// In texts of other languages than the conversation's only.
pub const ELSEWHERE: Level = 4;

/// Not in the name.
pub const OUTSIDE: Level = 2;

/// A word goes on after it.
pub const BEGINNING: Level = 1;

/// It fits nowhere there.
const NEVER: Level = Level::MAX;

/// How one typed word fits at each place, at its best.
pub struct Levels(Vec<Level>);

impl Levels {
    /// Nowhere below the bound.
    pub fn of(bound: usize) -> Self {
        Self(vec![NEVER; bound])
    }

    /// So it fits there, if not better.
    pub fn note(&mut self, place: usize, level: Level) {
        let known = &mut self.0[place];
        *known = level.min(*known);
    }

    fn at(&self, place: usize) -> Option<Level> {
        Some(self.0[place]).filter(|level| *level != NEVER)
    }
}

/// How well all typed words together fit: of how many each of the levels' parts holds, the heavier parts first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(u64);

impl Cost {
    /// How wide a count is: what is typed has not that many words.
    const WIDTH: u32 = 16;

    /// Of these words at that place; `None` if one of them fits nowhere.
    pub fn of(words: &[Levels], place: usize) -> Option<Self> {
        let each = words.iter().map(|levels| levels.at(place).map(Self::of_one));
        each.sum::<Option<u64>>().map(Self)
    }

    /// Whether every word that was typed is a whole word of the name, or one but for a letter.
    pub const fn is_of_name(self) -> bool {
        let parts = Self::of_one(ELSEWHERE | OUTSIDE | BEGINNING) * ((1 << Self::WIDTH) - 1);
        self.0 & parts == 0
    }

    const fn of_one(level: Level) -> u64 {
        (level & BEGINNING) as u64
            | ((level & OUTSIDE) as u64 >> 1) << Self::WIDTH
            | ((level & ELSEWHERE) as u64 >> 2) << (2 * Self::WIDTH)
            | ((level & NEARLY) as u64 >> 3) << (3 * Self::WIDTH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(levels: &[Level]) -> Cost {
        let word = |level: &Level| {
            let mut levels = Levels::of(1);
            levels.note(0, *level);
            levels
        };
        let words: Vec<Levels> = levels.iter().map(word).collect();
        Cost::of(&words, 0).expect("all of them fit")
    }

    #[test]
    fn one_heavier_part_outweighs_any_number_of_lighter_ones() {
        let many = [ELSEWHERE | OUTSIDE | BEGINNING; 1_000];
        let order = [
            cost(&[0, 0]),
            cost(&[BEGINNING, 0]),
            cost(&[BEGINNING; 1_000]),
            cost(&[OUTSIDE, 0]),
            cost(&[OUTSIDE | BEGINNING; 1_000]),
            cost(&[ELSEWHERE | OUTSIDE]),
            cost(&many),
            cost(&[NEARLY, 0]),
            cost(&[NEARLY, NEARLY]),
        ];
        assert!(order.is_sorted_by(|one, other| one < other), "{order:?}");
    }

    #[test]
    fn a_word_counts_as_it_fits_best_and_must_fit_at_all() {
        let mut levels = Levels::of(2);
        for level in [NEARLY, OUTSIDE, ELSEWHERE | OUTSIDE] {
            levels.note(1, level);
        }
        assert_eq!(Cost::of(std::slice::from_ref(&levels), 1), Some(cost(&[OUTSIDE])));
        assert_eq!(Cost::of(&[levels, Levels::of(2)], 1), None);
        assert_eq!(Cost::of(&[Levels::of(2)], 0), None);
    }

    #[test]
    fn only_whole_words_of_the_name_are_of_it() {
        assert!(cost(&[0, 0]).is_of_name() && cost(&[NEARLY, 0]).is_of_name());
        for level in [BEGINNING, OUTSIDE, ELSEWHERE | OUTSIDE] {
            assert!(!cost(&[0, level, level]).is_of_name(), "{level}");
        }
    }
}

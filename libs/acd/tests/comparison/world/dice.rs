//! Chance that can be repeated.

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    pub fn one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let last = u64::try_from(from.len()).ok().filter(|length| *length > 0)?;
        usize::try_from(self.below(last)).ok().map(|index| from[index])
    }

    /// One of these, of which there is one.
    pub fn any<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
        let place = self.below(N as u64);
        from[usize::try_from(place).expect("few")]
    }
}

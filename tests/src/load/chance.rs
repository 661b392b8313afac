//! Chance that repeats with its seed.

use std::time::Duration;

/// SplitMix64: small, quick, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The same seed gives the same numbers.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Another one, whose numbers do not depend on when this one is used next.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is more than 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("fits").max(1);
        usize::try_from(self.next() % end).expect("below a usize")
    }

    /// A time between two.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let part = self.below(1_001) as f64 / 1_000.0;
        least + (most.saturating_sub(least)).mul_f64(part)
    }
}

/// Pauses between attempts with full jitter: next to none before the next door is tried, then longer ones, until something
/// works.
#[derive(Clone, Debug)]
pub struct Backoff {
    chance: Chance,
    attempts: u32,
}

impl Backoff {
    /// Before the next door: enough that a crowd does not come in the same instant.
    const NEXT: Duration = Duration::from_millis(20);
    const FIRST: Duration = Duration::from_millis(50);
    /// Short enough that a door that is open again is found at once.
    const LAST: Duration = Duration::from_millis(400);

    pub const fn new(chance: Chance) -> Self {
        Self { chance, attempts: 0 }
    }

    /// It worked: the next pause is short again.
    pub const fn reset(&mut self) {
        self.attempts = 0;
    }

    /// Waits before the next attempt.
    pub async fn pause(&mut self) {
        let most = self.next();
        tokio::time::sleep(self.chance.between(Duration::ZERO, most)).await;
    }

    /// How long the next pause may be at most.
    fn next(&mut self) -> Duration {
        let failed = self.attempts;
        self.attempts += 1;
        match failed {
            0 => Self::NEXT,
            failed => Self::FIRST.saturating_mul(1 << (failed - 1).min(5)).min(Self::LAST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let numbers = |seed: u64| {
            let mut chance = Chance::seeded(seed);
            (0..8).map(|_| chance.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
        let (least, most) = (Duration::from_secs(1), Duration::from_secs(2));
        let mut chance = Chance::seeded(1);
        assert!((0..1_000).all(|_| (least..=most).contains(&chance.between(least, most))));
    }

    #[test]
    fn the_next_door_is_tried_at_once_and_no_pause_is_long() {
        let mut backoff = Backoff::new(Chance::seeded(1));
        let longest: Vec<_> = (0..6).map(|_| backoff.next().as_millis()).collect();
        assert_eq!(longest, [20, 50, 100, 200, 400, 400]);
        backoff.reset();
        assert_eq!(backoff.next(), Backoff::NEXT);
    }
}

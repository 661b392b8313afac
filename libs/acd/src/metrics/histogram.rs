//! How times are spread, in few fixed buckets, so that quarter hours can be added up and still be asked for percentiles.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the finest buckets are wide.
const UNIT_MS: u64 = 125;
/// Each doubling is split into 2 to the power of this.
const SPLIT: u32 = 3;
const PER_DOUBLING: u64 = 1 << SPLIT;

/// Counts of times in 256 buckets: eight of 125 ms, then eight for each doubling, so that no bucket is wider than 125 ms or an
/// eighth of what is in it. What is beyond the last (68 years) counts in the last. Written as pairs of bucket and count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u8, u64)>", into = "Vec<(u8, u64)>")]
pub struct Histogram {
    counts: BTreeMap<u8, u64>,
}

impl Histogram {
    /// Counts a time.
    pub fn add(&mut self, ms: u64) {
        *self.counts.entry(bucket(ms)).or_default() += 1;
    }

    /// Counts everything that the other has counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.counts {
            *self.counts.entry(*bucket).or_default() += count;
        }
    }

    /// How many times were counted.
    pub fn len(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Milliseconds below which at least `percent` of the times lie: the end of the bucket in which the percentile is, so at
    /// most an eighth or 125 ms more than it. `None` if nothing was counted. More than 100 counts as 100.
    pub fn percentile(&self, percent: u8) -> Option<u64> {
        let wanted = (self.len() * u64::from(percent.min(100))).div_ceil(100).max(1);
        let mut below = 0;
        let reached = self.counts.iter().find(|(_, count)| {
            below += *count;
            below >= wanted
        });
        reached.map(|(bucket, _)| end(*bucket))
    }
}

/// The bucket of a time.
fn bucket(ms: u64) -> u8 {
    let units = ms / UNIT_MS;
    if units < PER_DOUBLING {
        return u8::try_from(units).unwrap_or(u8::MAX);
    }
    let exponent = units.ilog2();
    let doubling = u64::from(exponent - SPLIT + 1) << SPLIT;
    let part = (units >> (exponent - SPLIT)) & (PER_DOUBLING - 1);
    u8::try_from(doubling + part).unwrap_or(u8::MAX)
}

/// The first time after the bucket, in milliseconds.
fn end(bucket: u8) -> u64 {
    start(u64::from(bucket) + 1)
}

fn start(bucket: u64) -> u64 {
    if bucket < PER_DOUBLING {
        return bucket * UNIT_MS;
    }
    let shift = (bucket >> SPLIT) - 1;
    ((PER_DOUBLING + (bucket & (PER_DOUBLING - 1))) << shift) * UNIT_MS
}

impl From<Vec<(u8, u64)>> for Histogram {
    fn from(pairs: Vec<(u8, u64)>) -> Self {
        let counts = pairs.into_iter().collect();
        Self { counts }
    }
}

impl From<Histogram> for Vec<(u8, u64)> {
    fn from(histogram: Histogram) -> Self {
        histogram.counts.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Histogram, bucket, end, start};
    use proptest::prelude::*;

    #[test]
    fn buckets_follow_one_another_without_gaps() {
        assert_eq!(start(0), 0);
        for number in 0..255_u8 {
            assert_eq!(bucket(start(u64::from(number))), number);
            assert_eq!(bucket(end(number) - 1), number);
        }
        assert_eq!(bucket(u64::MAX), u8::MAX);
    }

    fn filled(times: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        times.iter().for_each(|ms| histogram.add(*ms));
        histogram
    }

    proptest! {
        #[test]
        fn a_percentile_is_hardly_more_than_the_exact_one(mut times in prop::collection::vec(0..10_000_000_u64, 1..200), percent in 1..=100_u8) {
            let estimate = filled(&times).percentile(percent).unwrap();
            times.sort_unstable();
            let exact = times[(times.len() * usize::from(percent)).div_ceil(100) - 1];
            prop_assert!(estimate > exact && estimate <= exact + (exact / 8).max(125), "{estimate} for {exact}");
        }

        #[test]
        fn the_whole_is_the_sum_of_its_parts(a in prop::collection::vec(any::<u64>(), 0..50), b in prop::collection::vec(any::<u64>(), 0..50)) {
            let mut parts = filled(&a);
            parts.merge(&filled(&b));
            prop_assert_eq!(parts.len() as usize, a.len() + b.len());
            prop_assert_eq!(parts, filled(&[a, b].concat()));
        }
    }
}

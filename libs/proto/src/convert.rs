//! Conversions of the few types that every service shares.

use onqueue_model::Timestamp;

/// A time as protobuf carries it.
pub fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    let nanos = at.millis().rem_euclid(1_000) * 1_000_000;
    prost_types::Timestamp {
        seconds: at.millis().div_euclid(1_000),
        nanos: i32::try_from(nanos).unwrap_or(0),
    }
}

/// A protobuf time in our own; what is finer than a millisecond is cut off.
pub fn millis(at: &prost_types::Timestamp) -> Timestamp {
    Timestamp(
        at.seconds
            .saturating_mul(1_000)
            .saturating_add(i64::from(at.nanos / 1_000_000)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for ms in [-1_500, -1, 0, 1, 999, 1_000, 1_790_000_000_123] {
            assert_eq!(millis(&timestamp(Timestamp(ms))), Timestamp(ms));
        }
    }
}

//! Which of several goes first.

/// Asks for the same replica for the same key, as long as it is there; in the extensions of a request. Calls without it go
/// to whichever has less to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affinity(pub u64);

/// The affinity of a key, such as the id of a conversation; the same in every process.
pub fn affinity(key: &str) -> Affinity {
    Affinity(hash(key))
}

/// What a call tells of the endpoint that refused it: the id by which the next attempt avoids it. In the extensions of
/// responses that say UNAVAILABLE or ABORTED, and of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avoid(pub(crate) u64);

/// FNV-1a with a last mix, so that keys which are nearly the same are far apart.
pub(super) fn hash(text: &str) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    mix(text.bytes().fold(0xcbf2_9ce4_8422_2325, fold))
}

/// The finalizer of SplitMix64.
const fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The place of the one to which `affinity` leads among those with these ids (rendezvous hashing: when one goes, only its
/// own keys move). `None` if there are none.
pub(super) fn nearest(affinity: Affinity, ids: impl Iterator<Item = u64>) -> Option<usize> {
    let scores = ids.map(|id| mix(affinity.0 ^ id)).enumerate();
    scores.max_by_key(|(_, score)| *score).map(|(at, _)| at)
}

/// The better of two that `turn` picks by chance among `many`; the first of equals. Turns are counted up. `None` if there
/// are none.
pub(super) fn less_busy(turn: u64, many: usize, busy: impl Fn(usize) -> usize) -> Option<usize> {
    if many < 2 {
        return many.checked_sub(1);
    }
    let (drawn, all) = (mix(turn), many as u64);
    let one = drawn % all;
    let other = (one + 1 + (drawn >> 32) % (all - 1)) % all;
    let (one, other) = (usize::try_from(one).ok()?, usize::try_from(other).ok()?);
    Some(if busy(other) < busy(one) { other } else { one })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_spread_and_only_those_of_the_gone_move() {
        let ids: Vec<u64> = (0..4).map(|n| hash(&format!("10.0.0.{n}:7003"))).collect();
        let mut counts = [0; 4];
        for n in 0..4_000 {
            let key = affinity(&format!("conversation {n}"));
            let at = nearest(key, ids.iter().copied()).expect("one");
            counts[at] += 1;
            let without_last = nearest(key, ids[..3].iter().copied()).expect("one");
            assert!(at == 3 || at == without_last, "{n}");
        }
        assert!(counts.iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
        assert_eq!(nearest(affinity(""), std::iter::empty()), None);
    }

    #[test]
    fn the_less_busy_of_two_is_chosen_and_equals_take_turns() {
        for many in 1..6 {
            let mut counts = vec![0; many];
            for turn in 0..1_000 {
                counts[less_busy(turn, many, |_| 0).expect("one")] += 1;
            }
            assert!(counts.iter().all(|count| *count * many > 700), "{counts:?}");
        }
        for turn in 0..100 {
            assert_eq!(less_busy(turn, 2, |at| 1 - at), Some(1));
            assert_ne!(less_busy(turn, 5, |at| usize::from(at == 3)), Some(3));
        }
        assert_eq!(less_busy(0, 0, |_| 0), None);
    }
}

//! What a side did, judged by what its database holds afterwards: the same way for every side.

use super::centre::{Kind, MAXIMUM};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A chat was given to an agent.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its place in the order in which chats were given and ended. What was given at one moment has one place.
    pub at: i64,
    /// The place of its end.
    pub ended: Option<i64>,
    /// Which chat.
    pub chat: usize,
    /// To whom.
    pub agent: usize,
}

/// What is to be 0.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Chats given to somebody who had all that they may have.
    pub over_capacity: usize,
    /// Chats given more than once.
    pub double: usize,
    /// Chats that waited while one that came later, into the same queue and asking for the same, was given.
    pub overtaken: usize,
}

impl Verdict {
    /// `kinds` says what each chat asked for, by its number, which is the order in which they came.
    pub fn of(given: &[Given], kinds: &[Kind]) -> Self {
        let chats: BTreeSet<_> = given.iter().map(|one| one.chat).collect();
        Self {
            over_capacity: over_capacity(given),
            double: given.len() - chats.len(),
            overtaken: overtaken(given, kinds),
        }
    }

    /// As a driver answers it.
    pub fn json(&self) -> Value {
        json!({ "over_capacity": self.over_capacity, "double": self.double, "overtaken": self.overtaken })
    }
}

/// What ends at a moment makes room for what is given at it.
fn over_capacity(given: &[Given]) -> usize {
    let begins = given.iter().map(|one| (one.at, 1, one.agent));
    let ends = given.iter().filter_map(|one| Some((one.ended?, 0, one.agent)));
    let mut moments: Vec<_> = begins.chain(ends).collect();
    moments.sort_unstable();
    let (mut active, mut above): (BTreeMap<usize, usize>, _) = (BTreeMap::new(), 0);
    for (_, is_given, agent) in moments {
        let has = active.entry(agent).or_default();
        if is_given == 0 {
            *has = has.saturating_sub(1);
            continue;
        }
        *has += 1;
        above += usize::from(*has > MAXIMUM);
    }
    above
}

fn overtaken(given: &[Given], kinds: &[Kind]) -> usize {
    let mut first: BTreeMap<usize, i64> = BTreeMap::new();
    for one in given {
        let at = first.entry(one.chat).or_insert(one.at);
        *at = one.at.min(*at);
    }
    // From the last that came: the earliest moment at which a later one of its kind was given.
    let mut earliest: BTreeMap<&Kind, i64> = BTreeMap::new();
    let mut passed = 0;
    for (chat, kind) in kinds.iter().enumerate().rev() {
        let at = first.get(&chat).copied().unwrap_or(i64::MAX);
        let later = earliest.entry(kind).or_insert(i64::MAX);
        passed += usize::from(*later < at);
        *later = at.min(*later);
    }
    passed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(at: i64, ended: impl Into<Option<i64>>, chat: usize, agent: usize) -> Given {
        let ended = ended.into();
        Given { at, ended, chat, agent }
    }

    #[test]
    fn what_is_wrong_is_seen() {
        let kinds: Vec<_> = (0..8).map(|chat| (chat % 2, vec![])).collect();
        let good = [given(1, 2, 0, 7), given(2, None, 2, 7), given(2, None, 1, 7)];
        assert_eq!(Verdict::of(&good, &kinds), Verdict::default());

        let five: Vec<_> = (0..5).map(|chat| given(1, None, chat, 7)).collect();
        assert_eq!(Verdict::of(&five, &kinds).over_capacity, 1);
        let mut four = five;
        four[0].ended = Some(2);
        four[4].at = 2;
        assert_eq!(Verdict::of(&four, &kinds).over_capacity, 0, "it ended just then");

        let double = [given(1, None, 0, 7), given(2, None, 0, 8)];
        assert_eq!(Verdict::of(&double, &kinds).double, 1);

        let late = [given(1, None, 4, 7), given(2, None, 0, 8), given(3, None, 1, 8)];
        assert_eq!(
            Verdict::of(&late, &kinds).overtaken,
            2,
            "0 came later than 4, and 2 not at all"
        );
    }
}

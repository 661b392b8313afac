//! Words that are nearly what was typed: one letter more, less, other, or exchanged with its neighbour.

use super::cost::{BEGINNING, Level, NEARLY};
use super::fold::Word;
use levenshtein_automata::{DFA, Distance, LevenshteinAutomatonBuilder, SINK_STATE};
use std::sync::LazyLock;

/// Shorter words are taken as they are typed: with one letter changed they would be half of all others.
const LEAST: usize = 4;

/// Its tables do not depend on words, and are made once.
static AUTOMATA: LazyLock<LevenshteinAutomatonBuilder> = LazyLock::new(|| LevenshteinAutomatonBuilder::new(1, true));

/// Recognises what begins with a typed word, or nearly so.
pub struct Near(Vec<(String, DFA)>);

impl Near {
    /// Of the word in each of its spellings; `None` for one that is too short to have been meant otherwise.
    pub fn of(word: &Word) -> Option<Self> {
        let is_long = word.plain.chars().count() >= LEAST;
        let automaton = |spelling: &str| (spelling.to_owned(), AUTOMATA.build_prefix_dfa(spelling));
        is_long.then(|| Self(word.spellings().map(automaton).collect()))
    }

    /// How well the typed word fits this one, wherever that stands; `None` if it does not begin so, not even nearly.
    pub fn level(&self, word: &str) -> Option<Level> {
        let accepting = self.0.iter().filter(|(_, automaton)| accepts(automaton, word));
        accepting.map(|(spelling, _)| level(spelling, word)).min()
    }
}

/// Of a word that begins so, or nearly.
fn level(typed: &str, word: &str) -> Level {
    if typed == word {
        0
    } else if word.starts_with(typed) {
        BEGINNING
    } else if is_one_apart(typed, word) {
        NEARLY
    } else {
        NEARLY | BEGINNING
    }
}

/// Whether two words are the same but for one letter more, less or other, or for two neighbours that are exchanged.
fn is_one_apart(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let equal = |pair: &(&char, &char)| pair.0 == pair.1;
    let begin = one.iter().zip(&other).take_while(equal).count();
    let (one, other) = (&one[begin..], &other[begin..]);
    let end = one.iter().rev().zip(other.iter().rev()).take_while(equal).count();
    match (&one[..one.len() - end], &other[..other.len() - end]) {
        ([] | [_], [] | [_]) => true,
        ([first, second], [third, fourth]) => first == fourth && second == third,
        _ => false,
    }
}

fn accepts(automaton: &DFA, word: &str) -> bool {
    let mut state = automaton.initial_state();
    for byte in word.bytes() {
        state = automaton.transition(state, byte);
        if state == SINK_STATE {
            return false;
        }
    }
    matches!(automaton.distance(state), Distance::Exact(0 | 1))
}

/// Whether some of these words can be meant otherwise than they were typed.
pub fn is_any(words: &[Word]) -> bool {
    words.iter().any(|word| word.plain.chars().count() >= LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::fold::words;
    use proptest::prelude::*;

    fn is_near(typed: &str, word: &str) -> bool {
        let (typed, word) = (words(typed).remove(0), words(word).remove(0));
        Near::of(&typed).is_some_and(|near| word.spellings().any(|word| near.level(word).is_some()))
    }

    #[test]
    fn one_typo_is_forgiven() {
        for (typed, word, expected) in [
            ("rückerstattung", "Rückerstattung", true),
            ("rueckerstatung", "Rückerstattung", true),
            ("ruckerstatttung", "Rückerstattung", true),
            ("ruckerstottung", "Rückerstattung", true),
            ("rcükerst", "Rückerstattung", true),
            ("refudn", "refund", true),
            ("rfeund", "refund", true),
            ("efund", "refund", true),
            ("xrefund", "refund", true),
            ("refu", "refunding", true),
            // Two are not.
            ("rfeudn", "refund", false),
            ("rueckestatung", "Rückerstattung", false),
            ("refnudx", "refund", false),
            // Nor any in three letters.
            ("rfe", "refund", false),
            ("返品返金", "返品返却", true),
        ] {
            assert_eq!(is_near(typed, word), expected, "{typed} {word}");
        }
    }

    /// Restricted edit distance, by its definition.
    fn distance(one: &[char], other: &[char]) -> usize {
        let mut rows = vec![vec![0; other.len() + 1]; one.len() + 1];
        for i in 0..=one.len() {
            for j in 0..=other.len() {
                rows[i][j] = if i == 0 || j == 0 {
                    i + j
                } else {
                    let other_letter = usize::from(one[i - 1] != other[j - 1]);
                    let mut least = (rows[i - 1][j - 1] + other_letter)
                        .min(rows[i - 1][j] + 1)
                        .min(rows[i][j - 1] + 1);
                    if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                        least = least.min(rows[i - 2][j - 2] + 1);
                    }
                    least
                };
            }
        }
        rows[one.len()][other.len()]
    }

    proptest! {
        #[test]
        fn it_is_what_the_distance_says(typed in "[ab]{4,7}", word in "[ab]{1,9}") {
            let (letters, all): (Vec<char>, Vec<char>) = (typed.chars().collect(), word.chars().collect());
            let expected = (0..=all.len()).any(|end| distance(&letters, &all[..end]) <= 1);
            prop_assert_eq!(is_near(&typed, &word), expected);
            prop_assert_eq!(is_one_apart(&typed, &word), distance(&letters, &all) <= 1);
        }
    }
}

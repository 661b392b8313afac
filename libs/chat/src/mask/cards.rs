//! Numbers of payment cards: 13 to 19 digits of any script, valid by Luhn's formula, however they are set apart.
//!
//! A number of that length which is not valid is none, and stays: no part of it is looked at that is not set apart from the
//! rest. In longer rows of digits, where other numbers stand beside a card's, the parts are looked at that are written as
//! cards' numbers are.

use super::{STAR, digits};
use crate::text::is_invisible;
use std::ops::{Range, RangeInclusive};

/// How many digits a card's number has.
const LENGTH: RangeInclusive<usize> = 13..=19;

/// How many of them stay.
const KEPT: usize = 4;

/// The most that may stand between two digits of one number, not counting what cannot be seen.
const GAP: usize = 8;

/// A digit, and what sets it apart from the one before it.
#[derive(Clone, Debug)]
struct Digit {
    at: usize,
    value: u8,
    gap: String,
}

/// Without cards' numbers; `None` if there are none.
pub(super) fn mask(text: &str) -> Option<String> {
    if !may_have_any(text) {
        return None;
    }
    let mut hidden: Vec<usize> = Vec::new();
    for row in rows(text) {
        for card in cards(&row) {
            let shown = card.end - KEPT;
            hidden.extend(row[card.start..shown].iter().map(|digit| digit.at));
        }
    }
    hidden.sort_unstable();
    let is_hidden = |at: &usize| hidden.binary_search(at).is_ok();
    let masked = text.char_indices().map(|(at, c)| if is_hidden(&at) { STAR } else { c });
    (!hidden.is_empty()).then(|| masked.collect())
}

/// Whether there are enough digits, as far as a look at the bytes tells.
fn may_have_any(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= *LENGTH.start() || !text.is_ascii()
}

/// Digits with nothing but separators between them.
fn rows(text: &str) -> Vec<Vec<Digit>> {
    let (mut rows, mut row, mut gap) = (Vec::new(), Vec::new(), String::new());
    for (at, c) in text.char_indices() {
        if let Some(value) = digits::value(c) {
            let gap = std::mem::take(&mut gap);
            row.push(Digit { at, value, gap });
            continue;
        }
        if !is_invisible(c) {
            gap.push(c);
        }
        if separates_numbers(c, &gap) {
            rows.push(std::mem::take(&mut row));
            gap.clear();
        }
    }
    rows.push(row);
    rows.retain(|row| row.len() >= *LENGTH.start());
    rows
}

fn separates_numbers(c: char, gap: &str) -> bool {
    (c.is_alphanumeric() && !is_invisible(c)) || gap.chars().count() > GAP
}

/// Where in a row of digits cards' numbers are; they may overlap.
fn cards(row: &[Digit]) -> Vec<Range<usize>> {
    if LENGTH.contains(&row.len()) && is_valid(row) {
        return std::iter::once(0..row.len()).collect();
    }
    let groups = groups(row);
    let mut found = Vec::new();
    for first in 0..groups.len() {
        for last in first..groups.len() {
            let part = groups[first].start..groups[last].end;
            if part.len() > *LENGTH.end() {
                break;
            }
            let some = &groups[first..=last];
            let is_one = some.len() == 1 || stands_out(row, some) || (row.len() > *LENGTH.end() && is_usual(some));
            if LENGTH.contains(&part.len()) && is_one && is_valid(&row[part.clone()]) {
                found.push(part);
            }
        }
    }
    found
}

/// Digits that nothing sets apart from each other.
fn groups(row: &[Digit]) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (at, digit) in row.iter().enumerate() {
        match groups.last_mut() {
            Some(group) if digit.gap.is_empty() => group.end = at + 1,
            _ => groups.push(at..at + 1),
        }
    }
    groups
}

/// Whether the groups are set apart from each other by one thing, and from the others by another.
fn stands_out(row: &[Digit], groups: &[Range<usize>]) -> bool {
    let within = &row[groups[1].start].gap;
    let end = groups[groups.len() - 1].end;
    let is_even = groups[1..].iter().all(|group| row[group.start].gap == *within);
    let before = &row[groups[0].start];
    let is_apart_before = groups[0].start == 0 || before.gap != *within;
    let is_apart_after = row.get(end).is_none_or(|after| after.gap != *within);
    is_even && is_apart_before && is_apart_after
}

/// Whether cards' numbers are written so: in fours, in 4, 6 and 4 or 5, or each digit for itself.
fn is_usual(groups: &[Range<usize>]) -> bool {
    let lengths: Vec<usize> = groups.iter().map(Range::len).collect();
    let (last, others) = (lengths[lengths.len() - 1], &lengths[..lengths.len() - 1]);
    let in_fours = others.iter().all(|length| *length == 4) && last <= 4;
    let in_ones = lengths.iter().all(|length| *length == 1);
    in_fours || in_ones || matches!(lengths[..], [4, 6, 4 | 5])
}

/// Luhn's formula: every second digit from the right doubled, its own digits added; the sum ends in 0.
fn is_valid(number: &[Digit]) -> bool {
    let from_right = number.iter().rev().enumerate();
    let sum: u32 = from_right
        .map(|(place, digit)| {
            let value = u32::from(digit.value);
            match (place % 2, value * 2) {
                (0, _) => value,
                (_, doubled) => doubled / 10 + doubled % 10,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that only look random: the same in each run.
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self, below: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % below
        }

        /// 13 to 19 digits that are valid, or are not.
        fn number(&mut self, valid: bool) -> String {
            let length = 13 + self.next(7);
            let digits: Vec<u64> = (1..length).map(|_| self.next(10)).collect();
            let start: String = digits.iter().map(u64::to_string).collect();
            let check = (0..10)
                .find(|check| luhn(&format!("{start}{check}")))
                .expect("one of ten");
            let last = if valid { check } else { (check + 1 + self.next(9)) % 10 };
            format!("{start}{last}")
        }
    }

    /// Luhn's formula, written another way.
    fn luhn(number: &str) -> bool {
        const DOUBLED: [u32; 10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
        let digits = number.chars().rev().map(|c| c.to_digit(10).expect("a digit"));
        let values = digits
            .enumerate()
            .map(|(place, digit)| if place % 2 == 1 { DOUBLED[digit as usize] } else { digit });
        values.sum::<u32>() % 10 == 0
    }

    fn apart(number: &str, every: usize, by: &str) -> String {
        let chars: Vec<char> = number.chars().collect();
        let groups = chars.chunks(every).map(|group| group.iter().collect::<String>());
        groups.collect::<Vec<_>>().join(by)
    }

    fn in_script(number: &str, zero: char) -> String {
        let own = |c: char| char::from_u32(u32::from(zero) + c.to_digit(10).expect("a digit")).expect("a digit");
        number.chars().map(own).collect()
    }

    fn formats(number: &str) -> Vec<String> {
        vec![
            number.to_owned(),
            apart(number, 4, " "),
            apart(number, 4, "-"),
            apart(number, 4, "."),
            apart(number, 4, " / "),
            apart(number, 1, " "),
            apart(number, 4, "\u{a0}\u{2009}"),
            apart(number, 4, " \u{2013} "),
            apart(number, 1, "\u{200b}\u{2060}"),
            apart(number, 3, "\n"),
            apart(&in_script(number, '\u{ff10}'), 4, "\u{3000}"),
            apart(&in_script(number, '\u{660}'), 5, "\u{200f}_\u{feff}"),
        ]
    }

    fn shown(text: &str) -> String {
        text.chars()
            .filter_map(digits::value)
            .map(|value| char::from(b'0' + value))
            .collect()
    }

    #[test]
    fn a_thousand_cards_in_a_dozen_formats_keep_their_last_four() {
        let mut numbers = Numbers(1);
        for _ in 0..1_000 {
            let number = numbers.number(true);
            for format in formats(&number) {
                for text in [format.clone(), format!("my card ({format}), please")] {
                    let masked = mask(&text).unwrap_or_else(|| panic!("{text:?} is not masked"));
                    assert_eq!(shown(&masked), number[number.len() - KEPT..], "{text:?}");
                    assert_eq!(masked.chars().count(), text.chars().count(), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn ten_thousand_other_numbers_stay() {
        let mut numbers = Numbers(2);
        for _ in 0..10_000 {
            let number = numbers.number(false);
            for text in formats(&number) {
                assert_eq!(mask(&text), None, "{text:?}");
            }
        }
    }

    #[test]
    fn cards_beside_other_numbers() {
        for (given, expected) in [
            ("4111111111111111 12/25 123", "************1111 12/25 123"),
            ("4111 1111 1111 1111, 12/25, 123", "**** **** **** 1111, 12/25, 123"),
            ("4111-1111-1111-1111 / 123", "****-****-****-1111 / 123"),
            ("1: 4111 1111 1111 1111", "1: **** **** **** 1111"),
            ("+49 30 1234567, 3782 822463 10005", "+49 30 1234567, **** ****** *0005"),
            (
                "4111 1111 1111 1111 5500 0000 0000 0004",
                "**** **** **** 1111 **** **** **** 0004",
            ),
            ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "* * * * * * * * * * * * 1 1 1 1"),
            ("4111-1111 1111.1111", "****-**** ****.1111"),
            ("4\u{fe0f}\u{20e3}111111111111111", "*\u{fe0f}\u{20e3}***********1111"),
        ] {
            assert_eq!(mask(given).as_deref(), Some(expected), "{given}");
        }
    }

    #[test]
    fn what_is_no_card_stays() {
        for text in [
            "",
            "4111 1111 1111",
            "411111111111111141111111111111",
            "4111a1111b1111c1111",
            "call +49 30 901820 or +49 89 2180",
            "on 2026-11-23 at 14:30",
            "4111 1111 and then, some time later, 1111 1111",
            "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
        ] {
            assert_eq!(mask(text), None, "{text}");
        }
    }
}

//! The order of the columns of a table: one in which each response has its languages as it has them, if there is such a one.

use onqueue_model::Language;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// What comes before what.
type Pairs<'l> = BTreeSet<(&'l Language, &'l Language)>;

/// All languages of these lists, in an order that agrees with every list. Where lists contradict one another, with the order in
/// which those come first that most lists have. Whoever brings the lists into that order gets the same one again.
pub fn of_all<'l>(lists: &[Vec<&'l Language>]) -> Vec<&'l Language> {
    let mut counts: BTreeMap<&Language, usize> = BTreeMap::new();
    let mut pairs = Pairs::new();
    for list in lists {
        for (place, language) in list.iter().enumerate() {
            *counts.entry(language).or_default() += 1;
            pairs.extend(list[place + 1..].iter().map(|after| (*language, *after)));
        }
    }
    let all: BTreeSet<&Language> = counts.keys().copied().collect();
    sorted(&all, &pairs).unwrap_or_else(|| {
        let rank = |language: &Language| (Reverse(counts.get(language)), language.clone());
        let agreed = |(one, other): (&'l Language, &'l Language)| match rank(one) < rank(other) {
            true => (one, other),
            false => (other, one),
        };
        let agreed = pairs.into_iter().map(agreed).collect();
        sorted(&all, &agreed).unwrap_or_else(|| all.iter().copied().collect())
    })
}

/// In an order that agrees with the pairs, by name where they leave it open; `None` if they contradict one another.
fn sorted<'l>(all: &BTreeSet<&'l Language>, pairs: &Pairs<'l>) -> Option<Vec<&'l Language>> {
    let (mut left, mut done) = (all.clone(), Vec::new());
    loop {
        let is_free = |language: &&Language| {
            let mut before = pairs.iter().filter(|(_, after)| after == language);
            before.all(|(before, _)| !left.contains(before))
        };
        let next = left.iter().copied().find(is_free);
        let Some(next) = next else {
            return left.is_empty().then_some(done);
        };
        left.remove(next);
        done.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ordered(lists: &[&str]) -> String {
        let parse = |tag: &str| Language::parse(tag).expect("a tag");
        let lists: Vec<Vec<Language>> = lists.iter().map(|list| list.split(' ').map(parse).collect()).collect();
        let lists: Vec<Vec<&Language>> = lists.iter().map(|list| list.iter().collect()).collect();
        let tags: Vec<&str> = of_all(&lists).into_iter().map(Language::as_str).collect();
        tags.join(" ")
    }

    #[test]
    fn an_order_that_all_have_is_kept() {
        for (lists, expected) in [
            (&[][..], ""),
            (&["en de", "en"], "en de"),
            (&["fr en", "en de", "it"], "fr en de it"),
            (&["en de", "de en", "de"], "de en"),
            (&["en de", "de en", "en"], "en de"),
            (&["en de", "de fr", "fr en"], "de en fr"),
        ] {
            assert_eq!(ordered(lists), expected, "{lists:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_in_that_order_has_it(lists in prop::collection::vec(
            prop::sample::subsequence(vec!["de", "en", "fr", "it"], 1..=4).prop_shuffle(), 1..6,
        )) {
            let texts: Vec<String> = lists.iter().map(|list| list.join(" ")).collect();
            let order = ordered(&texts.iter().map(String::as_str).collect::<Vec<_>>());
            let place = |tag: &&str| order.split(' ').position(|one| one == *tag);
            let again: Vec<String> = lists.iter().map(|list| {
                let mut list = list.clone();
                list.sort_by_key(place);
                list.join(" ")
            }).collect();
            prop_assert_eq!(ordered(&again.iter().map(String::as_str).collect::<Vec<_>>()), order);
        }
    }
}

//! Finding responses while somebody types: an index of one organisation's responses, in memory.
//!
//! Why in memory: one call a keystroke, at 20,000 responses, within 10 ms at the 99th percentile. Tables of folded words
//! would need a range for each typed word and a join of all that they find, before anything can be ranked, and one letter
//! finds half of everything; here that is a union of bits. What an index holds is derived: [`crate::app`] fills it from the
//! tables by revision, and looks before every search whether it is behind (one row by its key), so that an edit is found at
//! once on every replica, and no hint can get lost.
//!
//! The index grows at its end only: what has changed gets a new place and its old one is passed over, until half of all
//! places are such; then it is to be filled anew.

mod fold;
mod set;

use crate::content::{Response, primary};
use crate::template::Template;
use fold::{Word, whole, words};
use onqueue_model::{Language, LibraryId, ResponseId};
use set::Set;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap},
    ops::Bound,
};

/// How many places may be passed over before it matters.
const FEW: usize = 1_000;

/// The language of names and tags: every one.
const EVERY: u16 = 0;

/// What was typed, and where.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// What was typed.
    pub text: &'a str,
    /// The conversation's language, if it is known.
    pub language: Option<&'a Language>,
    /// Responses of these libraries only.
    pub libraries: &'a BTreeSet<LibraryId>,
    /// At most so many.
    pub limit: usize,
}

/// The responses of one organisation.
#[derive(Debug, Default)]
pub struct Index {
    entries: Vec<Entry>,
    places: HashMap<ResponseId, usize>,
    words: BTreeMap<Box<str>, Vec<Posting>>,
    shortcuts: BTreeMap<Box<str>, Vec<usize>>,
    /// Primary languages by number, from one.
    languages: Vec<Box<str>>,
}

#[derive(Debug)]
struct Entry {
    id: ResponseId,
    name: Box<str>,
    libraries: Box<[LibraryId]>,
    uses: i64,
    is_current: bool,
}

/// A word of a response, in texts of one language or in name or tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Posting {
    place: u32,
    language: u16,
}

/// How well something fits; less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Shortcut,
    ShortcutBeginning,
    InLanguage,
    Elsewhere,
}

impl Index {
    /// Takes the response in, as it is now: in the place of what it was; a deleted one goes.
    pub fn put(&mut self, response: &Response) {
        if let Some(place) = self.places.remove(&response.id) {
            self.entries[place].is_current = false;
        }
        if response.is_deleted {
            return;
        }
        let place = self.entries.len();
        self.places.insert(response.id, place);
        self.entries.push(Entry {
            id: response.id,
            name: response.content.name.to_lowercase().into(),
            libraries: response.content.libraries.iter().copied().collect(),
            uses: response.uses,
            is_current: true,
        });
        self.note_shortcut(place, &response.content.shortcut);
        self.note_words(place, response);
    }

    /// How often a response was used by now.
    pub fn count(&mut self, response: ResponseId, uses: i64) {
        if let Some(place) = self.places.get(&response) {
            self.entries[*place].uses = uses;
        }
    }

    /// Whether so much of it is passed over that it is to be filled anew.
    pub fn is_worn(&self) -> bool {
        let passed_over = self.entries.len() - self.places.len();
        passed_over > FEW && passed_over > self.places.len()
    }

    /// What fits, best first: by shortcut, then those in which every typed word begins a word of name, tags or text in the
    /// conversation's language, then in any; among equals the more used first, then by name.
    pub fn find(&self, asked: &Asked<'_>) -> Vec<ResponseId> {
        let mut best = BinaryHeap::with_capacity(asked.limit + 1);
        for (place, fit) in self.fitting(asked) {
            if !self.is_wanted(place, asked.libraries) {
                continue;
            }
            let entry = &self.entries[place];
            let rank = (fit, Reverse(entry.uses), &*entry.name, entry.id);
            // Nearly everything is worse than the last of the best, and is known to be by its first parts.
            if best.len() < asked.limit || best.peek().is_some_and(|last| rank < *last) {
                best.push(rank);
                if best.len() > asked.limit {
                    best.pop();
                }
            }
        }
        best.into_sorted_vec().into_iter().map(|(.., id)| id).collect()
    }

    fn is_wanted(&self, place: usize, libraries: &BTreeSet<LibraryId>) -> bool {
        let entry = &self.entries[place];
        entry.is_current && entry.libraries.iter().any(|library| libraries.contains(library))
    }

    /// Every place that fits, once.
    fn fitting(&self, asked: &Asked<'_>) -> Vec<(usize, Fit)> {
        let typed = words(asked.text);
        let whole = whole(asked.text);
        if whole.plain.is_empty() {
            return (0..self.entries.len()).map(|place| (place, Fit::InLanguage)).collect();
        }
        let mut known = Set::of(self.entries.len());
        let mut fitting = self.by_shortcut(&whole, &mut known);
        if typed.is_empty() {
            return fitting;
        }
        let language = asked.language.and_then(|language| self.number_of(primary(language)));
        let (near, anywhere) = self.by_words(&typed, language);
        for (found, fit) in [(near, Fit::InLanguage), (anywhere, Fit::Elsewhere)] {
            for place in found.iter() {
                if known.insert(place) {
                    fitting.push((place, fit));
                }
            }
        }
        fitting
    }

    fn by_shortcut(&self, typed: &Word, known: &mut Set) -> Vec<(usize, Fit)> {
        let mut found = Vec::new();
        for spelling in typed.spellings() {
            for (shortcut, places) in beginning(&self.shortcuts, spelling) {
                let is_all = **shortcut == *spelling;
                let fit = if is_all { Fit::Shortcut } else { Fit::ShortcutBeginning };
                let new = places.iter().copied().filter(|place| known.insert(*place));
                found.extend(new.map(|place| (place, fit)));
            }
        }
        found
    }

    /// The places in which every word begins one: in that language, and in any.
    fn by_words(&self, typed: &[Word], language: Option<u16>) -> (Set, Set) {
        let mut all: Option<(Set, Set)> = None;
        for word in typed {
            let (near, anywhere) = self.by_word(word, language);
            match &mut all {
                None => all = Some((near, anywhere)),
                Some((all_near, all_anywhere)) => {
                    all_near.keep(&near);
                    all_anywhere.keep(&anywhere);
                }
            }
        }
        all.unwrap_or_default()
    }

    fn by_word(&self, word: &Word, language: Option<u16>) -> (Set, Set) {
        let (mut near, mut anywhere) = (Set::of(self.entries.len()), Set::of(self.entries.len()));
        for spelling in word.spellings() {
            for (_, postings) in beginning(&self.words, spelling) {
                for posting in postings {
                    let place = posting.place as usize;
                    anywhere.insert(place);
                    if posting.language == EVERY || Some(posting.language) == language {
                        near.insert(place);
                    }
                }
            }
        }
        (near, anywhere)
    }

    fn note_shortcut(&mut self, place: usize, shortcut: &str) {
        if shortcut.is_empty() {
            return;
        }
        for spelling in whole(shortcut).spellings() {
            self.shortcuts.entry(spelling.into()).or_default().push(place);
        }
    }

    fn note_words(&mut self, place: usize, response: &Response) {
        let content = &response.content;
        let mut found = BTreeSet::new();
        let mut note = |language: u16, text: &str| {
            for word in words(text) {
                found.extend(word.spellings().map(|spelling| (spelling.to_owned(), language)));
            }
        };
        note(EVERY, &content.name);
        content.tags.iter().for_each(|tag| note(EVERY, tag));
        for variant in &content.variants {
            let language = self.number(primary(&variant.language));
            match Template::parse(&variant.text) {
                Ok(template) => template.texts().for_each(|text| note(language, text)),
                Err(_) => note(language, &variant.text),
            }
        }
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        for (word, language) in found {
            self.words
                .entry(word.into())
                .or_default()
                .push(Posting { place, language });
        }
    }

    fn number_of(&self, language: &str) -> Option<u16> {
        let index = self.languages.iter().position(|known| **known == *language)?;
        u16::try_from(index + 1).ok()
    }

    fn number(&mut self, language: &str) -> u16 {
        self.number_of(language).unwrap_or_else(|| {
            self.languages.push(language.into());
            // 26³ primary languages and some more: they never run out.
            u16::try_from(self.languages.len()).unwrap_or(u16::MAX)
        })
    }
}

fn beginning<'a, T>(map: &'a BTreeMap<Box<str>, T>, prefix: &'a str) -> impl Iterator<Item = (&'a Box<str>, &'a T)> {
    map.range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
        .take_while(move |(key, _)| key.starts_with(prefix))
}

#[cfg(test)]
mod tests;

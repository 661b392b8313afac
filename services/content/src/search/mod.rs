//! Finding responses while somebody types: an index of one organisation's responses, in memory.
//!
//! Why in memory: one call a keystroke, at 20,000 responses, within 10 ms at the 99th percentile. Tables of folded words
//! would need a range for each typed word and a join of all that they find, before anything can be ranked, and one letter
//! finds half of everything; here that is a byte for each response. What an index holds is derived: [`crate::app`] fills it from the
//! tables by revision, and looks before every search whether it is behind (one row by its key), so that an edit is found at
//! once on every replica, and no hint can get lost.
//!
//! The index grows at its end only: what has changed gets a new place and its old one is passed over, until half of all
//! places are such; then it is to be filled anew.

mod cost;
mod fold;
mod near;

use crate::content::{Response, primary};
use crate::template::Template;
use cost::{BEGINNING, Cost, ELSEWHERE, Level, Levels, OUTSIDE};
use fold::{Word, whole, words};
use near::Near;
use onqueue_model::{Language, LibraryId, ResponseId};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap},
    mem,
    ops::Bound,
};

/// How many places may be passed over before it matters.
const FEW: usize = 1_000;

/// The language of names.
const NAME: u16 = 0;

/// The language of shortcuts and tags: every one.
const EVERY: u16 = 1;

/// The first language of texts.
const FIRST: usize = 2;

/// How often responses were used by somebody or somewhere.
pub type Uses = HashMap<ResponseId, i64>;

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
    /// By who asks.
    pub own: Option<&'a Uses>,
    /// In the conversation's queue.
    pub queue: Option<&'a Uses>,
}

/// The responses of one organisation.
#[derive(Debug, Default)]
pub struct Index {
    entries: Vec<Entry>,
    places: HashMap<ResponseId, usize>,
    words: BTreeMap<Box<str>, Vec<Posting>>,
    shortcuts: BTreeMap<Box<str>, Vec<usize>>,
    /// Primary languages by number, from [`FIRST`] on.
    languages: Vec<Box<str>>,
}

#[derive(Debug)]
struct Entry {
    id: ResponseId,
    name: Box<str>,
    /// How many words the name has.
    words: usize,
    libraries: Box<[LibraryId]>,
    uses: i64,
    /// Of its uses.
    doublings: i64,
    is_current: bool,
}

impl Entry {
    /// How well so many typed words fit that fit together so.
    const fn fit(&self, cost: Cost, typed: usize) -> Fit {
        Fit::Words(cost, cost.is_of_name() && self.words > typed)
    }

    /// What its uses are worth to who asks: one doubling of one's own as much as two of the queue's and four of everybody's,
    /// so that neither a single use of one's own outdoes what all others use all day, nor habits drown in large numbers.
    fn merit(&self, asked: &Asked<'_>) -> i64 {
        let of = |uses: Option<&Uses>| {
            uses.and_then(|uses| uses.get(&self.id))
                .map_or(0, |uses| doublings(*uses))
        };
        4 * of(asked.own) + 2 * of(asked.queue) + self.doublings
    }
}

/// How often something has doubled, in thousandths.
fn doublings(uses: i64) -> i64 {
    ((uses.max(0) as f64 + 1.0).log2() * 1_000.0) as i64
}

/// A word of a response, in texts of one language, in its name, or in shortcut or tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Posting {
    place: u32,
    language: u16,
}

impl Posting {
    /// How well what is found there fits at best.
    const fn level(self, language: Option<u16>) -> Level {
        match (self.language, language) {
            (NAME, _) => 0,
            (EVERY, _) => OUTSIDE,
            (own, Some(asked)) if own == asked => OUTSIDE,
            _ => ELSEWHERE | OUTSIDE,
        }
    }
}

/// How well something fits; less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Shortcut,
    ShortcutBeginning,
    /// As well as the words fit; among those that are of the name as a whole, names with more words come later.
    Words(Cost, bool),
}

/// What stands before what, best first.
type Rank<'a> = (Fit, Reverse<i64>, Reverse<i64>, &'a str, ResponseId);

/// The best of those that were offered.
struct Best<'a> {
    limit: usize,
    ranks: BinaryHeap<Rank<'a>>,
}

impl<'a> Best<'a> {
    fn of(limit: usize) -> Self {
        let ranks = BinaryHeap::with_capacity(limit + 1);
        Self { limit, ranks }
    }

    fn is_full(&self) -> bool {
        self.ranks.len() >= self.limit
    }

    /// Whether nothing that fits so can be among the best any more, however often it was used.
    fn is_beyond(&self, fit: Fit) -> bool {
        self.is_full() && self.ranks.peek().is_some_and(|last| last.0 < fit)
    }

    /// Nearly everything is worse than the last of the best, and is known to be by its first parts.
    fn offer(&mut self, rank: Rank<'a>) {
        if !self.is_full() || self.ranks.peek().is_some_and(|last| rank < *last) {
            self.ranks.push(rank);
            if self.ranks.len() > self.limit {
                self.ranks.pop();
            }
        }
    }

    fn in_order(self) -> Vec<ResponseId> {
        self.ranks.into_sorted_vec().into_iter().map(|(.., id)| id).collect()
    }
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
            words: words(&response.content.name).len(),
            libraries: response.content.libraries.iter().copied().collect(),
            uses: response.uses,
            doublings: doublings(response.uses),
            is_current: true,
        });
        self.note_shortcut(place, &response.content.shortcut);
        self.note_words(place, response);
    }

    /// How often a response was used by now.
    pub fn count(&mut self, response: ResponseId, uses: i64) {
        if let Some(place) = self.places.get(&response) {
            let entry = &mut self.entries[*place];
            (entry.uses, entry.doublings) = (uses, doublings(uses));
        }
    }

    /// Whether so much of it is passed over that it is to be filled anew.
    pub fn is_worn(&self) -> bool {
        let passed_over = self.entries.len() - self.places.len();
        passed_over > FEW && passed_over > self.places.len()
    }

    /// What fits, best first: by shortcut; then where every typed word begins a word of name, shortcut, tags or text; if these
    /// are not enough, where every typed word nearly does. Of those the ones with the fewest slips, then the fewest words that
    /// are only in other languages' texts, then the fewest that are not in the name, then the fewest that are not whole words;
    /// a name that was typed as a whole comes before longer ones. Among equals those that were used more: by who asks, in the
    /// queue, by everybody; then by name.
    pub fn find(&self, asked: &Asked<'_>) -> Vec<ResponseId> {
        let (whole, typed) = (whole(asked.text), words(asked.text));
        let mut best = Best::of(asked.limit);
        if whole.plain.is_empty() {
            let fit = Fit::Words(Cost::default(), false);
            (0..self.entries.len()).for_each(|place| self.offer(&mut best, asked, (place, fit)));
            return best.in_order();
        }
        let mut known = vec![false; self.entries.len()];
        for found in self.by_shortcut(&whole, &mut known) {
            self.offer(&mut best, asked, found);
        }
        if typed.is_empty() {
            return best.in_order();
        }
        let language = asked.language.and_then(|language| self.number_of(primary(language)));
        let exactly: Vec<Levels> = typed.iter().map(|word| self.by_beginning(word, language)).collect();
        self.offer_all(&mut best, asked, (&exactly, &mut known));
        if !best.is_full() && near::is_any(&typed) {
            let nearly: Vec<Levels> = typed.iter().map(|word| self.by_nearness(word, language)).collect();
            self.offer_all(&mut best, asked, (&nearly, &mut known));
        }
        best.in_order()
    }

    /// Offers each place at which all words fit and that was not known before.
    fn offer_all<'a>(&'a self, best: &mut Best<'a>, asked: &Asked<'_>, (words, known): (&[Levels], &mut [bool])) {
        for (place, entry) in self.entries.iter().enumerate() {
            let fit = Cost::of(words, place).map(|cost| entry.fit(cost, words.len()));
            if let Some(fit) = fit.filter(|_| !mem::replace(&mut known[place], true)) {
                self.offer(best, asked, (place, fit));
            }
        }
    }

    fn offer<'a>(&'a self, best: &mut Best<'a>, asked: &Asked<'_>, (place, fit): (usize, Fit)) {
        let entry = &self.entries[place];
        if best.is_beyond(fit) || !entry.is_current {
            return;
        }
        if entry.libraries.iter().any(|library| asked.libraries.contains(library)) {
            let merit = entry.merit(asked);
            best.offer((fit, Reverse(merit), Reverse(entry.uses), &entry.name, entry.id));
        }
    }

    fn by_shortcut(&self, typed: &Word, known: &mut [bool]) -> Vec<(usize, Fit)> {
        let mut found = Vec::new();
        for spelling in typed.spellings() {
            for (shortcut, places) in beginning(&self.shortcuts, spelling) {
                let is_all = **shortcut == *spelling;
                let fit = if is_all { Fit::Shortcut } else { Fit::ShortcutBeginning };
                let new = places
                    .iter()
                    .copied()
                    .filter(|place| !mem::replace(&mut known[*place], true));
                found.extend(new.map(|place| (place, fit)));
            }
        }
        found
    }

    /// Where the typed word begins a word.
    fn by_beginning(&self, typed: &Word, language: Option<u16>) -> Levels {
        let mut levels = Levels::of(self.entries.len());
        for spelling in typed.spellings() {
            for (word, postings) in beginning(&self.words, spelling) {
                let level = if **word == *spelling { 0 } else { BEGINNING };
                note_all(&mut levels, level, (postings, language));
            }
        }
        levels
    }

    /// Where the typed word begins a word, or nearly.
    fn by_nearness(&self, typed: &Word, language: Option<u16>) -> Levels {
        let Some(near) = Near::of(typed) else {
            return self.by_beginning(typed, language);
        };
        let mut levels = Levels::of(self.entries.len());
        for (word, postings) in &self.words {
            if let Some(level) = near.level(word) {
                note_all(&mut levels, level, (postings, language));
            }
        }
        levels
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
        note(NAME, &content.name);
        note(EVERY, &content.shortcut);
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
        u16::try_from(index + FIRST).ok()
    }

    fn number(&mut self, language: &str) -> u16 {
        self.number_of(language).unwrap_or_else(|| {
            self.languages.push(language.into());
            // 26³ primary languages and some more: they never run out.
            u16::try_from(self.languages.len() - 1 + FIRST).unwrap_or(u16::MAX)
        })
    }
}

/// Where a word stands that a typed one fits so.
fn note_all(levels: &mut Levels, level: Level, (postings, language): (&[Posting], Option<u16>)) {
    for posting in postings {
        levels.note(posting.place as usize, level | posting.level(language));
    }
}

fn beginning<'a, T>(map: &'a BTreeMap<Box<str>, T>, prefix: &'a str) -> impl Iterator<Item = (&'a Box<str>, &'a T)> {
    map.range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
        .take_while(move |(key, _)| key.starts_with(prefix))
}

#[cfg(test)]
mod tests;

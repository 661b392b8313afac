//! What of a text is found by search, the same on every database: words in lower case and without accents, German umlauts also
//! as people write them without. A word asked for loses the endings of German and English and finds what begins with the rest,
//! so that compounds are found by their first part. Pure.

mod excerpt;
mod fold;
mod query;
mod said;

pub(crate) use excerpt::{Excerpt, Mark};
pub(crate) use fold::{Found, words};
pub(crate) use query::{Pattern, Query, Term};
pub(crate) use said::said;

/// A text as the index holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its words, in order, without accents.
    pub plain: Vec<String>,
    /// Those with umlauts, with e in the place of the dots.
    pub umlauts: Vec<String>,
}

impl Entry {
    /// `None` if there is no word in it.
    pub fn of(text: &str) -> Option<Self> {
        let mut entry = Self::default();
        for word in words(text) {
            entry.plain.push(word.plain);
            entry.umlauts.extend(word.umlaut);
        }
        (!entry.plain.is_empty()).then_some(entry)
    }

    /// As [`Entry::plain`] and [`Entry::umlauts`] are stored, each with blanks between.
    pub fn parse(plain: &str, umlauts: &str) -> Self {
        let split = |text: &str| {
            text.split(' ')
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Self {
            plain: split(plain),
            umlauts: split(umlauts),
        }
    }
}

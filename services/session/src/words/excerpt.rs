//! A piece of a text around what was found in it.

use super::{Query, words};

/// The longest piece, in characters.
const LONGEST: usize = 200;

/// How much of it comes before what was found.
const BEFORE: usize = 60;

/// A piece of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub text: String,
    pub marks: Vec<Mark>,
}

/// A word in it that was found, in characters from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub start: usize,
    pub length: usize,
}

impl Excerpt {
    /// Around the first word of `query` in `text`; from the beginning if there is none.
    pub fn of(text: &str, query: &Query) -> Self {
        let found = words(text);
        let found = query.matching(&found);
        let letters: Vec<char> = text.chars().collect();
        let first = found.first().map_or(0, |word| word.start);
        let from = first.saturating_sub(BEFORE).min(letters.len().saturating_sub(LONGEST));
        let from = if from == 0 {
            0
        } else {
            word_after(&letters, from, first)
        };
        let to = (from + LONGEST).min(letters.len());
        let inside = found
            .into_iter()
            .filter(|word| word.start >= from && word.start + word.length <= to);
        Self {
            text: letters[from..to].iter().collect(),
            marks: inside
                .map(|word| Mark {
                    start: word.start - from,
                    length: word.length,
                })
                .collect(),
        }
    }
}

/// Where the next word begins, so that none is cut; not behind `last`.
fn word_after(letters: &[char], from: usize, last: usize) -> usize {
    let blank = letters[from..last].iter().position(|letter| letter.is_whitespace());
    blank.map_or(from, |blank| from + blank + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_around_what_was_found() {
        let query = Query::parse("rechnung bitte").expect("a query").expect("words");
        let marked = |text: &str| {
            let excerpt = Excerpt::of(text, &query);
            assert!(excerpt.text.chars().count() <= LONGEST && text.contains(&excerpt.text));
            let letters: Vec<char> = excerpt.text.chars().collect();
            let words = excerpt.marks.iter().map(|mark| {
                let word = letters[mark.start..mark.start + mark.length].iter();
                word.collect::<String>()
            });
            words.collect::<Vec<_>>()
        };
        assert_eq!(marked("Bitte die Rechnung!"), ["Bitte", "Rechnung"]);
        let far = format!(
            "{} die Rechnungsnummer bitte {}",
            "wörter ".repeat(300),
            "mehr ".repeat(100)
        );
        assert_eq!(marked(&far), ["Rechnungsnummer", "bitte"]);
        assert!(Excerpt::of(&far, &query).text.starts_with("wörter"));
        assert_eq!(marked(&"x".repeat(4_000)), Vec::<String>::new());
        let last = format!("{}Rechnung", "ä".repeat(3_990));
        assert_eq!(marked(&format!("{last} Rechnung")), ["Rechnung"]);
    }
}

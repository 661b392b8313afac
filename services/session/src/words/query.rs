//! What is looked for.

use super::{Entry, Found, words};
use onqueue_model::Fault;

/// The longest text that may be looked for, in characters.
const LONGEST: usize = 200;

/// The most words in it: all are looked up.
const WORDS: usize = 8;

/// A beginning shorter than this would be found in too much.
const BEGINNING: usize = 4;

/// What is left of a word that loses an ending of two letters or more.
const STEM: usize = 5;

/// Endings of German and English words, the longest first.
const ENDINGS: [&str; 13] = [
    "ings", "ing", "ies", "ied", "ed", "es", "en", "ern", "er", "em", "s", "e", "n",
];

/// All of these have to be in the same event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub terms: Vec<Term>,
}

/// One thing that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// A word, in one of the ways in which it may be written.
    Word(Vec<Pattern>),
    /// Words one after the other, without accents.
    Phrase(Vec<String>),
}

/// One way in which a word may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub text: String,
    /// Whether words are meant that begin so.
    pub is_beginning: bool,
}

impl Query {
    /// Reads what somebody typed; `None` for nothing. FIELD_INVALID.
    pub fn parse(text: &str) -> Result<Option<Self>, Fault> {
        let text = text.trim();
        let invalid = |problem: String| Fault::field("text", problem);
        if text.is_empty() {
            return Ok(None);
        }
        if text.chars().count() > LONGEST {
            return Err(invalid(format!("at most {LONGEST} characters")));
        }
        let mut terms: Vec<Term> = Vec::new();
        for (at, part) in text.replace(['„', '“', '”'], "\"").split('"').enumerate() {
            let found = words(part);
            // What was opened and not closed is still in quotation marks.
            let new = if at % 2 == 1 && found.len() > 1 {
                vec![Term::Phrase(found.into_iter().map(|word| word.plain).collect())]
            } else if at % 2 == 1 {
                found.iter().map(exactly).collect()
            } else {
                found.iter().map(beginning).collect()
            };
            new.into_iter().for_each(|term| {
                if !terms.contains(&term) {
                    terms.push(term);
                }
            });
        }
        let count: usize = terms.iter().map(Term::words).sum();
        match count {
            0 => Err(invalid("there is no word in it".to_owned())),
            1..=WORDS => Ok(Some(Self { terms })),
            _ => Err(invalid(format!("at most {WORDS} words"))),
        }
    }

    /// Whether all of it is in that entry.
    pub fn is_in(&self, entry: &Entry) -> bool {
        self.terms.iter().all(|term| term.is_in(entry))
    }

    /// Which of a text's words are looked for.
    pub fn matching<'w>(&self, text: &'w [Found]) -> Vec<&'w Found> {
        let plain = |words: &[Found]| words.iter().map(|word| word.plain.clone()).collect::<Vec<_>>();
        let mut marked = vec![false; text.len()];
        for term in &self.terms {
            match term {
                Term::Word(patterns) => {
                    for (word, marked) in text.iter().zip(&mut marked) {
                        let mut spellings = [Some(&word.plain), word.umlaut.as_ref()].into_iter().flatten();
                        *marked |= spellings.any(|word| patterns.iter().any(|pattern| pattern.is(word)));
                    }
                }
                Term::Phrase(phrase) => {
                    let last = text.len().saturating_sub(phrase.len() - 1);
                    for at in (0..last).filter(|at| plain(&text[*at..*at + phrase.len()]) == *phrase) {
                        marked[at..at + phrase.len()].fill(true);
                    }
                }
            }
        }
        let words = text.iter().zip(marked).filter(|(_, marked)| *marked);
        words.map(|(word, _)| word).collect()
    }
}

impl Term {
    const fn words(&self) -> usize {
        match self {
            Self::Word(_) => 1,
            Self::Phrase(words) => words.len(),
        }
    }

    fn is_in(&self, entry: &Entry) -> bool {
        match self {
            Self::Word(patterns) => {
                let mut all = entry.plain.iter().chain(&entry.umlauts);
                all.any(|word| patterns.iter().any(|pattern| pattern.is(word)))
            }
            Self::Phrase(phrase) => entry.plain.windows(phrase.len()).any(|words| words == phrase),
        }
    }
}

impl Pattern {
    fn is(&self, word: &str) -> bool {
        if self.is_beginning {
            word.starts_with(&self.text)
        } else {
            word == self.text
        }
    }
}

fn exactly(word: &Found) -> Term {
    let spellings = [Some(&word.plain), word.umlaut.as_ref()].into_iter().flatten();
    let pattern = |text: &String| Pattern {
        text: text.clone(),
        is_beginning: false,
    };
    Term::Word(spellings.map(pattern).collect())
}

fn beginning(word: &Found) -> Term {
    if stem(&word.plain).chars().count() < BEGINNING {
        return exactly(word);
    }
    let spellings = [Some(&word.plain), word.umlaut.as_ref()].into_iter().flatten();
    let pattern = |text: &String| Pattern {
        text: stem(text).to_owned(),
        is_beginning: true,
    };
    Term::Word(spellings.map(pattern).collect())
}

/// The word without its ending, as far as enough of it is left.
fn stem(word: &str) -> &str {
    if word.chars().any(char::is_numeric) {
        return word;
    }
    let stripped = ENDINGS.iter().find_map(|ending| {
        let stem = word.strip_suffix(ending)?;
        let least = if ending.len() == 1 { BEGINNING } else { STEM };
        (stem.chars().count() >= least).then_some((stem, *ending))
    });
    match stripped {
        Some((stem, "ing" | "ings" | "ed")) => undoubled(stem),
        Some((stem, _)) => stem,
        None => word,
    }
}

/// `cancell` as `cancel`.
fn undoubled(stem: &str) -> &str {
    let mut letters = stem.chars().rev();
    match (letters.next(), letters.next()) {
        (Some(last), Some(before)) if last == before => stem.strip_suffix(last).unwrap_or(stem),
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(query: &str, text: &str) -> bool {
        let query = Query::parse(query).expect("a query").expect("words");
        let found = Entry::of(text).is_some_and(|entry| query.is_in(&entry));
        assert_eq!(
            query.terms.len() == 1 && found,
            query.terms.len() == 1 && !query.matching(&words(text)).is_empty()
        );
        found
    }

    #[test]
    fn german_and_english_words_are_found() {
        for (query, text, expected) in [
            ("rechnung", "Meine Rechnungsnummer ist 4711", true),
            ("Rechnungen", "die rechnung", true),
            ("Verträge", "der Vertrag", true),
            ("Kunden", "Der Kunde fragt", true),
            ("Kunden", "eine Kündigung", false),
            ("Rückerstattung", "RUECKERSTATTUNG bitte", true),
            ("Rueckerstattung", "Rückerstattung bitte", true),
            ("Ruckerstattung", "Rückerstattung bitte", true),
            ("strasse", "Straße", true),
            ("refunds", "it was refunded", true),
            ("cancelled", "please cancel", true),
            ("policies", "your policy", true),
            ("shipping", "ship it", true),
            ("bitte rechnung", "Rechnung, bitte", true),
            ("bitte rechnung", "Rechnung", false),
            ("\"meine rechnung\"", "Wo ist meine Rechnung?", true),
            ("\"meine rechnung\"", "meine letzte Rechnung", false),
            ("\"meine rechnung\"", "meine Rechnungen", false),
            ("\"rechnung\"", "Rechnungen", false),
            ("„meine Rechnung“ wo", "Wo ist meine Rechnung", true),
            ("\"meine rechnung", "Wo ist meine Rechnung?", true),
            ("4711", "Nr. 4711-22", true),
            ("4711", "47112", true),
            ("47", "4711", false),
            ("tür", "Türschloss", false),
            ("tür", "die Tuer", true),
            ("OR", "or not", true),
        ] {
            assert_eq!(finds(query, text), expected, "{query} in {text}");
        }
    }

    #[test]
    fn what_cannot_be_looked_for_is_refused() {
        assert_eq!(Query::parse("  "), Ok(None));
        let many = "eins zwei drei vier fünf sechs sieben acht neun";
        for bad in ["!?", "\"\"", many, &"x".repeat(201), &format!("\"{many}\"")] {
            assert!(Query::parse(bad).is_err(), "{bad}");
        }
        let twice = Query::parse("ja ja JA \"ja\"").expect("a query").expect("words");
        assert_eq!(twice.terms.len(), 1);
    }
}

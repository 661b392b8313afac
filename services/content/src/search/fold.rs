//! Words as they are compared: lower case, without accents, and with German umlauts also as people write them without.

use std::mem::take;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// The two dots of an umlaut, as canonical decomposition gives them.
const DIAERESIS: char = '\u{308}';

/// One word in the ways in which it may be written: `Rück` is `ruck` and `rueck`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// Without accents.
    pub plain: String,
    /// With e in the place of an umlaut's dots; `None` where there are none.
    pub umlaut: Option<String>,
}

impl Word {
    /// Each way of writing it, once.
    pub fn spellings(&self) -> impl Iterator<Item = &str> {
        [Some(self.plain.as_str()), self.umlaut.as_deref()]
            .into_iter()
            .flatten()
    }
}

/// The words of a text, in its order. A word is a run of letters and digits.
pub fn words(text: &str) -> Vec<Word> {
    let mut found = Words::default();
    fold(text, |letter| found.push(letter));
    found.end();
    found.all
}

/// All of a text as one word, whatever it is made of: for shortcuts.
pub fn whole(text: &str) -> Word {
    let mut word = Writing::default();
    fold(text.trim(), |letter| word.push(letter));
    word.take().unwrap_or_default()
}

/// A letter in lower case, or a mark upon the one before.
#[derive(Clone, Copy)]
enum Letter {
    Base(char),
    Mark(char),
}

fn fold(text: &str, mut each: impl FnMut(Letter)) {
    for letter in text.nfkd() {
        if is_combining_mark(letter) {
            each(Letter::Mark(letter));
            continue;
        }
        match undecomposed(letter) {
            Some(spelled) => spelled.chars().for_each(|letter| each(Letter::Base(letter))),
            None => letter.to_lowercase().for_each(|letter| each(Letter::Base(letter))),
        }
    }
}

/// Letters that stand for others without being decomposed by Unicode.
const fn undecomposed(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' | 'ẞ' => "ss",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'ø' | 'Ø' => "o",
        'ł' | 'Ł' => "l",
        'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'þ' | 'Þ' => "th",
        'ı' => "i",
        _ => return None,
    })
}

/// A word that is being put together.
#[derive(Default)]
struct Writing {
    plain: String,
    umlaut: String,
    has_umlaut: bool,
}

impl Writing {
    fn push(&mut self, letter: Letter) {
        match letter {
            Letter::Base(letter) => {
                self.plain.push(letter);
                self.umlaut.push(letter);
            }
            Letter::Mark(DIAERESIS) if self.plain.ends_with(['a', 'o', 'u']) => {
                self.umlaut.push('e');
                self.has_umlaut = true;
            }
            Letter::Mark(_) => {}
        }
    }

    fn take(&mut self) -> Option<Word> {
        let done = take(self);
        if done.plain.is_empty() {
            return None;
        }
        Some(Word {
            plain: done.plain,
            umlaut: done.has_umlaut.then_some(done.umlaut),
        })
    }
}

#[derive(Default)]
struct Words {
    all: Vec<Word>,
    current: Writing,
}

impl Words {
    fn push(&mut self, letter: Letter) {
        match letter {
            Letter::Base(base) if !base.is_alphanumeric() => self.end(),
            _ => self.current.push(letter),
        }
    }

    fn end(&mut self) {
        self.all.extend(self.current.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spelled(text: &str) -> Vec<String> {
        let words = words(text);
        let all = words.iter().map(|word| word.spellings().collect::<Vec<_>>().join("|"));
        all.collect()
    }

    #[test]
    fn words_are_folded() {
        for (text, expected) in [
            ("Rückerstattung", &["ruckerstattung|rueckerstattung"][..]),
            ("Ru\u{308}ck", &["ruck|rueck"]),
            ("RÜCK", &["ruck|rueck"]),
            ("rueck", &["rueck"]),
            ("Überprüfung", &["uberprufung|ueberpruefung"]),
            ("Größe, Straße", &["grosse|groesse", "strasse"]),
            ("STRAẞE", &["strasse"]),
            ("Zoë naïve café", &["zoe", "naive", "cafe"]),
            ("Łódź Øre æon Đà", &["lodz", "ore", "aeon", "da"]),
            ("İstanbul ısı", &["istanbul", "isi"]),
            ("ﬁn ① Ⅳ", &["fin", "1", "iv"]),
            ("e-mail: a_b c'd", &["e", "mail", "a", "b", "c", "d"]),
            ("  ", &[]),
            ("\u{308}\u{301}", &[]),
            ("返品 です", &["返品", "て\u{3059}"]),
        ] {
            assert_eq!(spelled(text), expected, "{text}");
        }
    }

    #[test]
    fn a_shortcut_is_one_word() {
        assert_eq!(
            whole(" /Grüß-1 ").spellings().collect::<Vec<_>>(),
            ["/gruss-1", "/gruess-1"]
        );
        assert_eq!(whole("").plain, "");
    }

    proptest! {
        #[test]
        fn folding_again_changes_nothing(text in "\\PC{0,40}") {
            for word in words(&text) {
                prop_assert_eq!(words(&word.plain), vec![Word { plain: word.plain.clone(), umlaut: None }]);
            }
        }

        #[test]
        fn case_and_composition_do_not_matter(text in "[a-zäöüßéèñA-ZÄÖÜ ]{0,30}") {
            let decomposed: String = text.nfd().collect();
            prop_assert_eq!(words(&text), words(&decomposed));
            prop_assert_eq!(words(&text), words(&text.to_lowercase()));
        }

        #[test]
        fn every_beginning_of_a_word_begins_its_spelling(word in "[a-zäöü]{1,12}", length in 1_usize..12) {
            let typed: String = word.chars().take(length).collect();
            let (whole, part) = (words(&word).remove(0), words(&typed).remove(0));
            prop_assert!(whole.plain.starts_with(&part.plain));
            let (whole, part) = (whole.umlaut.unwrap_or(whole.plain), part.umlaut.unwrap_or(part.plain));
            prop_assert!(whole.starts_with(&part));
        }
    }
}

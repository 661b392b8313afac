//! Words as they are compared, with their places in the text.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// The two dots of an umlaut, as canonical decomposition gives them.
const DIAERESIS: char = '\u{308}';

/// How many characters of a word count; nobody writes longer ones.
const LONGEST: usize = 60;

/// A word of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The first character of it, counted from 0.
    pub start: usize,
    /// How many characters it has as written.
    pub length: usize,
    /// In lower case, without accents.
    pub plain: String,
    /// With e in the place of an umlaut's dots; `None` where there are none.
    pub umlaut: Option<String>,
}

/// The words of a text, in its order. A word is a run of letters and digits.
pub(crate) fn words(text: &str) -> Vec<Found> {
    let (mut found, mut word) = (Vec::new(), Writing::default());
    for (at, written) in text.chars().enumerate() {
        for letter in written.nfkd() {
            if is_combining_mark(letter) {
                word.mark(letter, at);
            } else if letter.is_alphanumeric() {
                word.letter(letter, at);
            } else {
                found.extend(word.take());
            }
        }
    }
    found.extend(word.take());
    found
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
    start: Option<usize>,
    end: usize,
    plain: String,
    umlaut: String,
    has_umlaut: bool,
    letters: usize,
}

impl Writing {
    fn letter(&mut self, letter: char, at: usize) {
        self.start.get_or_insert(at);
        self.end = at;
        match undecomposed(letter) {
            Some(spelled) => spelled.chars().for_each(|letter| self.push(letter)),
            // What lower case adds to a letter, as it does to İ, are marks.
            None => letter
                .to_lowercase()
                .filter(|letter| !is_combining_mark(*letter))
                .for_each(|letter| self.push(letter)),
        }
    }

    fn push(&mut self, letter: char) {
        self.letters += 1;
        if self.letters <= LONGEST {
            self.plain.push(letter);
            self.umlaut.push(letter);
        }
    }

    fn mark(&mut self, mark: char, at: usize) {
        if self.start.is_none() {
            return;
        }
        self.end = at;
        if mark == DIAERESIS && self.letters <= LONGEST && self.plain.ends_with(['a', 'o', 'u']) {
            self.umlaut.push('e');
            self.has_umlaut = true;
        }
    }

    fn take(&mut self) -> Option<Found> {
        let done = std::mem::take(self);
        let start = done.start?;
        Some(Found {
            start,
            length: done.end - start + 1,
            plain: done.plain,
            umlaut: done.has_umlaut.then_some(done.umlaut),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> Vec<String> {
        let words = words(text).into_iter();
        let all = words.map(|word| match word.umlaut {
            Some(umlaut) => format!("{}|{umlaut}", word.plain),
            None => word.plain,
        });
        all.collect()
    }

    #[test]
    fn words_are_folded() {
        for (text, expected) in [
            ("Rückerstattung", &["ruckerstattung|rueckerstattung"][..]),
            ("Ru\u{308}ck", &["ruck|rueck"]),
            ("RÜCK rueck", &["ruck|rueck", "rueck"]),
            ("Größe, STRAẞE", &["grosse|groesse", "strasse"]),
            ("Zoë naïve café", &["zoe", "naive", "cafe"]),
            ("Łódź Øre æon Đà", &["lodz", "ore", "aeon", "da"]),
            ("İstanbul ısı", &["istanbul", "isi"]),
            ("ﬁn ① Ⅳ", &["fin", "1", "iv"]),
            ("e-mail: a_b c'd", &["e", "mail", "a", "b", "c", "d"]),
            ("Nr. 4711/22 <b>", &["nr", "4711", "22", "b"]),
            ("  ", &[]),
            ("\u{308}\u{301}", &[]),
        ] {
            assert_eq!(spelled(text), expected, "{text}");
        }
        assert_eq!(words(&"ü".repeat(4_000))[0].plain.len(), LONGEST);
    }

    #[test]
    fn words_know_where_they_are() {
        let text = "Die Ru\u{308}ckgabe, „Größe“ ﬁn";
        let letters: Vec<char> = text.chars().collect();
        let written: Vec<String> = words(text)
            .iter()
            .map(|word| letters[word.start..word.start + word.length].iter().collect())
            .collect();
        assert_eq!(written, ["Die", "Ru\u{308}ckgabe", "Größe", "ﬁn"]);
    }
}

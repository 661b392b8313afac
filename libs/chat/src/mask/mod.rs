//! Taking numbers of payment cards, and what else the settings say, out of texts before anybody else sees them.

mod cards;
mod digits;

use crate::Text;
use onqueue_model::Fault;
use regex::Regex;

/// What stands in the place of what was taken out.
const STAR: char = '*';

/// What is taken out of texts: the numbers of payment cards but for their last four digits, and whatever matches further
/// patterns. Of what is taken out every letter and digit becomes a star; a text never grows by it.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    patterns: Vec<Regex>,
}

impl Mask {
    /// With further patterns: regular expressions of the crate `regex`, which take linear time whatever the text.
    /// FIELD_INVALID, with `setting` as the field.
    pub fn new(setting: &'static str, patterns: &[String]) -> Result<Self, Fault> {
        let compile = |pattern: &String| {
            let regex = Regex::new(pattern).map_err(|error| Fault::field(setting, error.to_string()))?;
            if regex.is_match("") {
                return Err(Fault::field(
                    setting,
                    format!("{pattern} matches a text without characters"),
                ));
            }
            Ok(regex)
        };
        let patterns = patterns.iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Self { patterns })
    }

    /// The text without it.
    pub fn apply(&self, text: String) -> String {
        let mut text = cards::mask(&text).unwrap_or(text);
        for pattern in &self.patterns {
            if pattern.is_match(&text) {
                text = pattern
                    .replace_all(&text, |found: &regex::Captures<'_>| stars(&found[0]))
                    .into_owned();
            }
        }
        text
    }

    /// As [`Mask::apply`], of what somebody writes.
    pub fn text(&self, text: Text) -> Text {
        text.map(|text| self.apply(text))
    }
}

fn stars(found: &str) -> String {
    let star = |c: char| if c.is_alphanumeric() { STAR } else { c };
    found.chars().map(star).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_patterns() {
        let patterns = [
            "DE[0-9]{2}( ?[0-9]{4}){4} ?[0-9]{2}".to_owned(),
            "(?i)geheim-\\w+".to_owned(),
        ];
        let mask = Mask::new("session.mask_patterns", &patterns).expect("good patterns");
        for (given, expected) in [
            ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN **** **** **** **** **** **."),
            (
                "Geheim-Äpfel und 4111 1111 1111 1111",
                "******-***** und **** **** **** 1111",
            ),
            ("nothing of it", "nothing of it"),
        ] {
            assert_eq!(mask.apply(given.to_owned()), expected);
        }
        for bad in ["(", "a*", ""] {
            let fault = Mask::new("session.mask_patterns", &[bad.to_owned()]).expect_err(bad);
            assert!(fault.metadata.contains(&("field", "session.mask_patterns".to_owned())));
        }
    }

    #[test]
    fn what_people_write_stays_a_text() {
        let text = Text::parse("4111111111111111").expect("text");
        assert_eq!(Mask::default().text(text).as_str(), "************1111");
    }
}

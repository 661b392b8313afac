//! Texts with places to fill in: `{{NAME}}`. Reading them, naming what is wrong with them, and putting values in.

use crate::mistake::Mistake;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// The longest name of a substitution.
const NAME: usize = 50;

/// A text, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template<'a>(Vec<Part<'a>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// `{{` that nothing ends.
    Open(String),
    /// What stands between the braces is no name.
    Name(String),
}

impl Problem {
    /// What programs know it as, and the place in the text.
    pub fn mistake(&self) -> (Mistake, &str) {
        match self {
            Self::Open(text) => (Mistake::SubstitutionOpen, text),
            Self::Name(text) => (Mistake::SubstitutionMalformed, text),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(text) => write!(f, "“{text}” begins a substitution that no “}}}}” ends"),
            Self::Name(text) => write!(
                f,
                "“{text}” is no substitution: between “{{{{” and “}}}}” stands a name of 1–{NAME} capitals, digits and \
                 underscores, without spaces"
            ),
        }
    }
}

/// Whether it can be the name of a substitution.
pub fn is_name(text: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=NAME).contains(&text.len()) && text.bytes().all(is_good)
}

impl<'a> Template<'a> {
    /// Of the text; each `{{` must begin a substitution.
    pub fn parse(text: &'a str) -> Result<Self, Problem> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, inside)) = rest.split_once("{{") {
            let Some((name, after)) = inside.split_once("}}") else {
                return Err(Problem::Open(excerpt(&rest[before.len()..])));
            };
            if !is_name(name) {
                return Err(Problem::Name(excerpt(&rest[before.len()..rest.len() - after.len()])));
            }
            parts.extend([Part::Text(before), Part::Name(name)]);
            rest = after;
        }
        parts.push(Part::Text(rest));
        Ok(Self(parts))
    }

    /// The names in it.
    pub fn names(&self) -> BTreeSet<&'a str> {
        let name = |part: &Part<'a>| match part {
            Part::Name(name) => Some(*name),
            Part::Text(_) => None,
        };
        self.0.iter().filter_map(name).collect()
    }

    /// What stands between the names, in order.
    pub fn texts(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(|part| match part {
            Part::Text(text) => Some(*text),
            Part::Name(_) => None,
        })
    }

    /// The text with its values, put in as they are: what looks like a substitution in a value stays as it is. The names
    /// without a value if there are any.
    pub fn fill(&self, values: &BTreeMap<String, String>) -> Result<String, BTreeSet<&'a str>> {
        let missing: BTreeSet<_> = self
            .names()
            .into_iter()
            .filter(|name| !values.contains_key(*name))
            .collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let mut filled = String::new();
        for part in &self.0 {
            filled.push_str(match part {
                Part::Text(text) => text,
                Part::Name(name) => values.get(*name).map_or("", String::as_str),
            });
        }
        Ok(filled)
    }
}

/// So much of the text that it is recognised.
fn excerpt(text: &str) -> String {
    const ENOUGH: usize = 30;
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn values_are_put_in_once_and_as_they_are() {
        for (text, pairs, expected) in [
            ("Hallo {{NAME}}!", &[("NAME", "Ada")][..], "Hallo Ada!"),
            ("{{A}}{{B}}{{A}}", &[("A", "1"), ("B", "2")], "121"),
            ("{{A}}", &[("A", "{{B}}"), ("B", "no")], "{{B}}"),
            ("{{A}}B}}", &[("A", "{{"), ("B", "no")], "{{B}}"),
            ("{{A}}{{B}}", &[("A", "{"), ("B", "{A}}")], "{{A}}"),
            (
                "{{A}}",
                &[("A", "<script>alert(1)</script> $1 \\ %s")],
                "<script>alert(1)</script> $1 \\ %s",
            ),
            ("{ A } }} {", &[], "{ A } }} {"),
            ("{{A}}}", &[("A", "x")], "x}"),
            ("", &[], ""),
        ] {
            let template = Template::parse(text).expect(text);
            assert_eq!(template.fill(&values(pairs)).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_named_and_nothing_is_answered() {
        let template = Template::parse("{{B}} {{A}} {{B}} {{C}}").expect("good");
        assert_eq!(template.fill(&values(&[("C", "")])), Err(BTreeSet::from(["A", "B"])));
    }

    #[test]
    fn what_is_no_substitution_is_named() {
        let long = "A".repeat(51);
        for (text, said) in [
            ("a {{ NAME }} b", "“{{ NAME }}” is no"),
            ("{{name}}", "“{{name}}” is no"),
            ("{{}}", "“{{}}” is no"),
            ("{{{NAME}}}", "“{{{NAME}}” is no"),
            ("{{A{{B}}}}", "“{{A{{B}}” is no"),
            ("{{Ä}}", "“{{Ä}}” is no"),
            ("a {{NAME", "“{{NAME” begins"),
            ("a {{", "“{{” begins"),
            ("{{A}} {{B}", "“{{B}” begins"),
            (&format!("{{{{{long}}}}}"), "is no"),
        ] {
            let problem = Template::parse(text).expect_err(text).to_string();
            assert!(problem.contains(said), "{text}: {problem}");
        }
    }

    #[test]
    fn the_longest_texts_are_read_in_one_go() {
        let open = "{{".repeat(4_000);
        let problem = Template::parse(&open).expect_err("nothing ends it").to_string();
        assert!(problem.len() < 200, "{problem}");
        let text = "{{A}}".repeat(1_600);
        let filled = Template::parse(&text).expect("good").fill(&values(&[("A", "{{A}}")]));
        assert_eq!(filled.as_deref(), Ok(text.as_str()));
        assert!(Template::parse(&"}".repeat(8_000)).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_again(text in "[{}A-C ä]{0,40}") {
            if let Ok(template) = Template::parse(&text) {
                let same: BTreeMap<_, _> = template.names().into_iter()
                    .map(|name| (name.to_owned(), format!("{{{{{name}}}}}"))).collect();
                prop_assert_eq!(template.fill(&same), Ok(text.clone()));
            } else {
                prop_assert!(text.contains("{{"));
            }
        }

        #[test]
        fn values_never_change_what_stands_around_them(value in "\\PC{0,60}|[{}A-B]{0,30}", before in "[a-z}]{0,9}", after in "[a-z{]{0,1}") {
            let text = format!("{before}{{{{A}}}}{after}{{{{B}}}}");
            let both = BTreeMap::from([("A".to_owned(), value.clone()), ("B".to_owned(), value.clone())]);
            if let Ok(template) = Template::parse(&text) {
                prop_assert_eq!(template.fill(&both), Ok(format!("{before}{value}{after}{value}")));
            } else {
                prop_assert_eq!(after, "{");
            }
        }
    }
}

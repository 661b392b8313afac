//! Texts with places for values: `{{contact.name}}`, or `{{contact.name|there}}` with what stands there if there is none.

use std::borrow::Cow;

/// What is shown for a value that is missing.
pub(crate) const MISSING: &str = "…";

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Text(&'a str),
    Value { name: &'a str, fallback: Option<&'a str> },
}

/// The parts of a text; what is wrong with the first `{{` that begins no substitution.
pub(crate) fn parse(text: &str) -> Result<Vec<Part<'_>>, String> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, inside)) = rest.split_once("{{") {
        let Some((inside, after)) = inside.split_once("}}") else {
            return Err("“{{” begins a substitution that no “}}” ends.".to_owned());
        };
        parts.extend([Part::Text(before), value(inside)?]);
        rest = after;
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

fn value(inside: &str) -> Result<Part<'_>, String> {
    let (name, fallback) = match inside.split_once('|') {
        Some((name, fallback)) => (name.trim(), Some(fallback.trim())),
        None => (inside.trim(), None),
    };
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    if name.is_empty() || !name.chars().all(is_letter) || fallback == Some("") {
        let shown: String = inside.chars().take(40).collect();
        return Err(format!(
            "“{{{{{shown}}}}}” is no substitution such as “{{{{contact.name}}}}” or “{{{{contact.name|there}}}}”."
        ));
    }
    Ok(Part::Value { name, fallback })
}

/// The text with its values, put in as they are, and the names of those that are missing and have no fallback. A text that is
/// no template stays as it is.
pub(crate) fn fill<'v>(text: &str, value: impl Fn(&str) -> Option<Cow<'v, str>>, missing: &mut Vec<String>) -> String {
    let Ok(parts) = parse(text) else { return text.to_owned() };
    let mut filled = String::new();
    for part in parts {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Value { name, fallback } => match (value(name), fallback) {
                (Some(value), _) => filled.push_str(&value),
                (None, Some(fallback)) => filled.push_str(fallback),
                (None, None) => {
                    filled.push_str(MISSING);
                    if missing.iter().all(|other| other != name) {
                        missing.push(name.to_owned());
                    }
                }
            },
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_fallbacks_and_what_is_missing() {
        let value = |name: &str| match name {
            "contact.name" => Some(Cow::Borrowed("<b>{{today}}</b>")),
            "answers.empty_like" => Some(Cow::Borrowed("")),
            _ => None,
        };
        for (text, expected, expected_missing) in [
            ("Hello {{contact.name}}!", "Hello <b>{{today}}</b>!", &[][..]),
            ("{{ contact.name | there }}", "<b>{{today}}</b>", &[]),
            ("{{contact.email| — }}", "—", &[]),
            ("{{answers.empty_like|x}}", "", &[]),
            ("{{b.c}} {{a}} {{b.c}}", "… … …", &["b.c", "a"]),
            ("{ a } }} |", "{ a } }} |", &[]),
            ("", "", &[]),
        ] {
            let mut missing = Vec::new();
            assert_eq!(fill(text, value, &mut missing), expected, "{text}");
            assert_eq!(missing, expected_missing, "{text}");
        }
    }

    #[test]
    fn what_is_no_substitution() {
        for text in [
            "{{",
            "a {{b",
            "{{}}",
            "{{ }}",
            "{{a b}}",
            "{{a|}}",
            "{{|a}}",
            "{{{{a}}}}",
            "{{ä}}",
            "{{a-b}}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn values_never_change_what_stands_around_them(value in "\\PC{0,40}|[{}|a.]{0,20}", before in "[a-z }]{0,9}", after in "[a-z {]{0,1}") {
            let text = format!("{before}{{{{a}}}}{after}");
            let mut missing = Vec::new();
            let filled = fill(&text, |_| Some(Cow::Borrowed(value.as_str())), &mut missing);
            prop_assert_eq!(filled, format!("{before}{value}{after}"));
            prop_assert!(missing.is_empty());
        }
    }
}

//! Libraries and responses as this service knows them, and what is allowed in them.

use crate::mistake::{About as _, Mistake};
use crate::template::{Problem, Template, is_name};
use onqueue_model::{DivisionId, Fault, Language, LibraryId, ResponseId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Substitutions that need not be declared.
pub const KNOWN: [&str; 5] = ["AGENT_NAME", "AGENT_ALIAS", "CUSTOMER_NAME", "TOPIC", "QUEUE_NAME"];

/// What is set about a library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LibraryContent {
    pub name: String,
    pub description: String,
    pub division: DivisionId,
}

/// A library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    pub id: LibraryId,
    /// The organisation's revision with its last change: its etag.
    pub revision: i64,
    pub content: LibraryContent,
    /// How many responses it has.
    pub responses: i64,
    pub created_at: Timestamp,
    pub is_deleted: bool,
}

/// A text in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    pub language: Language,
    pub text: String,
}

/// A place in a text that is filled in when it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Substitution {
    pub name: String,
    pub description: String,
    pub default_value: String,
}

/// What is set about a response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResponseContent {
    pub name: String,
    pub shortcut: String,
    pub libraries: BTreeSet<LibraryId>,
    pub variants: Vec<Variant>,
    pub substitutions: Vec<Substitution>,
    pub tags: Vec<String>,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub id: ResponseId,
    /// The organisation's revision with its last change: its etag.
    pub revision: i64,
    pub content: ResponseContent,
    pub uses: i64,
    pub last_used_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub is_deleted: bool,
}

/// Where a library is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub division: DivisionId,
    pub is_deleted: bool,
}

/// Where each of some libraries is.
pub type Places = BTreeMap<LibraryId, Place>;

impl ResponseContent {
    /// Whether every substitution in its texts is declared or known; FIELD_INVALID names the first that is not, or what
    /// only looks like one, and its variant.
    pub fn check(&self) -> Result<(), Fault> {
        self.variants.iter().try_for_each(|variant| self.check_variant(variant))
    }

    /// The same of one of its texts.
    pub fn check_variant(&self, variant: &Variant) -> Result<(), Fault> {
        let at =
            |problem: String| Fault::field("response.variants", problem).with("language", variant.language.as_str());
        let malformed = |problem: Problem| {
            let (mistake, text) = problem.mistake();
            at(format!("{}: {problem}", variant.language))
                .mistake(mistake)
                .with("text", text)
        };
        let template = Template::parse(&variant.text).map_err(malformed)?;
        let is_declared = |name: &str| self.substitutions.iter().any(|declared| declared.name == name);
        let is_strange = |name: &&str| !KNOWN.contains(name) && !is_declared(name);
        if let Some(name) = template.names().into_iter().find(is_strange) {
            let problem = format!(
                "{}: {{{{{name}}}}} is not declared; add it to the substitutions, or use one of {}",
                variant.language,
                KNOWN.join(", ")
            );
            return Err(at(problem)
                .mistake(Mistake::SubstitutionUndeclared)
                .with("substitution", name));
        }
        Ok(())
    }

    /// The variant that fits the language best: that very one, then one of the same primary language, then the first.
    pub fn nearest(&self, language: Option<&Language>) -> Option<&Variant> {
        let exact = |variant: &&Variant| Some(&variant.language) == language;
        let related =
            |variant: &&Variant| language.is_some_and(|language| primary(&variant.language) == primary(language));
        let variants = || self.variants.iter();
        variants()
            .find(exact)
            .or_else(|| variants().find(related))
            .or_else(|| variants().next())
    }
}

/// The language without script, region and the like.
pub fn primary(language: &Language) -> &str {
    language.as_str().split('-').next().unwrap_or_default()
}

/// Whether it can be declared.
pub fn substitution_name(text: &str) -> Result<String, Fault> {
    if is_name(text) {
        return Ok(text.to_owned());
    }
    let problem = format!("“{text}”: a name has 1–50 capitals, digits and underscores");
    Err(Fault::field("response.substitutions", problem)
        .mistake(Mistake::SubstitutionName)
        .with("name", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(tag: &str) -> Language {
        Language::parse(tag).expect("a tag")
    }

    fn content(variants: &[(&str, &str)], declared: &[&str]) -> ResponseContent {
        ResponseContent {
            name: "Gruß".to_owned(),
            shortcut: String::new(),
            libraries: BTreeSet::new(),
            variants: variants
                .iter()
                .map(|(tag, text)| Variant {
                    language: language(tag),
                    text: (*text).to_owned(),
                })
                .collect(),
            substitutions: declared
                .iter()
                .map(|name| Substitution {
                    name: (*name).to_owned(),
                    description: String::new(),
                    default_value: String::new(),
                })
                .collect(),
            tags: Vec::new(),
        }
    }

    #[test]
    fn every_substitution_is_declared_or_known() {
        assert_eq!(
            content(&[("de", "{{AGENT_NAME}} {{ORDER}}")], &["ORDER"]).check(),
            Ok(())
        );
        let fault = content(&[("de", "{{ORDER}}"), ("en", "{{ORDER}} {{DATE}}")], &["ORDER"]).check();
        let fault = fault.expect_err("not declared");
        assert!(fault.message.contains("{{DATE}}"), "{}", fault.message);
        let of = |key: &str| {
            fault
                .metadata
                .iter()
                .find(|(k, _)| *k == key)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!((of("field"), of("language")), (Some("response.variants"), Some("en")));
        assert_eq!(of("substitution"), Some("DATE"));
        assert!(content(&[("de", "{{ order }}")], &[]).check().is_err());
    }

    #[test]
    fn the_nearest_variant() {
        let content = content(&[("fr", "1"), ("de-at", "2"), ("de", "3"), ("en-gb", "4")], &[]);
        for (tag, expected) in [("de", "3"), ("de-AT", "2"), ("de-ch", "2"), ("en", "4"), ("it", "1")] {
            let found = content
                .nearest(Some(&language(tag)))
                .map(|variant| variant.text.as_str());
            assert_eq!(found, Some(expected), "{tag}");
        }
        assert_eq!(content.nearest(None).map(|variant| variant.text.as_str()), Some("1"));
    }
}

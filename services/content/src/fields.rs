//! What each field of a response may be, wherever it comes from.

use crate::content::{Substitution, Variant, substitution_name};
use crate::mistake::{About as _, Mistake};
use onqueue_model::{Fault, Language, Reason};
use onqueue_server::resource;
use onqueue_store::query::fold;
use std::collections::BTreeSet;

/// The longest text, in characters: no message can be longer.
pub const TEXT: usize = 4_000;

/// The most languages of a response.
pub const VARIANTS: usize = 50;

const SUBSTITUTIONS: usize = 50;
const DESCRIPTION: usize = 200;
const DEFAULT: usize = 1_000;
const TAGS: usize = 20;
const TAG: usize = 50;
const SHORTCUT: usize = 20;

/// What `resource::name` lets through.
const NAME: usize = 100;

/// What people call a response.
pub fn name(text: &str) -> Result<String, Fault> {
    named("response.name", text)
}

fn named(field: &'static str, text: &str) -> Result<String, Fault> {
    resource::name(field, text).map_err(|fault| fault.mistake(Mistake::Name).with("maximum", NAME))
}

/// What agents type to find it.
pub fn shortcut(text: &str) -> Result<String, Fault> {
    let is_bad = |letter: char| letter.is_whitespace() || letter.is_control();
    if text.chars().count() > SHORTCUT || text.chars().any(is_bad) {
        let fault = Fault::field("response.shortcut", "at most 20 characters without spaces");
        return Err(fault.mistake(Mistake::Shortcut).with("maximum", SHORTCUT));
    }
    Ok(text.to_owned())
}

/// All languages of a response.
pub fn variants(variants: Vec<Variant>) -> Result<Vec<Variant>, Fault> {
    const FIELD: &str = "response.variants";
    if variants.is_empty() {
        return Err(Fault::field(FIELD, "there is no text").mistake(Mistake::TextMissing));
    }
    if variants.len() > VARIANTS {
        let fault = Fault::field(FIELD, "at most 50 texts");
        return Err(fault.mistake(Mistake::Texts).with("maximum", VARIANTS));
    }
    once(FIELD, variants.iter().map(|variant| variant.language.as_str()))?;
    Ok(variants)
}

/// A text in a language.
pub fn variant(language: &str, text: &str) -> Result<Variant, Fault> {
    const FIELD: &str = "response.variants";
    let problem = || {
        let fault = Fault::field(FIELD, format!("“{language}” is no BCP-47 tag"));
        fault.mistake(Mistake::Language).with("language", language)
    };
    let language = Language::parse(language).ok_or_else(problem)?;
    let is_bad = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    let refuse = |problem: &str| Fault::field(FIELD, format!("{language}: {problem}"));
    let refused = match text {
        text if text.trim().is_empty() => refuse("the text is empty").mistake(Mistake::Empty),
        text if text.chars().count() > TEXT => {
            let fault = too_long(&format!("{language}: the text has")).with("field", FIELD);
            fault.mistake(Mistake::TooLong).with("maximum", TEXT)
        }
        text if text.chars().any(is_bad) => {
            refuse("the text has control characters").mistake(Mistake::ControlCharacters)
        }
        text => {
            let text = text.to_owned();
            return Ok(Variant { language, text });
        }
    };
    Err(refused.with("language", &language))
}

/// Refuses a text that no message can be; `whose` begins the sentence.
pub fn too_long(whose: &str) -> Fault {
    let message = format!("{whose} more than 4,000 characters");
    Fault::new(Reason::MessageTooLarge, message).with("maximum_characters", TEXT)
}

/// A place that is filled in.
pub fn substitution(name: &str, description: &str, default_value: &str) -> Result<Substitution, Fault> {
    const FIELD: &str = "response.substitutions";
    bounded(FIELD, description, DESCRIPTION)?;
    bounded(FIELD, default_value, DEFAULT)?;
    Ok(Substitution {
        name: substitution_name(name)?,
        description: description.to_owned(),
        default_value: default_value.to_owned(),
    })
}

/// All places that are filled in.
pub fn substitutions(all: Vec<Substitution>) -> Result<Vec<Substitution>, Fault> {
    const FIELD: &str = "response.substitutions";
    at_most(FIELD, all.len(), SUBSTITUTIONS)?;
    once(FIELD, all.iter().map(|substitution| substitution.name.as_str()))?;
    Ok(all)
}

/// All tags.
pub fn tags(given: &[String]) -> Result<Vec<String>, Fault> {
    const FIELD: &str = "response.tags";
    at_most(FIELD, given.len(), TAGS)?;
    let tag = |tag: &String| {
        let tag = named(FIELD, tag)?;
        bounded(FIELD, &tag, TAG).map(|()| tag)
    };
    let tags: Vec<String> = given.iter().map(tag).collect::<Result<_, _>>()?;
    let folded: Vec<String> = tags.iter().map(|tag| fold(tag)).collect();
    once(FIELD, folded.iter().map(String::as_str))?;
    Ok(tags)
}

/// Refuses what comes twice.
pub fn once<'t>(field: &'static str, texts: impl Iterator<Item = &'t str>) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    for text in texts {
        if !seen.insert(text) {
            let fault = Fault::field(field, format!("“{text}” comes twice"));
            return Err(fault.mistake(Mistake::Twice).with("name", text));
        }
    }
    Ok(())
}

/// Refuses a text of more characters.
pub fn bounded(field: &'static str, text: &str, most: usize) -> Result<(), Fault> {
    if text.chars().count() > most {
        let fault = Fault::field(field, format!("at most {most} characters"));
        return Err(fault.mistake(Mistake::TooLong).with("maximum", most));
    }
    Ok(())
}

/// Refuses more.
pub fn at_most(field: &'static str, count: usize, most: usize) -> Result<(), Fault> {
    if count > most {
        let fault = Fault::field(field, format!("at most {most}"));
        return Err(fault.mistake(Mistake::TooMany).with("maximum", most));
    }
    Ok(())
}

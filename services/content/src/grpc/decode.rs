//! From requests into types that cannot be wrong.

use crate::app::{LibraryChange, Render, ResponseChange, Sought};
use crate::content::{LibraryContent, ResponseContent, Substitution, Variant, substitution_name};
use crate::store::{Listing, NamePlace};
use onqueue_model::{Fault, Language, LibraryId};
use onqueue_proto::content::v1 as proto;
use onqueue_server::resource::{Mask, description, division, given, id, name, optional_id, page_size};
use onqueue_store::{decode_token, query::fold};
use std::collections::BTreeSet;

const LIBRARIES: usize = 20;
const VARIANTS: usize = 50;
const TEXT: usize = 8_000;
const SUBSTITUTIONS: usize = 50;
const DEFAULT: usize = 1_000;
const TAGS: usize = 20;
const SHORTCUT: usize = 20;
const TYPED: usize = 200;
const CHOSEN: usize = 200;
const VALUES: usize = 100;

/// Where a page of names begins and how many it has.
pub fn listing(size: i32, token: &str, text: &str) -> Result<Listing, Fault> {
    bounded("text", text, 100)?;
    Ok(Listing {
        text: text.to_owned(),
        after: decode_token::<NamePlace>(token)?,
        size: page_size(size)?,
    })
}

/// Everything that is set about a library.
pub fn library_content(library: &proto::Library) -> Result<LibraryContent, Fault> {
    Ok(LibraryContent {
        name: name("library.name", &library.name)?,
        description: description("library.description", &library.description)?,
        division: division("library.division_id", &library.division_id)?,
    })
}

/// What is to be changed about a library.
pub fn library_change(asked: &proto::UpdateLibraryRequest) -> Result<LibraryChange, Fault> {
    let library = given("library", asked.library.as_ref())?;
    let mask = Mask::of(asked.update_mask.as_ref(), &["name", "description", "division_id"])?;
    let named = |field: &str| mask.has(field).then_some(library);
    Ok(LibraryChange {
        name: named("name").map(|new| name("library.name", &new.name)).transpose()?,
        description: named("description")
            .map(|new| description("library.description", &new.description))
            .transpose()?,
        division: named("division_id")
            .map(|new| division("library.division_id", &new.division_id))
            .transpose()?,
    })
}

/// Everything that is set about a response; whether its texts and substitutions fit is not looked at.
pub fn response_content(response: &proto::Response) -> Result<ResponseContent, Fault> {
    Ok(ResponseContent {
        name: name("response.name", &response.name)?,
        shortcut: shortcut(&response.shortcut)?,
        libraries: libraries(&response.library_ids)?,
        variants: variants(&response.variants)?,
        substitutions: substitutions(&response.substitutions)?,
        tags: tags(&response.tags)?,
    })
}

/// What is to be changed about a response.
pub fn response_change(asked: &proto::UpdateResponseRequest) -> Result<ResponseChange, Fault> {
    const FIELDS: [&str; 6] = ["name", "shortcut", "library_ids", "variants", "substitutions", "tags"];
    let response = given("response", asked.response.as_ref())?;
    let mask = Mask::of(asked.update_mask.as_ref(), &FIELDS)?;
    let named = |field: &str| mask.has(field).then_some(response);
    Ok(ResponseChange {
        name: named("name").map(|new| name("response.name", &new.name)).transpose()?,
        shortcut: named("shortcut").map(|new| shortcut(&new.shortcut)).transpose()?,
        libraries: named("library_ids")
            .map(|new| libraries(&new.library_ids))
            .transpose()?,
        variants: named("variants").map(|new| variants(&new.variants)).transpose()?,
        substitutions: named("substitutions")
            .map(|new| substitutions(&new.substitutions))
            .transpose()?,
        tags: named("tags").map(|new| tags(&new.tags)).transpose()?,
    })
}

/// What is looked for.
pub fn sought(asked: &proto::SearchResponsesRequest) -> Result<Sought, Fault> {
    bounded("text", &asked.text, TYPED)?;
    at_most("library_ids", asked.library_ids.len(), CHOSEN)?;
    let libraries = asked.library_ids.iter().map(|text| id("library_ids", text));
    let limit = match asked.limit {
        0 => 10,
        limit @ 1..=50 => usize::try_from(limit).unwrap_or(10),
        _ => return Err(Fault::field("limit", "must be 1–50, or 0 for 10")),
    };
    Ok(Sought {
        text: asked.text.clone(),
        language: optional_language("language", &asked.language)?,
        libraries: libraries.collect::<Result<_, _>>()?,
        limit,
    })
}

/// What is to be filled in.
pub fn render(asked: proto::RenderResponseRequest) -> Result<Render, Fault> {
    at_most("values", asked.values.len(), VALUES)?;
    Ok(Render {
        response: id("response_id", &asked.response_id)?,
        language: optional_language("language", &asked.language)?,
        conversation: optional_id("conversation_id", &asked.conversation_id)?,
        values: asked.values,
    })
}

/// The id of a message, as session knows it.
pub fn message(text: &str) -> Result<String, Fault> {
    let is_good = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let problem = || Fault::field("client_message_id", "1–64 characters, no control characters");
    is_good.then(|| text.to_owned()).ok_or_else(problem)
}

fn shortcut(text: &str) -> Result<String, Fault> {
    let is_bad = |letter: char| letter.is_whitespace() || letter.is_control();
    if text.chars().count() > SHORTCUT || text.chars().any(is_bad) {
        return Err(Fault::field(
            "response.shortcut",
            "at most 20 characters without spaces",
        ));
    }
    Ok(text.to_owned())
}

fn libraries(ids: &[String]) -> Result<BTreeSet<LibraryId>, Fault> {
    if !(1..=LIBRARIES).contains(&ids.len()) {
        return Err(Fault::field("response.library_ids", "1–20 libraries"));
    }
    ids.iter().map(|text| id("response.library_ids", text)).collect()
}

fn variants(given: &[proto::Variant]) -> Result<Vec<Variant>, Fault> {
    const FIELD: &str = "response.variants";
    if !(1..=VARIANTS).contains(&given.len()) {
        return Err(Fault::field(FIELD, "1–50 variants"));
    }
    let variants: Vec<Variant> = given.iter().map(variant).collect::<Result<_, _>>()?;
    once(FIELD, variants.iter().map(|variant| variant.language.as_str()))?;
    Ok(variants)
}

fn variant(given: &proto::Variant) -> Result<Variant, Fault> {
    const FIELD: &str = "response.variants";
    let problem = || Fault::field(FIELD, format!("“{}” is no BCP-47 tag", given.language));
    let language = Language::parse(&given.language).ok_or_else(problem)?;
    let is_bad = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    let problem = match &given.text {
        text if text.trim().is_empty() => "the text is empty",
        text if text.len() > TEXT => "the text has more than 8,000 bytes",
        text if text.chars().any(is_bad) => "the text has control characters",
        text => {
            return Ok(Variant {
                language,
                text: text.clone(),
            });
        }
    };
    Err(Fault::field(FIELD, format!("{language}: {problem}")).with("language", &language))
}

fn substitutions(given: &[proto::Substitution]) -> Result<Vec<Substitution>, Fault> {
    const FIELD: &str = "response.substitutions";
    at_most(FIELD, given.len(), SUBSTITUTIONS)?;
    let substitutions = given.iter().map(|given| {
        bounded(FIELD, &given.description, 200)?;
        bounded(FIELD, &given.default_value, DEFAULT)?;
        Ok(Substitution {
            name: substitution_name(&given.name)?,
            description: given.description.clone(),
            default_value: given.default_value.clone(),
        })
    });
    let substitutions: Vec<Substitution> = substitutions.collect::<Result<_, Fault>>()?;
    once(
        FIELD,
        substitutions.iter().map(|substitution| substitution.name.as_str()),
    )?;
    Ok(substitutions)
}

fn tags(given: &[String]) -> Result<Vec<String>, Fault> {
    const FIELD: &str = "response.tags";
    at_most(FIELD, given.len(), TAGS)?;
    let tag = |tag: &String| {
        let tag = name(FIELD, tag)?;
        bounded(FIELD, &tag, 50).map(|()| tag)
    };
    let tags: Vec<String> = given.iter().map(tag).collect::<Result<_, _>>()?;
    let folded: Vec<String> = tags.iter().map(|tag| fold(tag)).collect();
    once(FIELD, folded.iter().map(String::as_str))?;
    Ok(tags)
}

fn optional_language(field: &'static str, tag: &str) -> Result<Option<Language>, Fault> {
    if tag.is_empty() {
        return Ok(None);
    }
    let language = Language::parse(tag);
    language
        .map(Some)
        .ok_or_else(|| Fault::field(field, format!("“{tag}” is no BCP-47 tag")))
}

fn once<'t>(field: &'static str, texts: impl Iterator<Item = &'t str>) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    for text in texts {
        if !seen.insert(text) {
            return Err(Fault::field(field, format!("“{text}” comes twice")));
        }
    }
    Ok(())
}

fn bounded(field: &'static str, text: &str, most: usize) -> Result<(), Fault> {
    if text.chars().count() > most {
        return Err(Fault::field(field, format!("at most {most} characters")));
    }
    Ok(())
}

fn at_most(field: &'static str, count: usize, most: usize) -> Result<(), Fault> {
    if count > most {
        return Err(Fault::field(field, format!("at most {most}")));
    }
    Ok(())
}

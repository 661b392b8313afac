//! From requests into types that cannot be wrong.

use crate::app::{LibraryChange, Render, ResponseChange, Sought, Used};
use crate::content::{LibraryContent, ResponseContent, Substitution, Variant};
use crate::fields::{self, at_most, bounded, shortcut, tags};
use crate::store::{Listing, NamePlace};
use onqueue_model::{Fault, Language, LibraryId};
use onqueue_proto::content::v1 as proto;
use onqueue_server::resource::{Mask, description, division, given, id, name, optional_id, page_size};
use onqueue_store::decode_token;
use std::collections::BTreeSet;

const LIBRARIES: usize = 20;
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
        name: fields::name(&response.name)?,
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
        name: named("name").map(|new| fields::name(&new.name)).transpose()?,
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
        conversation: optional_id("conversation_id", &asked.conversation_id)?,
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

/// What was used, where.
pub fn used(asked: &proto::RecordUseRequest) -> Result<Used, Fault> {
    Ok(Used {
        response: id("response_id", &asked.response_id)?,
        message: message(&asked.client_message_id)?,
        conversation: optional_id("conversation_id", &asked.conversation_id)?,
    })
}

/// The id of a message, as session knows it.
fn message(text: &str) -> Result<String, Fault> {
    let is_good = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let problem = || Fault::field("client_message_id", "1–64 characters, no control characters");
    is_good.then(|| text.to_owned()).ok_or_else(problem)
}

fn libraries(ids: &[String]) -> Result<BTreeSet<LibraryId>, Fault> {
    if !(1..=LIBRARIES).contains(&ids.len()) {
        return Err(Fault::field("response.library_ids", "1–20 libraries"));
    }
    ids.iter().map(|text| id("response.library_ids", text)).collect()
}

fn variants(given: &[proto::Variant]) -> Result<Vec<Variant>, Fault> {
    // More are refused without being looked at.
    let few = given.iter().take(fields::VARIANTS + 1);
    let variants = few.map(|given| fields::variant(&given.language, &given.text));
    fields::variants(variants.collect::<Result<_, _>>()?)
}

fn substitutions(given: &[proto::Substitution]) -> Result<Vec<Substitution>, Fault> {
    let each =
        |given: &proto::Substitution| fields::substitution(&given.name, &given.description, &given.default_value);
    fields::substitutions(given.iter().map(each).collect::<Result<_, _>>()?)
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

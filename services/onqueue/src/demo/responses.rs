//! The demo's libraries and responses, from a file compiled in.

use super::id;
use onqueue_content::Seed;
use onqueue_model::{DivisionId, Fault, LibraryId, OrganisationId, ResponseId};
use onqueue_proto::content::v1 as proto;
use serde::Deserialize;

/// The file.
const RESPONSES: &str = include_str!("../../responses.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    libraries: Vec<Library>,
    responses: Vec<Response>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Library {
    name: String,
    description: String,
    #[serde(default)]
    division: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    name: String,
    shortcut: String,
    libraries: Vec<String>,
    tags: Vec<String>,
    de: String,
    en: String,
    #[serde(default)]
    substitutions: Vec<Substitution>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Substitution {
    name: String,
    description: String,
    #[serde(default)]
    default: String,
}

/// Reads the file; `division` finds one by its name, the first without one.
pub fn load(organisation: OrganisationId, division: impl Fn(&str) -> DivisionId) -> Result<Seed, Fault> {
    let file: File = toml::from_str(RESPONSES).map_err(|error| Fault::internal(format!("responses.toml: {error}")))?;
    let library = |of: &Library| proto::Library {
        library_id: library(&of.name).to_string(),
        name: of.name.clone(),
        description: of.description.clone(),
        division_id: division(&of.division).to_string(),
        ..Default::default()
    };
    Ok(Seed {
        organisation,
        libraries: file.libraries.iter().map(library).collect(),
        responses: file.responses.into_iter().map(response).collect(),
    })
}

fn library(name: &str) -> LibraryId {
    id("library", name)
}

fn response(of: Response) -> proto::Response {
    let response: ResponseId = id("response", &of.name);
    let variant = |language: &str, text: String| proto::Variant {
        language: language.to_owned(),
        text,
    };
    proto::Response {
        response_id: response.to_string(),
        name: of.name,
        shortcut: of.shortcut,
        library_ids: of.libraries.iter().map(|name| library(name).to_string()).collect(),
        variants: vec![variant("de", of.de), variant("en", of.en)],
        substitutions: of.substitutions.into_iter().map(substitution).collect(),
        tags: of.tags,
        ..Default::default()
    }
}

fn substitution(of: Substitution) -> proto::Substitution {
    proto::Substitution {
        name: of.name,
        description: of.description,
        default_value: of.default,
    }
}

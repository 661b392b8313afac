//! Rows and what they mean.

use super::broken;
use super::entities::{library, response};
use crate::content::{Library, LibraryContent, Response, ResponseContent};
use onqueue_model::{OrganisationId, Timestamp};
use onqueue_server::resource::Once;
use onqueue_store::{StoreError, query::fold};
use sea_orm::Set;
use serde::{Serialize, de::DeserializeOwned};

impl From<library::Model> for Library {
    fn from(row: library::Model) -> Self {
        Self {
            id: row.library_id.into(),
            revision: row.revision,
            content: LibraryContent {
                name: row.name,
                description: row.description,
                division: row.division_id.into(),
            },
            responses: row.responses,
            created_at: Timestamp(row.created_at),
            is_deleted: row.deleted_at.is_some(),
        }
    }
}

impl TryFrom<response::Model> for Response {
    type Error = StoreError;

    fn try_from(row: response::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.response_id.into(),
            revision: row.revision,
            content: ResponseContent {
                name: row.name,
                shortcut: row.shortcut,
                libraries: read(&row.libraries)?,
                variants: read(&row.variants)?,
                substitutions: read(&row.substitutions)?,
                tags: read(&row.tags)?,
            },
            uses: row.uses,
            last_used_at: row.last_used_at.map(Timestamp),
            created_at: Timestamp(row.created_at),
            is_deleted: row.deleted_at.is_some(),
        })
    }
}

/// What a library's row says of its content.
pub fn library(organisation: OrganisationId, library: &Library) -> library::ActiveModel {
    library::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        library_id: Set(library.id.uuid()),
        revision: Set(library.revision),
        name: Set(library.content.name.clone()),
        name_folded: Set(fold(&library.content.name)),
        description: Set(library.content.description.clone()),
        division_id: Set(library.content.division.uuid()),
        ..Default::default()
    }
}

/// The row of a new library.
pub fn new_library(organisation: OrganisationId, new: &Library, once: Option<Once>) -> library::ActiveModel {
    library::ActiveModel {
        responses: Set(new.responses),
        request_id: Set(once.map(|once| once.request)),
        request_hash: Set(once.map(|once| once.hash.to_vec())),
        created_at: Set(new.created_at.millis()),
        deleted_at: Set(None),
        ..library(organisation, new)
    }
}

/// What a response's row says of its content.
pub fn response(organisation: OrganisationId, response: &Response) -> Result<response::ActiveModel, StoreError> {
    let content = &response.content;
    Ok(response::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        response_id: Set(response.id.uuid()),
        revision: Set(response.revision),
        name: Set(content.name.clone()),
        name_folded: Set(fold(&content.name)),
        shortcut: Set(content.shortcut.clone()),
        libraries: Set(text(&content.libraries)?),
        variants: Set(text(&content.variants)?),
        substitutions: Set(text(&content.substitutions)?),
        tags: Set(text(&content.tags)?),
        ..Default::default()
    })
}

/// The row of a new response.
pub fn new_response(
    organisation: OrganisationId,
    new: &Response,
    once: Option<Once>,
) -> Result<response::ActiveModel, StoreError> {
    Ok(response::ActiveModel {
        uses: Set(0),
        last_used_at: Set(None),
        request_id: Set(once.map(|once| once.request)),
        request_hash: Set(once.map(|once| once.hash.to_vec())),
        created_at: Set(new.created_at.millis()),
        deleted_at: Set(None),
        ..response(organisation, new)?
    })
}

pub fn text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(broken)
}

pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(broken)
}

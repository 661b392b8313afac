//! Libraries.

use super::Content;
use crate::content::{Library, LibraryContent};
use crate::store::{Listing, NamePlace, New};
use onqueue_model::{Caller, DivisionId, Fault, LibraryId, permissions};
use onqueue_server::resource::{Once, Page};
use std::sync::Arc;

/// What is to be set about a library; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct LibraryChange {
    pub name: Option<String>,
    pub description: Option<String>,
    pub division: Option<DivisionId>,
}

impl LibraryChange {
    fn of(&self, present: &LibraryContent) -> LibraryContent {
        LibraryContent {
            name: self.name.clone().unwrap_or_else(|| present.name.clone()),
            description: self.description.clone().unwrap_or_else(|| present.description.clone()),
            division: self.division.unwrap_or(present.division),
        }
    }
}

impl Content {
    /// Makes a library.
    pub async fn create_library(&self, caller: &Caller, content: LibraryContent, once: Once) -> Result<Library, Fault> {
        self.authority(caller)
            .in_division(permissions::LIBRARY_ADD, content.division)?;
        let by = self.actor(caller);
        let new = New {
            id: self.0.context.ids.id(by.at),
            content,
            once: Some(once),
        };
        Ok(self.0.tables.create_library(caller.organisation, new, by).await?)
    }

    /// The library, if the caller may see it.
    pub async fn get_library(&self, caller: &Caller, id: LibraryId) -> Result<Library, Fault> {
        let library = self.0.tables.library(caller.organisation, id).await?;
        let library = library.filter(|library| !library.is_deleted);
        let library = library.ok_or_else(|| Fault::not_found("library"))?;
        self.authority(caller).on_library(permissions::LIBRARY_VIEW, &library)?;
        Ok(library)
    }

    /// The libraries that the caller may see, by name.
    pub async fn list_libraries(&self, caller: &Caller, listing: &Listing) -> Result<Page<Library, NamePlace>, Fault> {
        let divisions = self.authority(caller).divisions(permissions::LIBRARY_VIEW);
        let tables = &self.0.tables;
        Ok(tables.list_libraries(caller.organisation, &divisions, listing).await?)
    }

    /// Changes a library.
    pub async fn update_library(
        &self,
        caller: &Caller,
        (id, etag): (LibraryId, String),
        wanted: LibraryChange,
    ) -> Result<Library, Fault> {
        let (authority, change) = (self.authority(caller), self.change(caller, etag));
        let judge = move |library: &Library| {
            authority.on_library(permissions::LIBRARY_EDIT, library)?;
            let content = wanted.of(&library.content);
            authority.in_division(permissions::LIBRARY_EDIT, content.division)?;
            Ok(content)
        };
        let tables = &self.0.tables;
        Ok(tables
            .update_library(caller.organisation, id, Arc::new(judge), change)
            .await?)
    }

    /// Deletes a library.
    pub async fn delete_library(&self, caller: &Caller, id: LibraryId, etag: String) -> Result<(), Fault> {
        let (authority, change) = (self.authority(caller), self.change(caller, etag));
        let judge = move |library: &Library| authority.on_library(permissions::LIBRARY_DELETE, library);
        let tables = &self.0.tables;
        Ok(tables
            .delete_library(caller.organisation, id, Arc::new(judge), change)
            .await?)
    }
}

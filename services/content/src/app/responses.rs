//! Responses.

use super::Content;
use crate::content::{Library, Response, ResponseContent, Substitution, Variant};
use crate::store::{self, Judged, Listing, NamePlace, New, Usage};
use onqueue_client::Behalf;
use onqueue_model::{Caller, ConversationId, Divisions, Fault, LibraryId, QueueId, Reason, ResponseId, permissions};
use onqueue_server::resource::{Once, Page};
use std::{collections::BTreeSet, sync::Arc};

/// What is to be set about a response; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ResponseChange {
    pub name: Option<String>,
    pub shortcut: Option<String>,
    pub libraries: Option<BTreeSet<LibraryId>>,
    pub variants: Option<Vec<Variant>>,
    pub substitutions: Option<Vec<Substitution>>,
    pub tags: Option<Vec<String>>,
}

impl ResponseChange {
    fn of(&self, present: &ResponseContent) -> ResponseContent {
        let present = present.clone();
        ResponseContent {
            name: self.name.clone().unwrap_or(present.name),
            shortcut: self.shortcut.clone().unwrap_or(present.shortcut),
            libraries: self.libraries.clone().unwrap_or(present.libraries),
            variants: self.variants.clone().unwrap_or(present.variants),
            substitutions: self.substitutions.clone().unwrap_or(present.substitutions),
            tags: self.tags.clone().unwrap_or(present.tags),
        }
    }
}

/// Which responses are listed.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Only of this library.
    pub library: Option<LibraryId>,
    /// Only with this tag; empty means any.
    pub tag: String,
    /// Only those that were used so.
    pub usage: Usage,
}

/// A message in which a response was sent.
#[derive(Clone, Debug)]
pub struct Used {
    pub response: ResponseId,
    pub message: String,
    /// Where; `None` if it was in none.
    pub conversation: Option<ConversationId>,
}

impl Content {
    /// Makes a response.
    pub async fn create_response(
        &self,
        caller: &Caller,
        content: ResponseContent,
        once: Once,
    ) -> Result<Response, Fault> {
        content.check()?;
        let (authority, by) = (self.authority(caller), self.actor(caller));
        let libraries = content.libraries.clone();
        let judge =
            move |judged: &Judged| authority.may_fill(permissions::RESPONSE_ADD, &judged.places, libraries.iter());
        let new = New {
            id: self.0.context.ids.id(by.at),
            content,
            once: Some(once),
        };
        let tables = &self.0.tables;
        Ok(tables
            .create_response(caller.organisation, new, Arc::new(judge), by)
            .await?)
    }

    /// The response, if the caller may see it.
    pub async fn get_response(&self, caller: &Caller, id: ResponseId) -> Result<Response, Fault> {
        let found = self.0.tables.response(caller.organisation, id).await?;
        let found = found.filter(|(response, _)| !response.is_deleted);
        let (response, places) = found.ok_or_else(|| Fault::not_found("response"))?;
        self.authority(caller).sees(&places, &response)?;
        Ok(response)
    }

    /// The responses that the caller may see, by name.
    pub async fn list_responses(
        &self,
        caller: &Caller,
        wanted: &Wanted,
        listing: &Listing,
    ) -> Result<Page<Response, NamePlace>, Fault> {
        let divisions = self.authority(caller).divisions(permissions::RESPONSE_VIEW);
        if let Some(library) = wanted.library {
            self.see_library(caller, library, &divisions).await?;
        }
        let tables = &self.0.tables;
        let within = (wanted.library, &divisions);
        Ok(tables
            .list_responses(caller.organisation, within, (&wanted.tag, wanted.usage), listing)
            .await?)
    }

    /// The library's name, if the caller may see what is in it.
    pub(super) async fn see_library(
        &self,
        caller: &Caller,
        id: LibraryId,
        divisions: &Divisions,
    ) -> Result<String, Fault> {
        let library = self.0.tables.library(caller.organisation, id).await?;
        let is_seen = |library: &Library| !library.is_deleted && divisions.contains(&library.content.division);
        let seen = library.filter(is_seen).map(|library| library.content.name);
        seen.ok_or_else(|| Fault::not_found("library"))
    }

    /// Changes a response.
    pub async fn update_response(
        &self,
        caller: &Caller,
        (id, etag): (ResponseId, String),
        wanted: ResponseChange,
    ) -> Result<Response, Fault> {
        let (authority, change) = (self.authority(caller), self.change(caller, etag));
        let libraries = wanted.libraries.clone().unwrap_or_default();
        let judge = move |judged: &Judged| {
            let (response, places) = (present(judged)?, &judged.places);
            authority.on_response(permissions::RESPONSE_EDIT, places, response)?;
            let content = wanted.of(&response.content);
            let new = content.libraries.difference(&response.content.libraries);
            authority.may_fill(permissions::RESPONSE_EDIT, places, new)?;
            content.check()?;
            Ok(content)
        };
        let tables = &self.0.tables;
        let work = tables.update_response(caller.organisation, (id, libraries), Arc::new(judge), change);
        Ok(work.await?)
    }

    /// Deletes a response.
    pub async fn delete_response(&self, caller: &Caller, id: ResponseId, etag: String) -> Result<(), Fault> {
        let (authority, change) = (self.authority(caller), self.change(caller, etag));
        let judge = move |judged: &Judged| {
            authority.on_response(permissions::RESPONSE_DELETE, &judged.places, present(judged)?)
        };
        let tables = &self.0.tables;
        Ok(tables
            .delete_response(caller.organisation, id, Arc::new(judge), change)
            .await?)
    }

    /// Counts that a response was sent in a message. That counts for the conversation's queue if session says now which it
    /// is; for the response it counts in any case.
    pub async fn record_use(&self, caller: &Caller, behalf: Behalf, used: Used) -> Result<i64, Fault> {
        self.get_response(caller, used.response).await?;
        let queue = match used.conversation {
            Some(conversation) => self.queue_of(caller, behalf, conversation).await?,
            None => None,
        };
        let used = store::Use {
            response: used.response,
            message: used.message,
            user: caller.user(),
            queue,
            at: self.0.context.clock.now(),
        };
        let id = used.response;
        let counted = self.0.tables.record_use(caller.organisation, used).await?;
        self.0.indexes.count(caller.organisation, id, &counted).await;
        Ok(counted.uses)
    }

    async fn queue_of(
        &self,
        caller: &Caller,
        behalf: Behalf,
        conversation: ConversationId,
    ) -> Result<Option<QueueId>, Fault> {
        match self.allowed(caller, behalf, conversation).await {
            Ok(allowed) => Ok(allowed.queue),
            Err(fault) if fault.reason == Reason::Unavailable => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

fn present(judged: &Judged) -> Result<&Response, Fault> {
    judged.response.as_ref().ok_or_else(|| Fault::not_found("response"))
}

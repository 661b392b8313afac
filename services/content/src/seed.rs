//! What the demo begins with.

use crate::content::{LibraryContent, ResponseContent};
use crate::grpc::{library_content, response_content};
use crate::store::{Actor, Judged, New, Tables};
use onqueue_model::{Fault, LibraryId, OrganisationId, Reason, ResponseId};
use onqueue_proto::content::v1 as proto;
use onqueue_server::Context;
use onqueue_store::{Store, StoreError};
use std::sync::Arc;

/// An organisation's libraries and responses.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Whose.
    pub organisation: OrganisationId,
    /// Libraries, each with its id.
    pub libraries: Vec<proto::Library>,
    /// Responses, each with its id.
    pub responses: Vec<proto::Response>,
}

/// Makes the libraries and responses that the organisation never had. What people have changed or deleted stays so, and what
/// would be in the way of something that they have made is left out: a library of a name that is taken, a response whose
/// shortcut is taken or whose libraries are all gone. FIELD_INVALID and ID_MALFORMED as CreateLibrary and CreateResponse
/// answer them.
pub async fn seed(store: &Store, context: &Context, seed: Seed) -> Result<(), Fault> {
    let tables = Tables(store.clone());
    let by = Actor {
        name: "operator".to_owned(),
        at: context.clock.now(),
    };
    for library in seed.libraries {
        let id = library.library_id.parse().map_err(|_| Fault::id("library_id"))?;
        put_library(&tables, seed.organisation, (id, library_content(&library)?), &by).await?;
    }
    for response in seed.responses {
        let id = response.response_id.parse().map_err(|_| Fault::id("response_id"))?;
        let content = response_content(&response)?;
        content.check()?;
        put_response(&tables, seed.organisation, (id, content), &by).await?;
    }
    Ok(())
}

async fn put_library(
    tables: &Tables,
    organisation: OrganisationId,
    (id, content): (LibraryId, LibraryContent),
    by: &Actor,
) -> Result<(), Fault> {
    if tables.library(organisation, id).await?.is_some() {
        return Ok(());
    }
    let new = New {
        id,
        content,
        once: None,
    };
    unless_in_the_way(tables.create_library(organisation, new, by.clone()).await)
}

async fn put_response(
    tables: &Tables,
    organisation: OrganisationId,
    (id, mut content): (ResponseId, ResponseContent),
    by: &Actor,
) -> Result<(), Fault> {
    if tables.response(organisation, id).await?.is_some() {
        return Ok(());
    }
    let places = tables.places(organisation, &content.libraries).await?;
    let is_there = |library: &LibraryId| places.get(library).is_some_and(|place| !place.is_deleted);
    content.libraries.retain(is_there);
    if content.libraries.is_empty() {
        return Ok(());
    }
    let new = New {
        id,
        content,
        once: None,
    };
    let judge = Arc::new(|_: &Judged| Ok(()));
    unless_in_the_way(tables.create_response(organisation, new, judge, by.clone()).await)
}

fn unless_in_the_way<T>(outcome: Result<T, StoreError>) -> Result<(), Fault> {
    match outcome {
        Err(StoreError::Refused(fault)) if fault.reason == Reason::NameTaken => Ok(()),
        other => Ok(other.map(|_| ())?),
    }
}

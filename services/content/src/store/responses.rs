//! Responses: making, changing and deleting them.

use super::entities::response::{Column, Entity};
use super::entities::{library, place};
use super::places;
use super::{Actor, Change, Judge, New, Tables, check_etag, check_hash, done, lock, next_revision, record, rows};
use crate::content::{Place, Places, Response, ResponseContent};
use onqueue_model::{Fault, LibraryId, OrganisationId, ResponseId};
use onqueue_store::{Scope, StoreError, query::fold};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _, prelude::Expr,
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What a change is judged by.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The response as it is; `None` before it is made.
    pub response: Option<Response>,
    /// The libraries that it is in and is to be in, as far as there ever were such.
    pub places: Places,
}

impl Tables {
    /// Makes the response, if `judge` lets it. The same request again answers the first one; with another body
    /// REQUEST_ID_REUSED. NAME_TAKEN if its shortcut is taken in one of its libraries.
    pub async fn create_response(
        &self,
        organisation: OrganisationId,
        new: New<ResponseId, ResponseContent>,
        judge: Judge<Judged, ()>,
        by: Actor,
    ) -> Result<Response, StoreError> {
        let work = self.0.transaction_with((new, judge, by), move |tx, (new, judge, by)| {
            Box::pin(create(tx, organisation, (new, judge), by))
        });
        work.await
    }

    /// The response and the libraries that it is or was in; `None` if the organisation never had one of that id.
    pub async fn response(
        &self,
        organisation: OrganisationId,
        id: ResponseId,
    ) -> Result<Option<(Response, Places)>, StoreError> {
        let Some(response) = find(self.0.reader(), organisation, id).await? else {
            return Ok(None);
        };
        let places = libraries_of(self.0.reader(), organisation, &response.content.libraries).await?;
        Ok(Some((response, places)))
    }

    /// Makes of the response what `judge` answers, which may put it into the libraries of `wanted` too. One that is so
    /// already stays as it is, whatever the etag.
    pub async fn update_response(
        &self,
        organisation: OrganisationId,
        (id, wanted): (ResponseId, BTreeSet<LibraryId>),
        judge: Judge<Judged, ResponseContent>,
        change: Change,
    ) -> Result<Response, StoreError> {
        let given = (wanted, judge, change);
        let work = self.0.transaction_with(given, move |tx, (wanted, judge, change)| {
            Box::pin(update(tx, organisation, (id, wanted, judge), change))
        });
        work.await
    }

    /// Deletes the response, unless that was done before.
    pub async fn delete_response(
        &self,
        organisation: OrganisationId,
        id: ResponseId,
        judge: Judge<Judged, ()>,
        change: Change,
    ) -> Result<(), StoreError> {
        let work = self.0.transaction_with((judge, change), move |tx, (judge, change)| {
            Box::pin(delete(tx, organisation, (id, judge), change))
        });
        work.await
    }

    /// Those of these libraries that there ever were.
    pub async fn places(
        &self,
        organisation: OrganisationId,
        libraries: &BTreeSet<LibraryId>,
    ) -> Result<Places, StoreError> {
        libraries_of(self.0.reader(), organisation, libraries).await
    }
}

pub(super) async fn find<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    id: ResponseId,
) -> Result<Option<Response>, StoreError> {
    let select = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::ResponseId.eq(id.uuid()));
    select.one(connection).await?.map(Response::try_from).transpose()
}

pub(super) async fn libraries_of<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    libraries: &BTreeSet<LibraryId>,
) -> Result<Places, StoreError> {
    let ids = libraries.iter().map(|id| id.uuid());
    let select = Scope::of(organisation)
        .find::<library::Entity>()
        .filter(library::Column::LibraryId.is_in(ids));
    let place = |row: library::Model| {
        let place = Place {
            division: row.division_id.into(),
            is_deleted: row.deleted_at.is_some(),
        };
        (row.library_id.into(), place)
    };
    Ok(select.all(connection).await?.into_iter().map(place).collect())
}

async fn create(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (new, judge): (&New<ResponseId, ResponseContent>, &Judge<Judged, ()>),
    by: &Actor,
) -> Result<Response, StoreError> {
    let present = lock(tx, organisation).await?;
    if let Some(once) = &new.once {
        let before = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::RequestId.eq(once.request));
        if let Some(row) = before.one(tx).await? {
            check_hash(once, row.request_hash.as_deref())?;
            return row.try_into();
        }
    }
    let judged = Judged {
        response: None,
        places: libraries_of(tx, organisation, &new.content.libraries).await?,
    };
    judge(&judged)?;
    refuse_taken(tx, organisation, &new.content, new.id).await?;
    let response = Response {
        id: new.id,
        revision: next_revision(tx, organisation, present).await?,
        content: new.content.clone(),
        uses: 0,
        last_used_at: None,
        created_at: by.at,
        is_deleted: false,
    };
    let row = rows::new_response(organisation, &response, new.once)?;
    Entity::insert(row).exec_without_returning(tx).await?;
    places::enter(tx, organisation, std::slice::from_ref(&response), &judged.places).await?;
    let done = done("response.create", response.id, (None, Some(&response.content)))?;
    record(tx, organisation, by, done).await?;
    Ok(response)
}

async fn update(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (id, wanted, judge): (ResponseId, &BTreeSet<LibraryId>, &Judge<Judged, ResponseContent>),
    change: &Change,
) -> Result<Response, StoreError> {
    let present = lock(tx, organisation).await?;
    let before = find(tx, organisation, id)
        .await?
        .filter(|response| !response.is_deleted);
    let before = before.ok_or_else(|| Fault::not_found("response"))?;
    let libraries = &before.content.libraries | wanted;
    let judged = Judged {
        response: Some(before.clone()),
        places: libraries_of(tx, organisation, &libraries).await?,
    };
    let content = judge(&judged)?;
    if content == before.content {
        return Ok(before);
    }
    check_etag(&change.etag, before.revision)?;
    refuse_taken(tx, organisation, &content, id).await?;
    let response = Response {
        revision: next_revision(tx, organisation, present).await?,
        content,
        ..before.clone()
    };
    let row = rows::response(organisation, &response)?;
    Entity::update(row).exec_without_returning(tx).await?;
    places::leave(tx, organisation, &[id.uuid()]).await?;
    places::enter(tx, organisation, std::slice::from_ref(&response), &judged.places).await?;
    let contents = (Some(&before.content), Some(&response.content));
    record(tx, organisation, &change.by, done("response.update", id, contents)?).await?;
    Ok(response)
}

async fn delete(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (id, judge): (ResponseId, &Judge<Judged, ()>),
    change: &Change,
) -> Result<(), StoreError> {
    let present = lock(tx, organisation).await?;
    let response = find(tx, organisation, id).await?;
    let response = response.ok_or_else(|| Fault::not_found("response"))?;
    let places = libraries_of(tx, organisation, &response.content.libraries).await?;
    judge(&Judged {
        response: Some(response.clone()),
        places,
    })?;
    if response.is_deleted {
        return Ok(());
    }
    check_etag(&change.etag, response.revision)?;
    let revision = next_revision(tx, organisation, present).await?;
    delete_responses(tx, organisation, &[id.uuid()], (revision, &change.by)).await?;
    let done = done("response.delete", id, (Some(&response.content), None))?;
    record(tx, organisation, &change.by, done).await
}

async fn refuse_taken(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    content: &ResponseContent,
    id: ResponseId,
) -> Result<(), StoreError> {
    if content.shortcut.is_empty() {
        return Ok(());
    }
    let other = Scope::of(organisation)
        .find::<place::Entity>()
        .filter(place::Column::LibraryId.is_in(content.libraries.iter().map(|id| id.uuid())))
        .filter(place::Column::ShortcutFolded.eq(fold(&content.shortcut)))
        .filter(place::Column::ResponseId.ne(id.uuid()));
    match other.one(tx).await? {
        None => Ok(()),
        Some(other) => Err(Fault::name_taken("response.shortcut")
            .with("library", other.library_id)
            .into()),
    }
}

/// Deletes responses, up to a thousand; what they were found by goes. Which libraries they were in stays.
pub(super) async fn delete_responses(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    ids: &[Uuid],
    (revision, by): (i64, &Actor),
) -> Result<(), StoreError> {
    let ids = || ids.iter().copied();
    Entity::update_many()
        .col_expr(Column::Revision, Expr::value(revision))
        .col_expr(Column::DeletedAt, Expr::value(by.at.millis()))
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::ResponseId.is_in(ids()))
        .exec(tx)
        .await?;
    places::leave(tx, organisation, &ids().collect::<Vec<_>>()).await
}

//! Libraries: making, changing and deleting them.

use super::entities::library::{ActiveModel, Column, Entity};
use super::entities::response;
use super::places;
use super::responses::delete_responses;
use super::{Actor, Change, Judge, New, ROWS, Tables, check_etag, check_hash, done, lock, next_revision, record, rows};
use crate::content::{Library, LibraryContent, Response};
use onqueue_model::{Fault, LibraryId, OrganisationId};
use onqueue_store::{Scope, StoreError, query::fold};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _, Set, Unchanged,
};

impl Tables {
    /// Makes the library. The same request again answers the first one; with another body REQUEST_ID_REUSED. NAME_TAKEN if
    /// the organisation has one of that name.
    pub async fn create_library(
        &self,
        organisation: OrganisationId,
        new: New<LibraryId, LibraryContent>,
        by: Actor,
    ) -> Result<Library, StoreError> {
        let work = self.0.transaction_with((new, by), move |tx, (new, by)| {
            Box::pin(create(tx, organisation, new, by))
        });
        work.await
    }

    /// The library, deleted or not; `None` if the organisation never had one of that id.
    pub async fn library(&self, organisation: OrganisationId, id: LibraryId) -> Result<Option<Library>, StoreError> {
        find(self.0.reader(), organisation, id).await
    }

    /// Makes of the library what `judge` answers. One that is so already stays as it is, whatever the etag.
    pub async fn update_library(
        &self,
        organisation: OrganisationId,
        id: LibraryId,
        judge: Judge<Library, LibraryContent>,
        change: Change,
    ) -> Result<Library, StoreError> {
        let work = self.0.transaction_with((judge, change), move |tx, (judge, change)| {
            Box::pin(update(tx, organisation, (id, judge), change))
        });
        work.await
    }

    /// Deletes the library and the responses that are in no other, unless that was done before.
    pub async fn delete_library(
        &self,
        organisation: OrganisationId,
        id: LibraryId,
        judge: Judge<Library, ()>,
        change: Change,
    ) -> Result<(), StoreError> {
        let work = self.0.transaction_with((judge, change), move |tx, (judge, change)| {
            Box::pin(delete(tx, organisation, (id, judge), change))
        });
        work.await
    }
}

pub(super) async fn find<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    id: LibraryId,
) -> Result<Option<Library>, StoreError> {
    let select = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::LibraryId.eq(id.uuid()));
    Ok(select.one(connection).await?.map(Library::from))
}

async fn create(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    new: &New<LibraryId, LibraryContent>,
    by: &Actor,
) -> Result<Library, StoreError> {
    let present = lock(tx, organisation).await?;
    if let Some(once) = &new.once {
        let before = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::RequestId.eq(once.request));
        if let Some(row) = before.one(tx).await? {
            check_hash(once, row.request_hash.as_deref())?;
            return Ok(row.into());
        }
    }
    refuse_taken(tx, organisation, &new.content.name, new.id).await?;
    let library = Library {
        id: new.id,
        revision: next_revision(tx, organisation, present).await?,
        content: new.content.clone(),
        responses: 0,
        created_at: by.at,
        is_deleted: false,
    };
    let row = rows::new_library(organisation, &library, new.once);
    Entity::insert(row).exec_without_returning(tx).await?;
    let done = done("library.create", library.id, (None, Some(&library.content)))?;
    record(tx, organisation, by, done).await?;
    Ok(library)
}

async fn update(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (id, judge): (LibraryId, &Judge<Library, LibraryContent>),
    change: &Change,
) -> Result<Library, StoreError> {
    let present = lock(tx, organisation).await?;
    let before = find(tx, organisation, id).await?.filter(|library| !library.is_deleted);
    let before = before.ok_or_else(|| Fault::not_found("library"))?;
    let content = judge(&before)?;
    if content == before.content {
        return Ok(before);
    }
    check_etag(&change.etag, before.revision)?;
    refuse_taken(tx, organisation, &content.name, id).await?;
    let library = Library {
        revision: next_revision(tx, organisation, present).await?,
        content,
        ..before.clone()
    };
    let row = rows::library(organisation, &library);
    Entity::update(row).exec_without_returning(tx).await?;
    if library.content.division != before.content.division {
        places::move_all(tx, organisation, &library).await?;
    }
    let contents = (Some(&before.content), Some(&library.content));
    record(tx, organisation, &change.by, done("library.update", id, contents)?).await?;
    Ok(library)
}

async fn delete(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (id, judge): (LibraryId, &Judge<Library, ()>),
    change: &Change,
) -> Result<(), StoreError> {
    let present = lock(tx, organisation).await?;
    let library = find(tx, organisation, id).await?;
    let library = library.ok_or_else(|| Fault::not_found("library"))?;
    judge(&library)?;
    if library.is_deleted {
        return Ok(());
    }
    check_etag(&change.etag, library.revision)?;
    let revision = next_revision(tx, organisation, present).await?;
    let row = ActiveModel {
        organisation_id: Unchanged(organisation.uuid()),
        library_id: Unchanged(id.uuid()),
        revision: Set(revision),
        deleted_at: Set(Some(change.by.at.millis())),
        ..Default::default()
    };
    Entity::update(row).exec_without_returning(tx).await?;
    empty(tx, organisation, id, (revision, &change.by)).await?;
    let done = done("library.delete", id, (Some(&library.content), None))?;
    record(tx, organisation, &change.by, done).await
}

/// Takes every response out of the library; those that are in no other are deleted.
async fn empty(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    library: LibraryId,
    (revision, by): (i64, &Actor),
) -> Result<(), StoreError> {
    let ids = places::inside(tx, organisation, library).await?;
    for ids in ids.chunks(ROWS) {
        let inside = Scope::of(organisation)
            .find::<response::Entity>()
            .filter(response::Column::ResponseId.is_in(ids.iter().copied()));
        let mut alone = Vec::new();
        for row in inside.all(tx).await? {
            let mut response = Response::try_from(row)?;
            response.content.libraries.remove(&library);
            if response.content.libraries.is_empty() {
                alone.push(response.id.uuid());
            } else {
                response.revision = revision;
                let row = rows::response(organisation, &response)?;
                response::Entity::update(row).exec_without_returning(tx).await?;
            }
        }
        delete_responses(tx, organisation, &alone, (revision, by)).await?;
    }
    places::clear(tx, organisation, library).await
}

async fn refuse_taken(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    name: &str,
    id: LibraryId,
) -> Result<(), StoreError> {
    let other = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::NameFolded.eq(fold(name)))
        .filter(Column::LibraryId.ne(id.uuid()))
        .filter(Column::DeletedAt.is_null());
    match other.one(tx).await? {
        None => Ok(()),
        Some(_) => Err(Fault::name_taken("library.name").into()),
    }
}

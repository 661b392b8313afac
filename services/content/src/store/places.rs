//! Where responses are found: a row for each library that they are in, and one for each library and tag; and how many each
//! library has.

use super::ROWS;
use super::entities::{library, place, tagged};
use crate::content::{Library, Places, Response};
use onqueue_model::{LibraryId, OrganisationId};
use onqueue_store::{Scope, StoreError, query::fold};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _, QuerySelect as _, Set,
    prelude::Expr,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Puts responses into their libraries, as far as these are there.
pub async fn enter(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    responses: &[Response],
    places: &Places,
) -> Result<(), StoreError> {
    let (mut placed, mut marked) = (Vec::new(), Vec::new());
    let mut more: BTreeMap<Uuid, i64> = BTreeMap::new();
    for response in responses {
        for library in &response.content.libraries {
            let Some(found) = places.get(library) else { continue };
            *more.entry(library.uuid()).or_default() += 1;
            let at = (organisation, library.uuid(), found.division.uuid());
            placed.push(place_of(at, response));
            marked.extend(tags_of(at, response));
        }
    }
    for rows in placed.chunks(ROWS) {
        let rows = rows.iter().cloned();
        place::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    for rows in marked.chunks(ROWS) {
        let rows = rows.iter().cloned();
        tagged::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    for (library, responses) in more {
        count(tx, organisation, library, responses).await?;
    }
    Ok(())
}

/// An organisation, a library of it, and its division.
type At = (OrganisationId, Uuid, Uuid);

fn place_of((organisation, library, division): At, response: &Response) -> place::ActiveModel {
    let content = &response.content;
    place::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        library_id: Set(library),
        response_id: Set(response.id.uuid()),
        division_id: Set(division),
        name_folded: Set(fold(&content.name)),
        shortcut_folded: Set(Some(fold(&content.shortcut)).filter(|shortcut| !shortcut.is_empty())),
    }
}

fn tags_of((organisation, library, division): At, response: &Response) -> Vec<tagged::ActiveModel> {
    let folded: BTreeSet<String> = response.content.tags.iter().map(|tag| fold(tag)).collect();
    let row = |tag| tagged::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        tag_folded: Set(tag),
        library_id: Set(library),
        response_id: Set(response.id.uuid()),
        division_id: Set(division),
        name_folded: Set(fold(&response.content.name)),
    };
    folded.into_iter().map(row).collect()
}

/// Takes responses, up to a thousand, out of all libraries.
pub async fn leave(tx: &DatabaseTransaction, organisation: OrganisationId, ids: &[Uuid]) -> Result<(), StoreError> {
    let ids = || ids.iter().copied();
    let left: Vec<(Uuid, i64)> = Scope::of(organisation)
        .find::<place::Entity>()
        .select_only()
        .column(place::Column::LibraryId)
        .column_as(place::Column::ResponseId.count(), "responses")
        .filter(place::Column::ResponseId.is_in(ids()))
        .group_by(place::Column::LibraryId)
        .into_tuple()
        .all(tx)
        .await?;
    for (library, responses) in left {
        count(tx, organisation, library, -responses).await?;
    }
    place::Entity::delete_many()
        .filter(place::Column::OrganisationId.eq(organisation.uuid()))
        .filter(place::Column::ResponseId.is_in(ids()))
        .exec(tx)
        .await?;
    tagged::Entity::delete_many()
        .filter(tagged::Column::OrganisationId.eq(organisation.uuid()))
        .filter(tagged::Column::ResponseId.is_in(ids()))
        .exec(tx)
        .await?;
    Ok(())
}

/// The responses in a library.
pub async fn inside(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    library: LibraryId,
) -> Result<Vec<Uuid>, StoreError> {
    let inside = Scope::of(organisation)
        .find::<place::Entity>()
        .select_only()
        .column(place::Column::ResponseId)
        .filter(place::Column::LibraryId.eq(library.uuid()));
    Ok(inside.into_tuple().all(tx).await?)
}

/// Takes all responses out of a library that is gone.
pub async fn clear(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    library: LibraryId,
) -> Result<(), StoreError> {
    place::Entity::delete_many()
        .filter(place::Column::OrganisationId.eq(organisation.uuid()))
        .filter(place::Column::LibraryId.eq(library.uuid()))
        .exec(tx)
        .await?;
    tagged::Entity::delete_many()
        .filter(tagged::Column::OrganisationId.eq(organisation.uuid()))
        .filter(tagged::Column::LibraryId.eq(library.uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

/// What is in a library is in its division now.
pub async fn move_all(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    library: &Library,
) -> Result<(), StoreError> {
    let division = library.content.division.uuid();
    place::Entity::update_many()
        .col_expr(place::Column::DivisionId, Expr::value(division))
        .filter(place::Column::OrganisationId.eq(organisation.uuid()))
        .filter(place::Column::LibraryId.eq(library.id.uuid()))
        .exec(tx)
        .await?;
    tagged::Entity::update_many()
        .col_expr(tagged::Column::DivisionId, Expr::value(division))
        .filter(tagged::Column::OrganisationId.eq(organisation.uuid()))
        .filter(tagged::Column::LibraryId.eq(library.id.uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

async fn count(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    library: Uuid,
    more: i64,
) -> Result<(), StoreError> {
    library::Entity::update_many()
        .col_expr(
            library::Column::Responses,
            Expr::col(library::Column::Responses).add(more),
        )
        .filter(library::Column::OrganisationId.eq(organisation.uuid()))
        .filter(library::Column::LibraryId.eq(library))
        .exec(tx)
        .await?;
    Ok(())
}

//! Where responses are found: a row for each library that they are in, and one for each library and tag; and how many each
//! library has.

use super::entities::{library, place, tagged};
use crate::content::{Library, Places, Response};
use onqueue_model::{LibraryId, OrganisationId};
use onqueue_store::{Scope, StoreError, query::fold};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _, QuerySelect as _, Set,
    prelude::Expr,
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Puts a response into its libraries, as far as they are there.
pub async fn enter(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    response: &Response,
    places: &Places,
) -> Result<(), StoreError> {
    let content = &response.content;
    let shortcut = Some(fold(&content.shortcut)).filter(|shortcut| !shortcut.is_empty());
    let live = || content.libraries.iter().filter_map(|id| Some((id, places.get(id)?)));
    let rows = live().map(|(library, found)| place::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        library_id: Set(library.uuid()),
        response_id: Set(response.id.uuid()),
        division_id: Set(found.division.uuid()),
        name_folded: Set(fold(&content.name)),
        shortcut_folded: Set(shortcut.clone()),
    });
    place::Entity::insert_many(rows).exec_without_returning(tx).await?;
    count(tx, organisation, live().map(|(library, _)| library.uuid()).collect(), 1).await?;
    let folded: BTreeSet<String> = content.tags.iter().map(|tag| fold(tag)).collect();
    if folded.is_empty() {
        return Ok(());
    }
    let each = live().flat_map(|(library, found)| folded.iter().map(move |tag| (library, found, tag)));
    let rows = each.map(|(library, found, tag)| tagged::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        tag_folded: Set(tag.clone()),
        library_id: Set(library.uuid()),
        response_id: Set(response.id.uuid()),
        division_id: Set(found.division.uuid()),
        name_folded: Set(fold(&content.name)),
    });
    tagged::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
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
        count(tx, organisation, vec![library], -responses).await?;
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
    libraries: Vec<Uuid>,
    more: i64,
) -> Result<(), StoreError> {
    library::Entity::update_many()
        .col_expr(
            library::Column::Responses,
            Expr::col(library::Column::Responses).add(more),
        )
        .filter(library::Column::OrganisationId.eq(organisation.uuid()))
        .filter(library::Column::LibraryId.is_in(libraries))
        .exec(tx)
        .await?;
    Ok(())
}

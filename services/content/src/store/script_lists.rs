//! Lists of scripts by name, and of versions from the newest on: each page a range of an index, without documents.

use super::entities::{script, version};
use super::lists::each;
use super::{Listing, NamePlace, Tables};
use crate::script::{Script, Version};
use onqueue_model::{Divisions, OrganisationId, ScriptId};
use onqueue_server::resource::Page;
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ColumnTrait as _, EntityTrait, Iterable as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
    prelude::Expr,
};

impl Tables {
    /// A page of the scripts of the divisions, without their drafts.
    pub async fn list_scripts(
        &self,
        organisation: OrganisationId,
        divisions: &Divisions,
        listing: &Listing,
    ) -> Result<Page<Script, NamePlace>, StoreError> {
        let mut found = Vec::new();
        for page in scripts(organisation, divisions, listing) {
            let rows = page.into_model::<script::Model>().all(self.0.reader()).await?;
            found.extend(rows);
        }
        let place = |row: &script::Model| (row.name_folded.clone(), row.script_id);
        found.sort_by_cached_key(place);
        let Page { items, next } = Page::of(found, listing.size, place);
        Ok(Page {
            items: items.into_iter().map(Script::from).collect(),
            next,
        })
    }

    /// A page of the versions of a script before that one, the newest first, without their documents.
    pub async fn list_versions(
        &self,
        organisation: OrganisationId,
        id: ScriptId,
        (before, size): (Option<i32>, u64),
    ) -> Result<Page<Version, i32>, StoreError> {
        let rows = versions(organisation, id, (before, size))
            .into_model::<version::Model>()
            .all(self.0.reader())
            .await?;
        let versions = rows.into_iter().map(Version::from).collect();
        Ok(Page::of(versions, size, |last: &Version| last.number))
    }
}

pub(super) fn scripts(
    organisation: OrganisationId,
    divisions: &Divisions,
    listing: &Listing,
) -> Vec<Select<script::Entity>> {
    use script::{Column, Entity};
    let range = listing.range(Column::NameFolded, Column::ScriptId);
    // No two have the same name.
    let page = |division| {
        without(Scope::of(organisation).find::<Entity>(), Column::Draft, "draft")
            .filter(Column::DeletedAt.is_null())
            .filter(division)
            .filter(range.clone())
            .order_by_asc(Column::NameFolded)
            .limit(listing.size + 1)
    };
    each(Column::DivisionId, divisions).into_iter().map(page).collect()
}

pub(super) fn versions(
    organisation: OrganisationId,
    id: ScriptId,
    (before, size): (Option<i32>, u64),
) -> Select<version::Entity> {
    use version::{Column, Entity};
    let all = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::ScriptId.eq(id.uuid()));
    without(all, Column::Document, "document")
        .filter(Column::Version.lt(before.unwrap_or(i32::MAX)))
        .order_by_desc(Column::Version)
        .limit(size + 1)
}

/// All columns, that one empty.
fn without<E: EntityTrait>(all: Select<E>, column: E::Column, name: &str) -> Select<E>
where
    E::Column: Copy,
{
    use sea_orm::IdenStatic as _;
    let others = E::Column::iter().filter(|one| one.as_str() != column.as_str());
    all.select_only().columns(others).column_as(Expr::value(""), name)
}

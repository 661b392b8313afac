//! Lists: pages in the order of folded names and ids, each a range of an index.

use super::Tables;
use super::entities::{library, place, response, tagged};
use crate::content::{Library, Response};
use onqueue_model::{DivisionId, Divisions, LibraryId, OrganisationId};
use onqueue_server::resource::Page;
use onqueue_store::{Scope, StoreError, query, query::fold};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Where a page ended: the folded name and the id of the last.
pub type NamePlace = (String, Uuid);

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Only names that begin with it, without regard to case.
    pub text: String,
    pub after: Option<NamePlace>,
    /// How many a page has.
    pub size: u64,
}

/// Which responses, by how often they were used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    /// All of them.
    #[default]
    Any,
    /// Those that nobody ever used.
    Never,
}

impl Tables {
    /// A page of the libraries of the divisions.
    pub async fn list_libraries(
        &self,
        organisation: OrganisationId,
        divisions: &Divisions,
        listing: &Listing,
    ) -> Result<Page<Library, NamePlace>, StoreError> {
        let mut found = Vec::new();
        for page in libraries(organisation, divisions, listing) {
            found.extend(page.all(self.0.reader()).await?);
        }
        let place = |row: &library::Model| (row.name_folded.clone(), row.library_id);
        found.sort_by_cached_key(place);
        let Page { items, next } = Page::of(found, listing.size, place);
        Ok(Page {
            items: items.into_iter().map(Library::from).collect(),
            next,
        })
    }

    /// A page of the responses of that library if there is one, or else of all libraries of the divisions; with that tag if
    /// there is one.
    pub async fn list_responses(
        &self,
        organisation: OrganisationId,
        within: (Option<LibraryId>, &Divisions),
        (tag, usage): (&str, Usage),
        listing: &Listing,
    ) -> Result<Page<Response, NamePlace>, StoreError> {
        let found = match (within, tag) {
            ((None, Divisions::All), "") => return self.all_responses(organisation, usage, listing).await,
            (_, "") => {
                let pages = placed(organisation, within, listing);
                let pages = pages.into_iter();
                let chosen = pages.map(|page| used(page, place::Column::ResponseId, (organisation, usage)));
                self.names(chosen.collect()).await?
            }
            _ => {
                let pages = tagged(organisation, within, tag, listing).into_iter();
                let chosen = pages.map(|page| used(page, tagged::Column::ResponseId, (organisation, usage)));
                self.names(chosen.collect()).await?
            }
        };
        let Page { items, next } = Page::of(found.into_iter().collect(), listing.size, Clone::clone);
        let ids: Vec<Uuid> = items.into_iter().map(|(_, id)| id).collect();
        let items = self.responses(organisation, &ids).await?;
        Ok(Page { items, next })
    }

    /// The names and ids on those pages, each once.
    async fn names<E: EntityTrait>(&self, pages: Vec<Select<E>>) -> Result<BTreeSet<NamePlace>, StoreError> {
        let mut found = BTreeSet::new();
        for page in pages {
            let names: Vec<NamePlace> = page.into_tuple().all(self.0.reader()).await?;
            found.extend(names);
        }
        Ok(found)
    }

    async fn all_responses(
        &self,
        organisation: OrganisationId,
        usage: Usage,
        listing: &Listing,
    ) -> Result<Page<Response, NamePlace>, StoreError> {
        let page = match usage {
            Usage::Any => responses(organisation, listing),
            Usage::Never => responses(organisation, listing).filter(response::Column::Uses.eq(0)),
        };
        let rows = page.all(self.0.reader()).await?;
        let place = |row: &response::Model| (row.name_folded.clone(), row.response_id);
        let Page { items, next } = Page::of(rows, listing.size, place);
        let items = items.into_iter().map(Response::try_from);
        Ok(Page {
            items: items.collect::<Result<_, _>>()?,
            next,
        })
    }

    /// The responses of these ids, in this order; without those that there are not.
    pub async fn responses(&self, organisation: OrganisationId, ids: &[Uuid]) -> Result<Vec<Response>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = named(organisation, ids).all(self.0.reader()).await?;
        let there = rows.into_iter().filter(|row| row.deleted_at.is_none());
        let mut rows: BTreeMap<Uuid, _> = there.map(|row| (row.response_id, row)).collect();
        ids.iter()
            .filter_map(|id| rows.remove(id))
            .map(Response::try_from)
            .collect()
    }
}

/// Those rows of the page whose responses were used so.
fn used<E: EntityTrait>(page: Select<E>, id: E::Column, (organisation, usage): (OrganisationId, Usage)) -> Select<E> {
    use response::{Column, Entity};
    if usage == Usage::Any {
        return page;
    }
    let unused = Scope::of(organisation)
        .find::<Entity>()
        .select_only()
        .column(Column::ResponseId)
        .filter(Column::DeletedAt.is_null())
        .filter(Column::Uses.eq(0));
    page.filter(id.in_subquery(unused.into_query()))
}

/// Each division for itself, because an index has its rows in order.
pub(super) fn each<C: ColumnTrait>(column: C, divisions: &Divisions) -> Vec<Condition> {
    match divisions {
        Divisions::All => vec![Condition::all()],
        Divisions::Only(ids) => {
            let of = |id: &DivisionId| Condition::all().add(column.eq(id.uuid()));
            ids.iter().map(of).collect()
        }
    }
}

pub(super) fn libraries(
    organisation: OrganisationId,
    divisions: &Divisions,
    listing: &Listing,
) -> Vec<Select<library::Entity>> {
    use library::{Column, Entity};
    let range = listing.range(Column::NameFolded, Column::LibraryId);
    // No two have the same name.
    let page = |division| {
        let all = Scope::of(organisation).find::<Entity>();
        all.filter(Column::DeletedAt.is_null())
            .filter(division)
            .filter(range.clone())
            .order_by_asc(Column::NameFolded)
            .limit(listing.size + 1)
    };
    each(Column::DivisionId, divisions).into_iter().map(page).collect()
}

pub(super) fn responses(organisation: OrganisationId, listing: &Listing) -> Select<response::Entity> {
    use response::{Column, Entity};
    let all = Scope::of(organisation).find::<Entity>();
    let there = all.filter(Column::DeletedAt.is_null());
    listing.page(there, (Column::NameFolded, Column::ResponseId))
}

/// Names and ids.
pub(super) fn placed(
    organisation: OrganisationId,
    (library, divisions): (Option<LibraryId>, &Divisions),
    listing: &Listing,
) -> Vec<Select<place::Entity>> {
    use place::{Column, Entity};
    let shelves = match library {
        Some(library) => vec![Condition::all().add(Column::LibraryId.eq(library.uuid()))],
        None => each(Column::DivisionId, divisions),
    };
    let order = (Column::NameFolded, Column::ResponseId);
    let page = |shelf| listing.names(Scope::of(organisation).find::<Entity>().filter(shelf), order);
    shelves.into_iter().map(page).collect()
}

/// Names and ids.
pub(super) fn tagged(
    organisation: OrganisationId,
    (library, divisions): (Option<LibraryId>, &Divisions),
    tag: &str,
    listing: &Listing,
) -> Vec<Select<tagged::Entity>> {
    use tagged::{Column, Entity};
    let shelves = match library {
        Some(library) => vec![Condition::all().add(Column::LibraryId.eq(library.uuid()))],
        None => each(Column::DivisionId, divisions),
    };
    let order = (Column::NameFolded, Column::ResponseId);
    let with_tag = || {
        let all = Scope::of(organisation).find::<Entity>();
        all.filter(Column::TagFolded.eq(fold(tag)))
    };
    let page = |shelf| listing.names(with_tag().filter(shelf), order);
    shelves.into_iter().map(page).collect()
}

/// Deleted ones too: asked for those that are not, PostgreSQL takes the index of their names, reads all of the
/// organisation's and drops what was not named, as long as it has no statistics of the table.
pub(super) fn named(organisation: OrganisationId, ids: &[Uuid]) -> Select<response::Entity> {
    use response::{Column, Entity};
    let all = Scope::of(organisation).find::<Entity>();
    all.filter(Column::ResponseId.is_in(ids.iter().copied()))
}

impl Listing {
    /// The page of these rows and one row more, in the order of names and ids.
    fn page<E: EntityTrait>(&self, rows: Select<E>, (name, id): (E::Column, E::Column)) -> Select<E> {
        rows.filter(self.range(name, id))
            .order_by_asc(name)
            .order_by_asc(id)
            .limit(self.size + 1)
    }

    pub(super) fn range<N: ColumnTrait, I: ColumnTrait>(&self, name: N, id: I) -> Condition {
        query::starting_after_both(name, id, &fold(&self.text), self.after.clone())
    }

    /// The names and ids on that page, each once.
    fn names<E: EntityTrait>(&self, rows: Select<E>, order: (E::Column, E::Column)) -> Select<E> {
        let page = self.page(rows, order);
        page.select_only().columns([order.0, order.1]).distinct()
    }
}

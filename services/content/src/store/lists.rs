//! Lists: pages in the order of folded names and ids, each a range of an index.

use super::Tables;
use super::entities::{library, place, response, tag};
use crate::content::{Library, Response};
use onqueue_model::{DivisionId, Divisions, LibraryId, OrganisationId};
use onqueue_server::resource::Page;
use onqueue_store::{Scope, StoreError, query, query::fold};
use sea_orm::{
    ColumnTrait, Condition, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
    sea_query::SelectStatement,
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

impl Tables {
    /// A page of the libraries of the divisions.
    pub async fn list_libraries(
        &self,
        organisation: OrganisationId,
        divisions: &Divisions,
        listing: &Listing,
    ) -> Result<Page<Library, NamePlace>, StoreError> {
        let mut found = Vec::new();
        match divisions {
            Divisions::All => found = self.libraries_of(organisation, None, listing).await?,
            Divisions::Only(divisions) => {
                for division in divisions {
                    found.extend(self.libraries_of(organisation, Some(*division), listing).await?);
                }
            }
        }
        let place = |library: &Library| (fold(&library.content.name), library.id.uuid());
        found.sort_by_cached_key(place);
        Ok(Page::of(found, listing.size, place))
    }

    async fn libraries_of(
        &self,
        organisation: OrganisationId,
        division: Option<DivisionId>,
        listing: &Listing,
    ) -> Result<Vec<Library>, StoreError> {
        use library::{Column, Entity};
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::DeletedAt.is_null())
            .filter(listing.range(Column::NameFolded, Column::LibraryId))
            .apply_if(division, |select, division| {
                select.filter(Column::DivisionId.eq(division.uuid()))
            })
            .order_by_asc(Column::NameFolded)
            .order_by_asc(Column::LibraryId)
            .limit(listing.size + 1)
            .all(self.0.reader())
            .await?;
        Ok(rows.into_iter().map(Library::from).collect())
    }

    /// A page of the responses of that library if there is one, or else of all libraries of the divisions; with that tag if
    /// there is one.
    pub async fn list_responses(
        &self,
        organisation: OrganisationId,
        (library, divisions): (Option<LibraryId>, &Divisions),
        tag: &str,
        listing: &Listing,
    ) -> Result<Page<Response, NamePlace>, StoreError> {
        let tagged = (!tag.is_empty()).then(|| with_tag(organisation, tag));
        let shelves = match (library, divisions) {
            (Some(library), _) => vec![place::Column::LibraryId.eq(library.uuid())],
            (None, Divisions::Only(divisions)) => {
                let within = |division: &DivisionId| place::Column::DivisionId.eq(division.uuid());
                divisions.iter().map(within).collect()
            }
            (None, Divisions::All) => return self.all_responses(organisation, tagged, listing).await,
        };
        let mut found = BTreeSet::new();
        for shelf in shelves {
            let tagged = tagged
                .clone()
                .map(|tagged| place::Column::ResponseId.in_subquery(tagged));
            let inside = Condition::all().add(shelf).add_option(tagged);
            found.extend(self.names(organisation, inside, listing).await?);
        }
        let Page { items, next } = Page::of(found.into_iter().collect(), listing.size, Clone::clone);
        let ids: Vec<Uuid> = items.into_iter().map(|(_, id)| id).collect();
        let items = self.responses(organisation, &ids).await?;
        Ok(Page { items, next })
    }

    /// Names and ids of responses at those places, each once.
    async fn names(
        &self,
        organisation: OrganisationId,
        inside: Condition,
        listing: &Listing,
    ) -> Result<Vec<NamePlace>, StoreError> {
        use place::{Column, Entity};
        let names = Scope::of(organisation)
            .find::<Entity>()
            .select_only()
            .columns([Column::NameFolded, Column::ResponseId])
            .distinct()
            .filter(inside)
            .filter(listing.range(Column::NameFolded, Column::ResponseId))
            .order_by_asc(Column::NameFolded)
            .order_by_asc(Column::ResponseId)
            .limit(listing.size + 1);
        Ok(names.into_tuple().all(self.0.reader()).await?)
    }

    async fn all_responses(
        &self,
        organisation: OrganisationId,
        tagged: Option<SelectStatement>,
        listing: &Listing,
    ) -> Result<Page<Response, NamePlace>, StoreError> {
        use response::{Column, Entity};
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::DeletedAt.is_null())
            .filter(listing.range(Column::NameFolded, Column::ResponseId))
            .apply_if(tagged, |select, tagged| {
                select.filter(Column::ResponseId.in_subquery(tagged))
            })
            .order_by_asc(Column::NameFolded)
            .order_by_asc(Column::ResponseId)
            .limit(listing.size + 1)
            .all(self.0.reader())
            .await?;
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
        use response::{Column, Entity};
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::ResponseId.is_in(ids.iter().copied()))
            .filter(Column::DeletedAt.is_null())
            .all(self.0.reader())
            .await?;
        let mut rows: BTreeMap<Uuid, _> = rows.into_iter().map(|row| (row.response_id, row)).collect();
        ids.iter()
            .filter_map(|id| rows.remove(id))
            .map(Response::try_from)
            .collect()
    }

    /// How many responses each of these libraries has; none where it has none.
    pub async fn counts(
        &self,
        organisation: OrganisationId,
        libraries: impl Iterator<Item = LibraryId> + Send,
    ) -> Result<BTreeMap<LibraryId, i64>, StoreError> {
        use place::{Column, Entity};
        let libraries: Vec<Uuid> = libraries.map(|id| id.uuid()).collect();
        let counts: Vec<(Uuid, i64)> = Scope::of(organisation)
            .find::<Entity>()
            .select_only()
            .column(Column::LibraryId)
            .column_as(Column::ResponseId.count(), "responses")
            .filter(Column::LibraryId.is_in(libraries))
            .group_by(Column::LibraryId)
            .into_tuple()
            .all(self.0.reader())
            .await?;
        Ok(counts
            .into_iter()
            .map(|(library, count)| (library.into(), count))
            .collect())
    }
}

impl Listing {
    /// The rows of the page and of those after it. What is said twice is what makes it one range of the index.
    fn range<N: ColumnTrait, I: ColumnTrait>(&self, name: N, id: I) -> Condition {
        let mut range = Condition::all();
        let beginning = fold(&self.text);
        if !beginning.is_empty() {
            range = range.add_option(beyond(&beginning).map(|end| name.lt(end)));
            range = range.add(name.gte(beginning));
        }
        if let Some(place) = &self.after {
            range = range
                .add(name.gte(place.0.clone()))
                .add(query::after(name, id, place.clone()));
        }
        range
    }
}

fn with_tag(organisation: OrganisationId, folded: &str) -> SelectStatement {
    Scope::of(organisation)
        .find::<tag::Entity>()
        .select_only()
        .column(tag::Column::ResponseId)
        .filter(tag::Column::TagFolded.eq(fold(folded)))
        .into_query()
}

/// The first text after all that begin with this one; `None` if there is none.
fn beyond(beginning: &str) -> Option<String> {
    let mut letters: Vec<char> = beginning.chars().collect();
    while let Some(last) = letters.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_so_is_a_range() {
        for (beginning, expected) in [
            ("a", Some("b")),
            ("ab", Some("ac")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
        ] {
            assert_eq!(beyond(beginning).as_deref(), expected, "{beginning:?}");
        }
    }
}

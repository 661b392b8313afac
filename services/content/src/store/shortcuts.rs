//! Responses by their shortcuts, letter by letter but for case.

use super::Tables;
use super::entities::place::{Column, Entity};
use onqueue_model::{DivisionId, LibraryId, OrganisationId, ResponseId};
use onqueue_store::{Scope, StoreError, query::fold};
use sea_orm::{ColumnTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::BTreeMap;

/// How many responses of the same shortcuts are looked at.
const MOST: u64 = 500;

/// A response in one of its libraries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortcut {
    /// As it was asked for.
    pub shortcut: String,
    pub response: ResponseId,
    pub library: LibraryId,
    pub division: DivisionId,
}

impl Tables {
    /// The responses of those shortcuts, once for each library, by name.
    pub async fn shortcuts(&self, organisation: OrganisationId, wanted: &[&str]) -> Result<Vec<Shortcut>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let folded: BTreeMap<String, &str> = wanted.iter().map(|one| (fold(one), *one)).collect();
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::ShortcutFolded.is_in(folded.keys().cloned()))
            .order_by_asc(Column::NameFolded)
            .order_by_asc(Column::ResponseId)
            .limit(MOST)
            .all(self.0.reader())
            .await?;
        let found = rows.into_iter().filter_map(|row| {
            let asked = folded.get(row.shortcut_folded.as_deref()?)?;
            Some(Shortcut {
                shortcut: (*asked).to_owned(),
                response: row.response_id.into(),
                library: row.library_id.into(),
                division: row.division_id.into(),
            })
        });
        Ok(found.collect())
    }
}

//! Responses by their shortcuts, letter by letter but for case.

use super::Tables;
use super::entities::place::{Column, Entity};
use onqueue_model::{DivisionId, Divisions, LibraryId, OrganisationId, ResponseId};
use onqueue_store::{Scope, StoreError, query::fold};
use sea_orm::{ColumnTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

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

/// So many are looked for in one statement.
const AT_ONCE: usize = 100;

impl Tables {
    /// Those of these shortcuts that a response in one of the divisions has, whatever its case.
    pub async fn shortcuts_there(
        &self,
        organisation: OrganisationId,
        wanted: &BTreeSet<&str>,
        divisions: &Divisions,
    ) -> Result<BTreeSet<String>, StoreError> {
        let mut folded = BTreeMap::<String, Vec<&str>>::new();
        for one in wanted {
            folded.entry(fold(one)).or_default().push(one);
        }
        let mut there = BTreeSet::new();
        for few in folded.keys().collect::<Vec<_>>().chunks(AT_ONCE) {
            let found: Vec<(Option<String>, Uuid)> = Scope::of(organisation)
                .find::<Entity>()
                .select_only()
                .columns([Column::ShortcutFolded, Column::DivisionId])
                .distinct()
                .filter(Column::ShortcutFolded.is_in(few.iter().copied()))
                .into_tuple()
                .all(self.0.reader())
                .await?;
            let seen = found
                .iter()
                .filter(|(_, division)| divisions.contains(&(*division).into()));
            let named = seen.filter_map(|(one, _)| folded.get(one.as_ref()?));
            there.extend(named.flatten().map(|one| (*one).to_owned()));
        }
        Ok(there)
    }

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

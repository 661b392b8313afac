//! What has changed since a revision, for who keeps something in memory.

use super::Tables;
use super::entities::{library, response};
use crate::content::{Library, Response};
use onqueue_model::{OrganisationId, ResponseId, Timestamp};
use onqueue_store::{Scope, StoreError};
use sea_orm::{ColumnTrait, Condition, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use uuid::Uuid;

/// How many rows are read at once.
const AT_ONCE: u64 = 1_000;

/// Up to where changes are known: a revision and the last id of it.
pub type Known = (i64, Uuid);

impl Tables {
    /// The next responses that changed after `known`, deleted ones included, in the order of their revisions; none at the
    /// end.
    pub async fn changed_responses(
        &self,
        organisation: OrganisationId,
        known: Known,
    ) -> Result<Vec<Response>, StoreError> {
        use response::{Column, Entity};
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(after(Column::Revision, Column::ResponseId, known))
            .order_by_asc(Column::Revision)
            .order_by_asc(Column::ResponseId)
            .limit(AT_ONCE)
            .all(self.0.reader())
            .await?;
        rows.into_iter().map(Response::try_from).collect()
    }

    /// The same of libraries.
    pub async fn changed_libraries(
        &self,
        organisation: OrganisationId,
        known: Known,
    ) -> Result<Vec<Library>, StoreError> {
        use library::{Column, Entity};
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(after(Column::Revision, Column::LibraryId, known))
            .order_by_asc(Column::Revision)
            .order_by_asc(Column::LibraryId)
            .limit(AT_ONCE)
            .all(self.0.reader())
            .await?;
        Ok(rows.into_iter().map(Library::from).collect())
    }

    /// How often each response that was used since then was used in all.
    pub async fn used_since(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
    ) -> Result<Vec<(ResponseId, i64)>, StoreError> {
        use response::{Column, Entity};
        let rows: Vec<(Uuid, i64)> = Scope::of(organisation)
            .find::<Entity>()
            .select_only()
            .columns([Column::ResponseId, Column::Uses])
            .filter(Column::LastUsedAt.gte(since.millis()))
            .into_tuple()
            .all(self.0.reader())
            .await?;
        Ok(rows.into_iter().map(|(id, uses)| (id.into(), uses)).collect())
    }
}

fn after<R: ColumnTrait, I: ColumnTrait>(revision: R, id: I, (known, last): Known) -> Condition {
    let further = Condition::any().add(revision.gt(known)).add(id.gt(last));
    Condition::all().add(revision.gte(known)).add(further)
}

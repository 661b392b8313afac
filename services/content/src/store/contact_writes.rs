//! Answers that go into contacts: what session has not taken yet is due some time, also after a restart.

use super::entities::contact_write::{ActiveModel, Column, Entity};
use super::{Tables, script_rows as rows};
use crate::script::ContactWrite;
use onqueue_model::{OrganisationId, ScriptRunId, Timestamp};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    prelude::Expr,
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use uuid::Uuid;

/// For how long whoever has taken something due has it to themselves.
const CLAIMED: Duration = Duration::from_secs(30);

/// How many that are due are looked at.
const AT_ONCE: u64 = 100;

/// A run in its organisation.
pub type RunKey = (OrganisationId, ScriptRunId);

pub(super) async fn add(
    tx: &DatabaseTransaction,
    (organisation, run): RunKey,
    writes: &[ContactWrite],
) -> Result<(), StoreError> {
    if writes.is_empty() {
        return Ok(());
    }
    let rows: Vec<ActiveModel> = writes
        .iter()
        .map(|write| rows::new_write(organisation, run, write))
        .collect();
    Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

impl Tables {
    /// All of the run, in the order in which they were answered.
    pub async fn contact_writes(&self, (organisation, run): RunKey) -> Result<Vec<ContactWrite>, StoreError> {
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::RunId.eq(run.uuid()))
            .order_by_asc(Column::Step)
            .order_by_asc(Column::Place)
            .all(self.0.reader())
            .await?;
        rows.into_iter().map(ContactWrite::try_from).collect()
    }

    /// Notes what came of one; of one that was erased meanwhile there is nothing to note.
    pub async fn note_write(&self, (organisation, run): RunKey, write: ContactWrite) -> Result<(), StoreError> {
        let write = Arc::new(write);
        let work = self.0.transaction(move |tx| {
            let write = Arc::clone(&write);
            Box::pin(async move {
                Entity::update_many()
                    .col_expr(Column::State, Expr::value(write.state as i16))
                    .col_expr(Column::Reason, Expr::value(write.reason.clone()))
                    .col_expr(Column::Attempts, Expr::value(write.attempts))
                    .col_expr(Column::DueAt, Expr::value(write.due_at.map(Timestamp::millis)))
                    .filter(Column::OrganisationId.eq(organisation.uuid()))
                    .filter(Column::RunId.eq(run.uuid()))
                    .filter(Column::Step.eq(write.step))
                    .filter(Column::Place.eq(write.place))
                    .exec(tx)
                    .await?;
                Ok(())
            })
        });
        work.await
    }

    /// Takes runs of which something is due: nobody else gets them for a while.
    pub async fn claim_due(&self, now: Timestamp) -> Result<Vec<RunKey>, StoreError> {
        let due: Vec<(Uuid, Uuid)> = Entity::find()
            .filter(Column::DueAt.lte(now.millis()))
            .order_by_asc(Column::DueAt)
            .limit(AT_ONCE)
            .select_only()
            .columns([Column::OrganisationId, Column::RunId])
            .into_tuple()
            .all(self.0.reader())
            .await?;
        let mut claimed = Vec::new();
        for (organisation, run) in due.into_iter().collect::<BTreeSet<_>>() {
            if self.claim((organisation, run), now).await? {
                claimed.push((organisation.into(), run.into()));
            }
        }
        Ok(claimed)
    }

    async fn claim(&self, (organisation, run): (Uuid, Uuid), now: Timestamp) -> Result<bool, StoreError> {
        let until = now + CLAIMED;
        let work = self.0.transaction(move |tx| {
            Box::pin(async move {
                let claimed = Entity::update_many()
                    .col_expr(Column::DueAt, Expr::value(until.millis()))
                    .filter(Column::OrganisationId.eq(organisation))
                    .filter(Column::RunId.eq(run))
                    .filter(Column::DueAt.lte(now.millis()))
                    .exec(tx)
                    .await?;
                Ok(claimed.rows_affected > 0)
            })
        });
        work.await
    }
}

//! Ways of conversations through scripts: a row for each, and one for each step, added when the run stands where whoever takes it
//! has seen it.

use super::entities::{run, step};
use super::script_rows as rows;
use super::{Tables, contact_writes};
use crate::script::{ContactWrite, Run, RunState, Taken};
use onqueue_model::{ConversationId, OrganisationId, ScriptRunId, Timestamp, UserId};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, prelude::Expr,
};
use std::sync::Arc;
use uuid::Uuid;

/// How many runs of a conversation are looked at.
const RUNS: u64 = 20;

/// What became of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Took {
    /// It is stored.
    Stored,
    /// This request was stored before, with that hash.
    Before(Vec<u8>),
    /// The run stands elsewhere, is over or erased.
    Late(Run),
}

impl Tables {
    /// The conversation's runs, the latest first.
    pub async fn runs_of(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
    ) -> Result<Vec<Run>, StoreError> {
        let rows = Scope::of(organisation)
            .find::<run::Entity>()
            .filter(run::Column::ConversationId.eq(conversation.uuid()))
            .order_by_desc(run::Column::Number)
            .limit(RUNS)
            .all(self.0.reader())
            .await?;
        rows.into_iter().map(Run::try_from).collect()
    }

    pub async fn run(&self, organisation: OrganisationId, id: ScriptRunId) -> Result<Option<Run>, StoreError> {
        find(self.0.reader(), organisation, id).await
    }

    /// Begins it; false if another of its number was faster.
    pub async fn begin_run(&self, new: Run) -> Result<bool, StoreError> {
        let new = Arc::new(new);
        let work = self.0.transaction(move |tx| {
            let new = Arc::clone(&new);
            Box::pin(async move {
                run::Entity::insert(rows::new_run(&new))
                    .exec_without_returning(tx)
                    .await?;
                Ok(())
            })
        });
        match work.await {
            Ok(()) => Ok(true),
            Err(error) if error.is_unique() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Every step of the run, in order.
    pub async fn steps(&self, organisation: OrganisationId, run: ScriptRunId) -> Result<Vec<Taken>, StoreError> {
        let rows = of_run(organisation, run)
            .order_by_asc(step::Column::Number)
            .all(self.0.reader())
            .await?;
        rows.into_iter().map(Taken::try_from).collect()
    }

    /// Stores a step if the run stands before it, with what it says of the contact.
    pub async fn take_step(
        &self,
        run: Run,
        (taken, writes): (Taken, Vec<ContactWrite>),
        after: RunState,
    ) -> Result<Took, StoreError> {
        let given = (run, taken, writes);
        let work = self.0.transaction_with(given, move |tx, (run, taken, writes)| {
            Box::pin(take(tx, run, (taken, writes), after))
        });
        work.await
    }

    /// Gives the run up if it stands there; answers how it is.
    pub async fn end_run(&self, run: Run, by: UserId, at: Timestamp) -> Result<Run, StoreError> {
        let run = Arc::new(run);
        let work = self.0.transaction(move |tx| {
            let run = Arc::clone(&run);
            Box::pin(async move {
                use run::Column as C;
                standing(&run, run.step)
                    .col_expr(C::State, Expr::value(RunState::Ended as i16))
                    .col_expr(C::EndedAt, Expr::value(at.millis()))
                    .col_expr(C::EndedBy, Expr::value(by.uuid()))
                    .exec(tx)
                    .await?;
                let after = find(tx, run.organisation, run.id).await?;
                after.ok_or_else(|| super::broken("a run that is not there"))
            })
        });
        work.await
    }
}

pub(super) async fn find<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    id: ScriptRunId,
) -> Result<Option<Run>, StoreError> {
    let select = Scope::of(organisation)
        .find::<run::Entity>()
        .filter(run::Column::RunId.eq(id.uuid()));
    select.one(connection).await?.map(Run::try_from).transpose()
}

pub(super) fn of_run(organisation: OrganisationId, run: ScriptRunId) -> sea_orm::Select<step::Entity> {
    Scope::of(organisation)
        .find::<step::Entity>()
        .filter(step::Column::RunId.eq(run.uuid()))
}

/// The run's row, as long as it stands there.
fn standing(run: &Run, step: i64) -> sea_orm::UpdateMany<run::Entity> {
    use run::Column as C;
    run::Entity::update_many()
        .filter(C::OrganisationId.eq(run.organisation.uuid()))
        .filter(C::RunId.eq(run.id.uuid()))
        .filter(C::Step.eq(step))
        .filter(C::State.eq(RunState::Open as i16))
        .filter(C::ErasedAt.is_null())
}

async fn take(
    tx: &DatabaseTransaction,
    run: &Run,
    (taken, writes): (&Taken, &[ContactWrite]),
    after: RunState,
) -> Result<Took, StoreError> {
    use run::Column as C;
    let ended_at = (after != RunState::Open).then(|| taken.at.millis());
    let moved = standing(run, taken.number - 1)
        .col_expr(C::Step, Expr::value(taken.number))
        .col_expr(C::State, Expr::value(after as i16))
        .col_expr(C::EndedAt, Expr::value(ended_at))
        .exec(tx)
        .await?;
    if moved.rows_affected == 0 {
        return late(tx, run, taken.request).await;
    }
    let row = rows::new_step(run.organisation, run.id, taken)?;
    step::Entity::insert(row).exec_without_returning(tx).await?;
    contact_writes::add(tx, (run.organisation, run.id), writes).await?;
    Ok(Took::Stored)
}

async fn late(tx: &DatabaseTransaction, run: &Run, request: Uuid) -> Result<Took, StoreError> {
    let before = of_run(run.organisation, run.id).filter(step::Column::RequestId.eq(request));
    if let Some(row) = before.one(tx).await? {
        return Ok(Took::Before(row.request_hash));
    }
    let now = find(tx, run.organisation, run.id).await?;
    now.map(Took::Late)
        .ok_or_else(|| super::broken("a run that is not there"))
}

//! Forgetting what was answered in a conversation. What is left says which way it took, who took it there, and when.

use super::Tables;
use super::entities::{contact_write, run, step};
use super::{rows, runs::of_run};
use onqueue_model::{ConversationId, OrganisationId, ScriptRunId, Timestamp};
use onqueue_script::Step;
use onqueue_store::{Purged, Scope, StoreError};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _, prelude::Expr,
};
use uuid::Uuid;

/// Tables in which something personal of customers is.
const TABLES: &[&str] = &["content_script_runs", "content_script_steps", "content_contact_writes"];

impl Tables {
    /// Removes every answer that was given in the conversation's runs, which end with it; answers how many there were, `None`
    /// if it has no runs.
    pub async fn forget(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        at: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let work = self.0.transaction(move |tx| {
            Box::pin(async move {
                let runs = runs(tx, organisation, conversation).await?;
                let mut answers = 0;
                for run in &runs {
                    answers += forget_run(tx, (organisation, *run), at).await?;
                }
                Ok((!runs.is_empty()).then_some(answers))
            })
        });
        work.await
    }

    /// Has the database clean its files of what was forgotten.
    pub async fn purge(&self) -> Result<Purged, StoreError> {
        self.0.purge(TABLES).await
    }
}

/// The transaction holds their rows.
async fn runs(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    conversation: ConversationId,
) -> Result<Vec<ScriptRunId>, StoreError> {
    let ids: Vec<Uuid> = Scope::of(organisation)
        .find::<run::Entity>()
        .filter(run::Column::ConversationId.eq(conversation.uuid()))
        .select_only()
        .column(run::Column::RunId)
        .lock_exclusive()
        .into_tuple()
        .all(tx)
        .await?;
    Ok(ids.into_iter().map(ScriptRunId::new).collect())
}

async fn forget_run(
    tx: &DatabaseTransaction,
    (organisation, run): (OrganisationId, ScriptRunId),
    at: Timestamp,
) -> Result<i64, StoreError> {
    let own = Scope::of(organisation)
        .find::<run::Entity>()
        .filter(run::Column::RunId.eq(run.uuid()));
    // What was counted before, in case it was not said yet.
    let mut answers = own.one(tx).await?.map_or(0, |row| row.erased_answers);
    for row in of_run(organisation, run).all(tx).await? {
        let mut step: Step = rows::read(&row.step)?;
        answers += i64::try_from(step.values.len()).unwrap_or(i64::MAX);
        step.values.clear();
        step.contact.clear();
        step::Entity::update_many()
            .col_expr(step::Column::Step, Expr::value(rows::text(&step)?))
            .col_expr(step::Column::RequestHash, Expr::value(vec![0_u8; 32]))
            .filter(step::Column::OrganisationId.eq(organisation.uuid()))
            .filter(step::Column::RunId.eq(run.uuid()))
            .filter(step::Column::Number.eq(row.number))
            .exec(tx)
            .await?;
    }
    contact_write::Entity::delete_many()
        .filter(contact_write::Column::OrganisationId.eq(organisation.uuid()))
        .filter(contact_write::Column::RunId.eq(run.uuid()))
        .exec(tx)
        .await?;
    run::Entity::update_many()
        .col_expr(run::Column::ErasedAt, Expr::value(at.millis()))
        .col_expr(run::Column::ErasedAnswers, Expr::value(answers))
        .filter(run::Column::OrganisationId.eq(organisation.uuid()))
        .filter(run::Column::RunId.eq(run.uuid()))
        .exec(tx)
        .await?;
    Ok(answers)
}

//! Decision records.

use super::entities::decision::{Column, Entity};
use super::{Tables, broken, configuration, entities};
use onqueue_acd::Decision;
use onqueue_model::{ConversationId, DecisionId, Divisions, OrganisationId, UserId};
use onqueue_store::{Scope, StoreError, query::within};
use sea_orm::{
    ColumnTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, Query},
};
use std::collections::BTreeMap;

/// Where a page of decisions ended.
pub type DecisionPlace = i64;

/// A record with the names that go with it.
#[derive(Clone, Debug)]
pub struct StoredDecision {
    /// Names it.
    pub id: DecisionId,
    /// Its place among the conversation's.
    pub position: DecisionPlace,
    /// The input that led to it.
    pub log_position: i64,
    /// Configuration revision in force.
    pub revision: i64,
    /// What the engine said.
    pub decision: Decision,
    /// Names of the candidates.
    pub names: BTreeMap<UserId, String>,
}

impl Tables {
    /// The first `size` decisions about the conversation after `after`, of queues in these divisions.
    pub async fn decisions(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        divisions: &Divisions,
        after: DecisionPlace,
        size: u64,
    ) -> Result<Vec<StoredDecision>, StoreError> {
        use entities::queue::{Column as QueueColumn, Entity as Queues};
        let visible = Query::select()
            .column(QueueColumn::QueueId)
            .from(Queues)
            .and_where(Expr::col(QueueColumn::OrganisationId).eq(organisation.uuid()))
            .cond_where(within(QueueColumn::DivisionId, divisions))
            .to_owned();
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::ConversationId.eq(conversation.uuid()))
            .filter(Column::Position.gt(after))
            .filter(Column::QueueId.in_subquery(visible))
            .order_by_asc(Column::Position)
            .limit(size)
            .all(self.0.reader())
            .await?;
        let mut decisions = Vec::with_capacity(rows.len());
        for row in rows {
            let decision: Decision = serde_json::from_str(&row.record).map_err(broken)?;
            let users = decision.candidates.iter().map(|candidate| candidate.agent).collect();
            decisions.push(StoredDecision {
                id: row.decision_id.into(),
                position: row.position,
                log_position: row.log_position,
                revision: row.revision,
                names: configuration::names(self.0.reader(), organisation, &users).await?,
                decision,
            });
        }
        Ok(decisions)
    }
}

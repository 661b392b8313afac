//! Decision records.

use super::entities::decision::{Column, Entity};
use super::entities::queue;
use super::{Tables, broken, configuration, listing, search};
use onqueue_acd::Decision;
use onqueue_model::{ConversationId, DecisionId, Divisions, OrganisationId, UserId};
use onqueue_store::{Scope, StoreError, query::within};
use sea_orm::{ColumnTrait as _, Condition, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select};
use std::collections::BTreeMap;
use uuid::Uuid;

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
    /// The first `size` decisions about the conversation after `after`, of queues in these divisions. Each queue is read for
    /// itself: an index has the decisions of one in their order, and what is not to be seen is not read.
    pub async fn decisions(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        divisions: &Divisions,
        after: DecisionPlace,
        size: u64,
    ) -> Result<Vec<StoredDecision>, StoreError> {
        let queues = self.queues_of(organisation, conversation, divisions).await?;
        let pages = queues
            .into_iter()
            .map(|queue| page(organisation, conversation, queue, after, size));
        let rows = listing::read(self.0.reader(), pages.collect()).await?;
        let rows = listing::first(rows, size, |row| row.position);
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

    /// The queues of these divisions of which decisions about the conversation are; there are few of any division. Each is
    /// found as the next in the index after the one before.
    async fn queues_of(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        divisions: &Divisions,
    ) -> Result<Vec<Uuid>, StoreError> {
        let mut all: Vec<Uuid> = Vec::new();
        loop {
            let next = queue_after(organisation, conversation, all.last().copied());
            match next.into_tuple().one(self.0.reader()).await? {
                Some(queue) => all.push(queue),
                None => break,
            }
        }
        let visible = search::among(organisation, &all).filter(within(queue::Column::DivisionId, divisions));
        let visible = visible.select_only().column(queue::Column::QueueId);
        Ok(visible.into_tuple().all(self.0.reader()).await?)
    }
}

pub(super) fn queue_after(
    organisation: OrganisationId,
    conversation: ConversationId,
    queue: Option<Uuid>,
) -> Select<Entity> {
    let later = queue.map(|queue| Column::QueueId.gt(queue));
    about(organisation, conversation)
        .filter(Condition::all().add_option(later))
        .select_only()
        .column(Column::QueueId)
        .order_by_asc(Column::QueueId)
        .limit(1)
}

pub(super) fn page(
    organisation: OrganisationId,
    conversation: ConversationId,
    queue: Uuid,
    after: DecisionPlace,
    size: u64,
) -> Select<Entity> {
    about(organisation, conversation)
        .filter(Column::QueueId.eq(queue))
        .filter(Column::Position.gt(after))
        .order_by_asc(Column::Position)
        .limit(size)
}

fn about(organisation: OrganisationId, conversation: ConversationId) -> Select<Entity> {
    let all = Scope::of(organisation).find::<Entity>();
    all.filter(Column::ConversationId.eq(conversation.uuid()))
}

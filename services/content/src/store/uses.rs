//! How often responses are used: in all, for good; and for a time by whom and in which queue, which each use's row says
//! until it is forgotten.

use super::Tables;
use super::entities::{counted, response, usage};
use onqueue_model::{OrganisationId, QueueId, ResponseId, Timestamp, UserId};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set, prelude::Expr, sea_query::OnConflict,
};
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

/// How many uses are forgotten in one transaction.
const AT_ONCE: u64 = 1_000;

/// A message in which a response was sent.
#[derive(Clone, Debug)]
pub struct Use {
    pub response: ResponseId,
    pub message: String,
    /// By whom; `None` for integrators.
    pub user: Option<UserId>,
    /// Where; `None` if it was in no conversation.
    pub queue: Option<QueueId>,
    pub at: Timestamp,
}

/// How often a response was used by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// In all.
    pub uses: i64,
    /// By that user and in that queue, as far as it is not forgotten.
    pub each: Vec<(Uuid, i64)>,
}

impl Tables {
    /// Counts a use, once for each message, and answers how many there were by now. It does not wait for changes of the
    /// organisation's responses, and is none.
    pub async fn record_use(&self, organisation: OrganisationId, used: Use) -> Result<Counted, StoreError> {
        let used = Arc::new(used);
        let work = self.0.transaction(move |tx| {
            let used = Arc::clone(&used);
            Box::pin(async move {
                if is_first(tx, organisation, &used).await? {
                    count(tx, organisation, &used).await?;
                }
                read(tx, organisation, &used).await
            })
        });
        work.await
    }

    /// How often responses were used by each user and in each queue, as far as that has changed since then.
    pub async fn counted_since(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
    ) -> Result<Vec<(Uuid, ResponseId, i64)>, StoreError> {
        use counted::{Column, Entity};
        let rows: Vec<(Uuid, Uuid, i64)> = Scope::of(organisation)
            .find::<Entity>()
            .select_only()
            .columns([Column::CountedId, Column::ResponseId, Column::Uses])
            .filter(Column::CountedAt.gte(since.millis()))
            .into_tuple()
            .all(self.0.reader())
            .await?;
        let row = |(who, response, uses): (Uuid, Uuid, i64)| (who, response.into(), uses);
        Ok(rows.into_iter().map(row).collect())
    }

    /// Forgets who used what where before then, some of it; whether there may be more. Of whom nothing is left is gone when
    /// everybody has seen so.
    pub async fn forget_uses(&self, before: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let Some(until) = self.oldest_uses(before).await? else {
            return Ok(false);
        };
        let work = self.0.transaction(move |tx| {
            Box::pin(async move {
                let forgotten = usage::Entity::delete_many()
                    .filter(usage::Column::UsedAt.lte(until))
                    .exec_with_returning(tx)
                    .await?;
                for (key, uses) in by_counter(&forgotten) {
                    take_off(tx, key, uses, now).await?;
                }
                Ok(())
            })
        });
        work.await.map(|()| true)
    }

    /// Removes counters that have been at nothing since then.
    pub async fn forget_counters(&self, since: Timestamp) -> Result<(), StoreError> {
        use counted::{Column, Entity};
        let work = self.0.transaction(move |tx| {
            Box::pin(async move {
                Entity::delete_many()
                    .filter(Column::Uses.lte(0))
                    .filter(Column::CountedAt.lt(since.millis()))
                    .exec(tx)
                    .await?;
                Ok(())
            })
        });
        work.await
    }

    /// Up to when the oldest uses before then were, as many as are forgotten at once.
    async fn oldest_uses(&self, before: Timestamp) -> Result<Option<i64>, StoreError> {
        let oldest: Vec<i64> = usage::Entity::find()
            .select_only()
            .column(usage::Column::UsedAt)
            .filter(usage::Column::UsedAt.lt(before.millis()))
            .order_by_asc(usage::Column::UsedAt)
            .limit(AT_ONCE)
            .into_tuple()
            .all(self.0.reader())
            .await?;
        Ok(oldest.last().copied())
    }
}

async fn is_first(tx: &DatabaseTransaction, organisation: OrganisationId, used: &Use) -> Result<bool, StoreError> {
    use usage::{ActiveModel, Column, Entity};
    let row = ActiveModel {
        organisation_id: Set(organisation.uuid()),
        response_id: Set(used.response.uuid()),
        client_message_id: Set(used.message.clone()),
        used_at: Set(used.at.millis()),
        user_id: Set(used.user.map(|user| user.uuid())),
        queue_id: Set(used.queue.map(|queue| queue.uuid())),
    };
    let counted = OnConflict::columns([Column::OrganisationId, Column::ResponseId, Column::ClientMessageId])
        .do_nothing()
        .to_owned();
    let inserted = Entity::insert(row)
        .on_conflict(counted)
        .exec_without_returning(tx)
        .await?;
    Ok(inserted == 1)
}

/// Who and where, in the order in which their rows are locked.
fn counters(used: &Use) -> Vec<Uuid> {
    let mut both: Vec<Uuid> = [used.user.map(|user| user.uuid()), used.queue.map(|queue| queue.uuid())]
        .into_iter()
        .flatten()
        .collect();
    both.sort_unstable();
    both
}

async fn count(tx: &DatabaseTransaction, organisation: OrganisationId, used: &Use) -> Result<(), StoreError> {
    use response::{Column, Entity};
    Entity::update_many()
        .col_expr(Column::Uses, Expr::col(Column::Uses).add(1))
        .col_expr(Column::LastUsedAt, Expr::value(used.at.millis()))
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::ResponseId.eq(used.response.uuid()))
        .exec(tx)
        .await?;
    for counter in counters(used) {
        add(tx, organisation, counter, used).await?;
    }
    Ok(())
}

async fn add(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    counter: Uuid,
    used: &Use,
) -> Result<(), StoreError> {
    use counted::{ActiveModel, Column, Entity};
    let first = ActiveModel {
        organisation_id: Set(organisation.uuid()),
        counted_id: Set(counter),
        response_id: Set(used.response.uuid()),
        uses: Set(1),
        counted_at: Set(used.at.millis()),
    };
    let one_more = OnConflict::columns([Column::OrganisationId, Column::CountedId, Column::ResponseId])
        .value(Column::Uses, Expr::col((Entity, Column::Uses)).add(1))
        .value(Column::CountedAt, Expr::value(used.at.millis()))
        .to_owned();
    Entity::insert(first)
        .on_conflict(one_more)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

async fn read(tx: &DatabaseTransaction, organisation: OrganisationId, used: &Use) -> Result<Counted, StoreError> {
    use counted::{Column, Entity};
    let row = super::responses::find(tx, organisation, used.response).await?;
    let each = Scope::of(organisation)
        .find::<Entity>()
        .select_only()
        .columns([Column::CountedId, Column::Uses])
        .filter(Column::ResponseId.eq(used.response.uuid()))
        .filter(Column::CountedId.is_in(counters(used)))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(Counted {
        uses: row.map_or(0, |response| response.uses),
        each,
    })
}

/// An organisation, a user or queue of it, and a response.
type Counter = (Uuid, Uuid, Uuid);

fn by_counter(uses: &[usage::Model]) -> BTreeMap<Counter, i64> {
    let mut counters = BTreeMap::new();
    for used in uses {
        for who in [used.user_id, used.queue_id].into_iter().flatten() {
            *counters
                .entry((used.organisation_id, who, used.response_id))
                .or_default() += 1;
        }
    }
    counters
}

async fn take_off(
    tx: &DatabaseTransaction,
    (organisation, who, response): Counter,
    uses: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    use counted::{Column, Entity};
    Entity::update_many()
        .col_expr(Column::Uses, Expr::col(Column::Uses).sub(uses))
        .col_expr(Column::CountedAt, Expr::value(now.millis()))
        .filter(Column::OrganisationId.eq(organisation))
        .filter(Column::CountedId.eq(who))
        .filter(Column::ResponseId.eq(response))
        .exec(tx)
        .await?;
    Ok(())
}

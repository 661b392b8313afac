//! What is not kept for ever: the log with its snapshots, and decision records.

use super::leases::{check, shard};
use super::{Fence, ROWS, Tables, entities};
use onqueue_model::{OrganisationId, Timestamp};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How many of the newest snapshots are kept whatever their age.
const NEWEST: usize = 2;

/// How many rows of the log go in one transaction.
const INPUTS: i64 = 5_000;

const DAY_MS: i64 = 86_400_000;

/// A snapshot's place in the log, and when it was written.
type Snapshot = (i64, i64);

impl Tables {
    /// Drops a part of the log before the newest snapshot that is older than `before`, with the snapshots before that one; false
    /// when nothing is left to drop. What remains leads to every place of the log since `before`.
    pub async fn prune_log(
        &self,
        fence: &Fence,
        organisation: OrganisationId,
        before: Timestamp,
    ) -> Result<bool, StoreError> {
        let fence = fence.clone();
        let work = self.0.transaction(move |tx| {
            let fence = fence.clone();
            Box::pin(async move {
                check(tx, &fence, &BTreeSet::from([shard(organisation)])).await?;
                let snapshots = snapshots(tx, organisation).await?;
                match base(&snapshots, before.millis()) {
                    Some(base) => drop_before(tx, organisation, base).await,
                    None => Ok(false),
                }
            })
        });
        work.await
    }

    /// Drops some decisions older than `before`; false when none is left.
    pub async fn prune_decisions(
        &self,
        fence: &Fence,
        organisation: OrganisationId,
        before: Timestamp,
    ) -> Result<bool, StoreError> {
        let fence = fence.clone();
        let work = self.0.transaction(move |tx| {
            let fence = fence.clone();
            Box::pin(async move {
                check(tx, &fence, &BTreeSet::from([shard(organisation)])).await?;
                drop_decisions(tx, organisation, before.millis()).await
            })
        });
        work.await
    }
}

/// Drops the snapshots between the newest and one for each day.
pub(super) async fn thin_out(tx: &DatabaseTransaction, organisation: OrganisationId) -> Result<(), StoreError> {
    use entities::snapshot::{Column, Entity};
    let superfluous = superfluous(&snapshots(tx, organisation).await?);
    Entity::delete_many()
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::Position.is_in(superfluous))
        .exec(tx)
        .await?;
    Ok(())
}

/// The newest first.
async fn snapshots(tx: &DatabaseTransaction, organisation: OrganisationId) -> Result<Vec<Snapshot>, StoreError> {
    use entities::snapshot::{Column, Entity};
    let all = Scope::of(organisation)
        .find::<Entity>()
        .select_only()
        .columns([Column::Position, Column::At])
        .order_by_desc(Column::Position);
    Ok(all.into_tuple().all(tx).await?)
}

/// Of snapshots, the newest first, those that are neither among the newest nor the last of their day.
fn superfluous(snapshots: &[Snapshot]) -> Vec<i64> {
    let mut last_of_day: BTreeMap<i64, i64> = BTreeMap::new();
    for (position, at) in snapshots {
        last_of_day.entry(at.div_euclid(DAY_MS)).or_insert(*position);
    }
    let older = snapshots.iter().skip(NEWEST);
    older
        .filter(|(position, at)| last_of_day.get(&at.div_euclid(DAY_MS)) != Some(position))
        .map(|(position, _)| *position)
        .collect()
}

/// Of snapshots, the newest first, the one from which everything since `before` can be replayed.
fn base(snapshots: &[Snapshot], before: i64) -> Option<i64> {
    let old = snapshots.iter().find(|(_, at)| *at < before);
    old.map(|(position, _)| *position)
}

async fn drop_before(tx: &DatabaseTransaction, organisation: OrganisationId, base: i64) -> Result<bool, StoreError> {
    use entities::{log, snapshot};
    snapshot::Entity::delete_many()
        .filter(snapshot::Column::OrganisationId.eq(organisation.uuid()))
        .filter(snapshot::Column::Position.lt(base))
        .exec(tx)
        .await?;
    let first: Option<i64> = Scope::of(organisation)
        .find::<log::Entity>()
        .select_only()
        .column(log::Column::Position)
        .order_by_asc(log::Column::Position)
        .into_tuple()
        .one(tx)
        .await?;
    let Some(first) = first.filter(|first| *first <= base) else {
        return Ok(false);
    };
    let last = base.min(first + INPUTS - 1);
    log::Entity::delete_many()
        .filter(log::Column::OrganisationId.eq(organisation.uuid()))
        .filter(log::Column::Position.lte(last))
        .exec(tx)
        .await?;
    Ok(last < base)
}

/// Queue by queue: an index has each one's decisions by time.
async fn drop_decisions(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    before: i64,
) -> Result<bool, StoreError> {
    use entities::{decision, queue};
    let queues: Vec<Uuid> = Scope::of(organisation)
        .find::<queue::Entity>()
        .select_only()
        .column(queue::Column::QueueId)
        .into_tuple()
        .all(tx)
        .await?;
    for queue in queues {
        let old: Vec<Uuid> = Scope::of(organisation)
            .find::<decision::Entity>()
            .select_only()
            .column(decision::Column::DecisionId)
            .filter(decision::Column::QueueId.eq(queue))
            .filter(decision::Column::At.lt(before))
            .order_by_asc(decision::Column::At)
            .limit(ROWS as u64)
            .into_tuple()
            .all(tx)
            .await?;
        if !old.is_empty() {
            decision::Entity::delete_many()
                .filter(decision::Column::OrganisationId.eq(organisation.uuid()))
                .filter(decision::Column::DecisionId.is_in(old))
                .exec(tx)
                .await?;
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_newest_snapshots_stay_and_the_last_of_each_day() {
        let day = |days: i64, hour: i64| days * DAY_MS + hour * 3_600_000;
        let all = [
            (90, day(3, 2)),
            (80, day(3, 1)),
            (70, day(2, 23)),
            (60, day(2, 22)),
            (50, day(1, 5)),
            (40, day(1, 4)),
            (30, day(1, 3)),
        ];
        assert_eq!(superfluous(&all), [60, 40, 30]);
        assert_eq!(superfluous(&all[3..]), [40, 30]);
        assert_eq!(superfluous(&[]), [0_i64; 0]);
        for (before, position) in [
            (day(3, 3), Some(90)),
            (day(3, 1), Some(70)),
            (day(1, 4), Some(30)),
            (0, None),
        ] {
            assert_eq!(base(&all, before), position);
        }
    }
}

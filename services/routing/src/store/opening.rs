//! When queues are open, as session must be told: what it depends on, and of which queues it must be told again.

use super::entities::{policy, queue, schedule, scheduled};
use super::{Queue, Schedule, ScheduleGroup, Tables, queues, schedule_groups};
use onqueue_model::{OrganisationId, QueueId, ScheduleGroupId, ScheduleId, Timestamp};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _, ExprTrait as _,
    QueryFilter as _, QuerySelect as _, QueryTrait as _, Select, prelude::Expr,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A group with everything that it names.
#[derive(Clone, Debug)]
pub struct Hours {
    /// The group.
    pub group: ScheduleGroup,
    /// Its schedules.
    pub schedules: BTreeMap<ScheduleId, Schedule>,
}

/// A queue with what decides whether it is open.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The queue as it is.
    pub queue: Queue,
    /// Highest revision of all of this: whoever has read something newer has a higher one.
    pub revision: i64,
    /// `None` for one that is always open.
    pub hours: Option<Hours>,
}

impl Tables {
    /// The queue, which has been made, with what decides whether it is open.
    pub async fn opening(&self, organisation: OrganisationId, id: QueueId) -> Result<Opening, StoreError> {
        let connection = self.0.reader();
        // First: what is read later may be newer than the revision says, and is then given again, but never older.
        let touched = Scope::of(organisation)
            .find::<policy::Entity>()
            .filter(policy::Column::QueueId.eq(id.uuid()))
            .one(connection)
            .await?;
        let queue = queues::find(connection, organisation, id).await?;
        let queue = queue.ok_or_else(|| super::broken(format!("queue {id} has gone")))?;
        let revision = std::cmp::max(touched.map_or(0, |policy| policy.revision), queue.revision);
        let hours = match queue.content.schedule_group {
            Some(group) if !queue.removed => self.hours(organisation, group).await?,
            _ => None,
        };
        Ok(Opening { queue, revision, hours })
    }

    /// The group with its schedules; `None` if there never was one.
    pub async fn hours(&self, organisation: OrganisationId, id: ScheduleGroupId) -> Result<Option<Hours>, StoreError> {
        let connection = self.0.reader();
        let Some(group) = schedule_groups::find(connection, organisation, id).await? else {
            return Ok(None);
        };
        let ids: Vec<Uuid> = group.content.schedules.keys().map(|id| id.uuid()).collect();
        let schedules = named(connection, organisation, ids).await?;
        Ok(Some(Hours { group, schedules }))
    }

    /// Queues of whose policy session does not have the last revision, or must be told again at that time; of every
    /// organisation.
    pub async fn ungiven(&self, now: Timestamp) -> Result<Vec<(OrganisationId, QueueId)>, StoreError> {
        let mut ids = self.touched(now).await?;
        let newer = self.unacknowledged().await?.into_iter();
        ids.extend(newer.map(|(organisation, queue)| (organisation, queue.id)));
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    async fn touched(&self, now: Timestamp) -> Result<Vec<(OrganisationId, QueueId)>, StoreError> {
        let newer = Expr::col(policy::Column::Revision).gt(Expr::col(policy::Column::AcknowledgedRevision));
        let due = Condition::any()
            .add(newer)
            .add(policy::Column::RenewAt.lte(now.millis()));
        let rows = policy::Entity::find().filter(due).all(self.0.reader()).await?;
        let ids = rows
            .into_iter()
            .map(|row| (row.organisation_id.into(), row.queue_id.into()));
        Ok(ids.collect())
    }
}

async fn named<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    ids: Vec<Uuid>,
) -> Result<BTreeMap<ScheduleId, Schedule>, StoreError> {
    let rows = Scope::of(organisation)
        .find::<schedule::Entity>()
        .filter(schedule::Column::ScheduleId.is_in(ids));
    let schedules = rows.all(connection).await?.into_iter().map(Schedule::from);
    Ok(schedules.map(|schedule| (schedule.id, schedule)).collect())
}

/// The queues that keep to the group.
pub(super) fn of_group(id: ScheduleGroupId) -> Condition {
    Condition::all().add(queue::Column::ScheduleGroupId.eq(id.uuid()))
}

/// The queues that keep to a group which names the schedule.
pub(super) fn keep_to(organisation: OrganisationId, id: ScheduleId) -> Condition {
    let groups: Select<scheduled::Entity> = Scope::of(organisation).find();
    let groups = groups
        .select_only()
        .column(scheduled::Column::ScheduleGroupId)
        .filter(scheduled::Column::ScheduleId.eq(id.uuid()));
    Condition::all().add(queue::Column::ScheduleGroupId.in_subquery(groups.into_query()))
}

/// Has session told again of those of the organisation's queues, by the next revision.
pub(super) async fn touch(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    which: Condition,
    revision: i64,
) -> Result<(), StoreError> {
    let ids = Scope::of(organisation)
        .find::<queue::Entity>()
        .select_only()
        .column(queue::Column::QueueId)
        .filter(which)
        .filter(queue::Column::DeletedAt.is_null());
    policy::Entity::update_many()
        .col_expr(policy::Column::Revision, Expr::value(revision))
        .filter(policy::Column::OrganisationId.eq(organisation.uuid()))
        .filter(policy::Column::QueueId.in_subquery(ids.into_query()))
        .exec(tx)
        .await?;
    Ok(())
}

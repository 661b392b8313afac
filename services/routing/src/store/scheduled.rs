//! Which schedules a group names, and what each of them says there.

use super::entities::{schedule, scheduled};
use super::{ScheduleGroup, refused};
use crate::schedule::Kind;
use onqueue_model::{Fault, OrganisationId, ScheduleGroupId, ScheduleId};
use onqueue_store::{Scope, StoreError};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    Set,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What each schedule of a group says.
pub(super) type Schedules = BTreeMap<ScheduleId, Kind>;

/// The schedules of these groups.
pub(super) async fn of_groups<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    groups: Vec<Uuid>,
) -> Result<BTreeMap<Uuid, Schedules>, StoreError> {
    let rows = Scope::of(organisation)
        .find::<scheduled::Entity>()
        .filter(scheduled::Column::ScheduleGroupId.is_in(groups));
    let mut all: BTreeMap<Uuid, Schedules> = BTreeMap::new();
    for row in rows.all(connection).await? {
        let of_group = all.entry(row.schedule_group_id).or_default();
        of_group.insert(row.schedule_id.into(), kind(row.kind));
    }
    Ok(all)
}

/// FIELD_INVALID for a schedule that there is not.
pub(super) async fn refuse_unknown(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    group: &ScheduleGroup,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = group.content.schedules.keys().map(|id| id.uuid()).collect();
    let (number, known) = (ids.len(), Scope::of(organisation).find::<schedule::Entity>());
    let known = known
        .filter(schedule::Column::ScheduleId.is_in(ids))
        .filter(schedule::Column::DeletedAt.is_null());
    if usize::try_from(known.count(tx).await?).unwrap_or(0) == number {
        return Ok(());
    }
    let problem = "not all of these schedules are there";
    Err(refused(Fault::field("schedule_group.open_schedule_ids", problem)))
}

/// The group names no schedules any more.
pub(super) async fn forget(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    id: ScheduleGroupId,
) -> Result<(), StoreError> {
    scheduled::Entity::delete_many()
        .filter(scheduled::Column::OrganisationId.eq(organisation.uuid()))
        .filter(scheduled::Column::ScheduleGroupId.eq(id.uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Makes exactly these the group's schedules.
pub(super) async fn keep(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    group: &ScheduleGroup,
) -> Result<(), StoreError> {
    forget(tx, organisation, group.id).await?;
    let schedules = group.content.schedules.iter();
    let rows = schedules.map(|(schedule, kind)| scheduled::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        schedule_group_id: Set(group.id.uuid()),
        schedule_id: Set(schedule.uuid()),
        kind: Set(number(*kind)),
    });
    if rows.len() > 0 {
        scheduled::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

const fn number(kind: Kind) -> i16 {
    match kind {
        Kind::Holiday => 1,
        Kind::Closed => 2,
        Kind::Open => 3,
    }
}

const fn kind(number: i16) -> Kind {
    match number {
        1 => Kind::Holiday,
        3 => Kind::Open,
        _ => Kind::Closed,
    }
}

//! Schedule groups: making, finding, listing, changing and removing them, and their emergencies.

use super::entities::queue;
use super::entities::schedule_group::{ActiveModel, Column, Entity, Model};
use super::scheduled::{self, Schedules};
use super::{
    Actor, Change, Done, Tables, check_etag, listing, lock_configuration, next_revision, opening, record, refused,
};
use crate::schedule::Kind;
use onqueue_model::{DivisionId, Divisions, Fault, OrganisationId, Reason, ScheduleGroupId, ScheduleId, Timestamp};
use onqueue_server::resource::Once;
use onqueue_store::{
    Scope, StoreError,
    query::{fold, starting_after_both},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select, Set, prelude::Expr,
};
use serde::Serialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A schedule group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleGroup {
    /// Which.
    pub id: ScheduleGroupId,
    /// Configuration revision of the last change; 0 before it is written.
    pub revision: i64,
    /// What is set.
    pub content: GroupContent,
    /// While there is one.
    pub emergency: Option<Emergency>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it is no more.
    pub removed: bool,
}

/// What can be set about a schedule group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupContent {
    /// Unique in the organisation without regard to case.
    pub name: String,
    /// For people.
    pub description: String,
    /// Where it belongs.
    pub division: DivisionId,
    /// Of the schedules that have none.
    pub time_zone: String,
    /// What each schedule says.
    pub schedules: BTreeMap<ScheduleId, Kind>,
}

/// Whatever the schedules say, it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// Since when.
    pub since: Timestamp,
    /// Who began it.
    pub by: Option<Uuid>,
}

/// A schedule group to be made once for its request.
#[derive(Clone, Debug)]
pub struct NewScheduleGroup {
    /// Its content; the revision is not looked at.
    pub group: ScheduleGroup,
    /// The request.
    pub once: Once,
}

/// Where a page of schedule groups ended: the folded name and the id of the last.
pub type GroupPlace = (String, ScheduleGroupId);

impl Tables {
    /// Makes the group. The same request again answers the first; with another body it is refused with REQUEST_ID_REUSED.
    /// NAME_TAKEN if the organisation has a group of that name, FIELD_INVALID for a schedule that there is not.
    pub async fn create_schedule_group(
        &self,
        organisation: OrganisationId,
        new: NewScheduleGroup,
        by: Actor,
    ) -> Result<ScheduleGroup, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (new, by) = (new.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                if let Some(before) = requested(tx, organisation, new.once).await? {
                    return Ok(before);
                }
                refuse_taken(tx, organisation, &new.group).await?;
                scheduled::refuse_unknown(tx, organisation, &new.group).await?;
                let revision = next_revision(tx, organisation).await?;
                let group = ScheduleGroup { revision, ..new.group };
                Entity::insert(row(organisation, &group, new.once))
                    .exec_without_returning(tx)
                    .await?;
                scheduled::keep(tx, organisation, &group).await?;
                let created = done("scheduleGroup.create", None, Some(&group));
                record(tx, organisation, &by, created).await?;
                Ok(group)
            })
        });
        work.await
    }

    /// The group, removed or not; `None` if the organisation never had one of that id.
    pub async fn schedule_group(
        &self,
        organisation: OrganisationId,
        id: ScheduleGroupId,
    ) -> Result<Option<ScheduleGroup>, StoreError> {
        find(self.0.reader(), organisation, id).await
    }

    /// The first `size` groups of the divisions after `after`, by folded name and id.
    pub async fn list_schedule_groups(
        &self,
        organisation: OrganisationId,
        divisions: &Divisions,
        after: Option<GroupPlace>,
        size: u64,
    ) -> Result<Vec<ScheduleGroup>, StoreError> {
        let connection = self.0.reader();
        let rows = listing::read(connection, pages(organisation, divisions, after, size)).await?;
        let rows = listing::first(rows, size, |row| (row.name_folded.clone(), row.schedule_group_id));
        let ids = rows.iter().map(|row| row.schedule_group_id).collect();
        let mut named = scheduled::of_groups(connection, organisation, ids).await?;
        let whole = |row: Model| {
            let schedules = named.remove(&row.schedule_group_id).unwrap_or_default();
            group(row, schedules)
        };
        Ok(rows.into_iter().map(whole).collect())
    }

    /// Makes of the group what `change` says, and has session told of its queues. The group as it is if that is nothing
    /// else; otherwise the etag must be the current one. NAME_TAKEN if another has the new name, FIELD_INVALID for a schedule
    /// that there is not, NOT_FOUND for a removed group.
    pub async fn update_schedule_group(
        &self,
        organisation: OrganisationId,
        (id, etag): (ScheduleGroupId, String),
        change: Change<GroupContent>,
        by: Actor,
    ) -> Result<ScheduleGroup, StoreError> {
        let work = self.0.transaction(move |tx| {
            let (change, etag, by) = (change.clone(), etag.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = there(tx, organisation, id).await?;
                let content = change(&before.content).map_err(refused)?;
                if content == before.content {
                    return Ok(before);
                }
                check_etag("schedule_group.etag", &etag, before.revision)?;
                let mut after = ScheduleGroup {
                    content,
                    ..before.clone()
                };
                refuse_taken(tx, organisation, &after).await?;
                scheduled::refuse_unknown(tx, organisation, &after).await?;
                after.revision = next_revision(tx, organisation).await?;
                write(tx, organisation, &after).await?;
                scheduled::keep(tx, organisation, &after).await?;
                let updated = done("scheduleGroup.update", Some(&before), Some(&after));
                record(tx, organisation, &by, updated).await?;
                Ok(after)
            })
        });
        work.await
    }

    /// Begins an emergency by whoever is named, or ends it, and has session told of the group's queues; the group as it is if
    /// that is so already. NOT_FOUND for a removed group.
    pub async fn set_emergency(
        &self,
        organisation: OrganisationId,
        id: ScheduleGroupId,
        emergency: Option<Emergency>,
        by: Actor,
    ) -> Result<ScheduleGroup, StoreError> {
        let work = self.0.transaction(move |tx| {
            let by = by.clone();
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = there(tx, organisation, id).await?;
                if before.emergency.is_some() == emergency.is_some() {
                    return Ok(before);
                }
                let after = ScheduleGroup {
                    emergency,
                    revision: next_revision(tx, organisation).await?,
                    ..before.clone()
                };
                write(tx, organisation, &after).await?;
                let action = match emergency {
                    Some(_) => "scheduleGroup.beginEmergency",
                    None => "scheduleGroup.endEmergency",
                };
                record(tx, organisation, &by, done(action, Some(&before), Some(&after))).await?;
                Ok(after)
            })
        });
        work.await
    }

    /// Removes the group; one that was removed before stays as it is. The etag must be the current one. STATE_CONFLICT while
    /// a queue names it, NOT_FOUND if there never was one.
    pub async fn delete_schedule_group(
        &self,
        organisation: OrganisationId,
        (id, etag): (ScheduleGroupId, String),
        by: Actor,
    ) -> Result<(), StoreError> {
        let work = self.0.transaction(move |tx| {
            let (etag, by) = (etag.clone(), by.clone());
            Box::pin(async move {
                lock_configuration(tx, organisation).await?;
                let before = find(tx, organisation, id).await?.ok_or_else(not_found)?;
                if before.removed {
                    return Ok(());
                }
                check_etag("etag", &etag, before.revision)?;
                refuse_kept_to(tx, organisation, id).await?;
                scheduled::forget(tx, organisation, id).await?;
                let revision = next_revision(tx, organisation).await?;
                Entity::update_many()
                    .col_expr(Column::DeletedAt, Expr::value(Some(by.at.millis())))
                    .col_expr(Column::Revision, Expr::value(revision))
                    .filter(Column::OrganisationId.eq(organisation.uuid()))
                    .filter(Column::ScheduleGroupId.eq(id.uuid()))
                    .exec(tx)
                    .await?;
                record(tx, organisation, &by, done("scheduleGroup.delete", Some(&before), None)).await
            })
        });
        work.await
    }
}

pub(super) fn pages(
    organisation: OrganisationId,
    divisions: &Divisions,
    from: Option<GroupPlace>,
    size: u64,
) -> Vec<Select<Entity>> {
    let place = from.map(|(name, id)| (name, id.uuid()));
    let all = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::DeletedAt.is_null())
        .filter(starting_after_both(
            Column::NameFolded,
            Column::ScheduleGroupId,
            "",
            place,
        ))
        .order_by_asc(Column::NameFolded)
        .order_by_asc(Column::ScheduleGroupId)
        .limit(size);
    let each = listing::each(Column::DivisionId, divisions).into_iter();
    each.map(|division| all.clone().filter(division)).collect()
}

pub(super) async fn find<C: ConnectionTrait>(
    connection: &C,
    organisation: OrganisationId,
    id: ScheduleGroupId,
) -> Result<Option<ScheduleGroup>, StoreError> {
    let row = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::ScheduleGroupId.eq(id.uuid()));
    let Some(row) = row.one(connection).await? else {
        return Ok(None);
    };
    let mut named = scheduled::of_groups(connection, organisation, vec![id.uuid()]).await?;
    Ok(Some(group(row, named.remove(&id.uuid()).unwrap_or_default())))
}

/// The group, which must not have been removed.
async fn there(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    id: ScheduleGroupId,
) -> Result<ScheduleGroup, StoreError> {
    let found = find(tx, organisation, id).await?;
    found.filter(|group| !group.removed).ok_or_else(not_found)
}

/// FIELD_INVALID for a queue that is to keep to a group which there is not.
pub(super) async fn refuse_missing(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    group: Option<ScheduleGroupId>,
) -> Result<(), StoreError> {
    let Some(id) = group else { return Ok(()) };
    match there(tx, organisation, id).await {
        Err(StoreError::Refused(_)) => {
            let problem = "there is no schedule group of this id";
            Err(refused(Fault::field("queue.schedule_group_id", problem)))
        }
        found => found.map(drop),
    }
}

/// What the same request made before.
async fn requested(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    once: Once,
) -> Result<Option<ScheduleGroup>, StoreError> {
    let row = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::RequestId.eq(once.request))
        .one(tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.request_hash.as_deref() != Some(&once.hash[..]) {
        return Err(refused(Fault::request_id_reused()));
    }
    find(tx, organisation, row.schedule_group_id.into()).await
}

/// NAME_TAKEN if another group than this has its name.
async fn refuse_taken(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    group: &ScheduleGroup,
) -> Result<(), StoreError> {
    let taken = Scope::of(organisation)
        .find::<Entity>()
        .filter(Column::NameFolded.eq(fold(&group.content.name)))
        .filter(Column::ScheduleGroupId.ne(group.id.uuid()))
        .filter(Column::DeletedAt.is_null());
    match taken.one(tx).await? {
        None => Ok(()),
        Some(_) => Err(refused(Fault::name_taken("schedule_group.name"))),
    }
}

async fn refuse_kept_to(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    id: ScheduleGroupId,
) -> Result<(), StoreError> {
    let keeping = Scope::of(organisation)
        .find::<queue::Entity>()
        .filter(queue::Column::ScheduleGroupId.eq(id.uuid()))
        .filter(queue::Column::DeletedAt.is_null());
    let Some(queue) = keeping.one(tx).await? else {
        return Ok(());
    };
    let problem = format!(
        "the queue “{}” keeps to this schedule group; give it another first",
        queue.name
    );
    Err(refused(Fault::new(Reason::StateConflict, problem)))
}

fn row(organisation: OrganisationId, group: &ScheduleGroup, once: Once) -> ActiveModel {
    let content = &group.content;
    ActiveModel {
        organisation_id: Set(organisation.uuid()),
        schedule_group_id: Set(group.id.uuid()),
        name: Set(content.name.clone()),
        name_folded: Set(fold(&content.name)),
        description: Set(content.description.clone()),
        division_id: Set(content.division.uuid()),
        time_zone: Set(content.time_zone.clone()),
        emergency_since: Set(None),
        emergency_by: Set(None),
        revision: Set(group.revision),
        request_id: Set(Some(once.request)),
        request_hash: Set(Some(once.hash.to_vec())),
        created_at: Set(group.created_at.millis()),
        deleted_at: Set(None),
    }
}

/// Writes what can be changed about a group but its schedules, and has session told of its queues.
async fn write(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    group: &ScheduleGroup,
) -> Result<(), StoreError> {
    let (content, emergency) = (&group.content, group.emergency);
    Entity::update_many()
        .col_expr(Column::Name, Expr::value(content.name.clone()))
        .col_expr(Column::NameFolded, Expr::value(fold(&content.name)))
        .col_expr(Column::Description, Expr::value(content.description.clone()))
        .col_expr(Column::DivisionId, Expr::value(content.division.uuid()))
        .col_expr(Column::TimeZone, Expr::value(content.time_zone.clone()))
        .col_expr(
            Column::EmergencySince,
            Expr::value(emergency.map(|emergency| emergency.since.millis())),
        )
        .col_expr(
            Column::EmergencyBy,
            Expr::value(emergency.and_then(|emergency| emergency.by)),
        )
        .col_expr(Column::Revision, Expr::value(group.revision))
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::ScheduleGroupId.eq(group.id.uuid()))
        .exec(tx)
        .await?;
    opening::touch(tx, organisation, opening::of_group(group.id), group.revision).await
}

fn group(row: Model, schedules: Schedules) -> ScheduleGroup {
    let emergency = row.emergency_since.map(|since| Emergency {
        since: Timestamp(since),
        by: row.emergency_by,
    });
    ScheduleGroup {
        id: row.schedule_group_id.into(),
        revision: row.revision,
        content: GroupContent {
            name: row.name,
            description: row.description,
            division: row.division_id.into(),
            time_zone: row.time_zone,
            schedules,
        },
        emergency,
        created_at: Timestamp(row.created_at),
        removed: row.deleted_at.is_some(),
    }
}

fn done(action: &'static str, before: Option<&ScheduleGroup>, after: Option<&ScheduleGroup>) -> Done<'static> {
    let id = before.or(after).map(|group| group.id.to_string());
    let text = |group: &ScheduleGroup| {
        let content = serde_json::to_string(&group.content).unwrap_or_default();
        match group.emergency {
            Some(emergency) => format!("{content} emergency since {}", emergency.since.millis()),
            None => content,
        }
    };
    Done {
        action,
        object: format!("scheduleGroup:{}", id.unwrap_or_default()),
        before: before.map(text),
        after: after.map(text),
    }
}

fn not_found() -> StoreError {
    refused(Fault::not_found("scheduleGroup"))
}
